// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-torchscript-probe FILE REQUEST: loads a TorchScript module and tries it, within limits, for another process
// that doesn't want to be taken down by it (core/nn/torchscript_probe.h).
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <new>
#include <string>

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/nn/import_torchscript.h"
#include "core/nn/torchscript_probe_protocol.h"

namespace {

using nlohmann::json;

void limit(int resource, std::uint64_t value) {
  const rlimit both{value, value};
  setrlimit(static_cast<__rlimit_resource_t>(resource), &both);
}

/// Address space in use now: LibTorch's libraries, which differ between builds.
std::uint64_t mappedBytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// No file is created, emptied, written, renamed or removed from now on (Landlock, Linux 5.13; emptying from 6.2 on).
/// Where the kernel can't, the limit on file sizes still keeps anything from being written.
void forbidWriting() {
  constexpr std::uint64_t kWrites = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
  const landlock_ruleset_attr rules{.handled_access_fs = kWrites};
  const auto set = static_cast<int>(syscall(SYS_landlock_create_ruleset, &rules, sizeof rules.handled_access_fs, 0));
  if (set < 0) return;
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall(SYS_landlock_restrict_self, set, 0);
  close(set);
}

void setLimits(double seconds, std::uint64_t memoryBytes) {
  limit(RLIMIT_AS, mappedBytes() + memoryBytes);
  limit(RLIMIT_CPU, static_cast<std::uint64_t>(std::ceil(seconds)) + 1);
  limit(RLIMIT_FSIZE, 0);  // pipes are none of its business
  limit(RLIMIT_CORE, 0);
  forbidWriting();
}

/// As an attack would use it: logits, and their gradient with respect to the image.
void tryModule(const std::string& archive, const std::string& path, const json& request) {
  const auto shape = request.at("input").get<std::vector<int>>();
  const whorl::ImageShape input{shape.at(0), shape.at(1), shape.at(2)};
  const auto classifier = whorl::loadTorchScript(archive, path, input, request.at("mean").get<std::vector<double>>(),
                                                 request.at("scale").get<std::vector<double>>(), torch::kCPU);
  if (!classifier->differentiable()) return;
  at::Tensor image = at::full({1, input.channels, input.height, input.width}, .5).set_requires_grad(true);
  try {
    torch::autograd::grad({classifier->logits(image).sum()}, {image});
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    throw whorl::Error(whorl::ErrorKind::BadInput, "the module's gradient fails: " + text.substr(0, text.find('\n')),
                       path);
  }
}

json answerTo(const std::string& path, const json& request) {
  try {
    // Before the limits: to read what the file holds runs nothing of it, and its size has a limit of its own.
    const std::string archive = whorl::readModuleArchive(path);
    setLimits(request.value("seconds", 60.0), request.value("memory_bytes", std::uint64_t{1} << 32));
    tryModule(archive, path, request);
    return {{"ok", true}};
  } catch (const whorl::Error& error) {
    return {{"message", error.message()}, {"hint", error.hint()}, {"usage", error.kind() == whorl::ErrorKind::Usage}};
  } catch (const std::bad_alloc&) {
    return {{"message", "the module takes more memory than it may"}};
  } catch (const std::exception& error) {
    const std::string text = error.what();
    return {{"message", "the module can't be tried: " + text.substr(0, text.find('\n'))}};
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kUsage = 2;
  if (argc != 3) {
    std::fputs("whorl-torchscript-probe is started by Whorl itself\n", stderr);
    return kUsage;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody is left to stop it
  const json request = json::parse(argv[2], nullptr, false);
  if (!request.is_object()) return kUsage;
  at::set_num_threads(1);
  const std::string text = answerTo(argv[1], request).dump(-1, ' ', false, json::error_handler_t::replace);
  const bool written = write(whorl::kAnswerDescriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  // At once: what a hostile module left behind must not run when objects are destroyed.
  _exit(written ? 0 : 1);
}
