// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-torchscript-probe FILE REQUEST: loads a TorchScript module and tries it, within limits, for another process
// that doesn't want to be taken down by it (core/nn/torchscript_probe.h).
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <new>
#include <string>
#include <vector>

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

/// Ends the process at once when something opens a file to write it, or changes names in a folder: before the file is
/// emptied, which the limit on sizes doesn't prevent. A module that tries is refused like one that crashes. Kernels
/// without seccomp leave the limit alone.
void forbidWriting() {
  std::vector<sock_filter> filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  const auto killAt = [&](unsigned number) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  };
  // Flags are the low word of the argument, which a little-endian machine has first.
  const auto killToWrite = [&](unsigned number, unsigned argument) {
    constexpr unsigned kWrites = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4));
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                              static_cast<unsigned>(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t))));
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kWrites, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  };
  killToWrite(__NR_openat, 2);
  for (const unsigned number :
       {__NR_truncate, __NR_unlinkat, __NR_renameat2, __NR_mkdirat, __NR_linkat, __NR_symlinkat}) {
    killAt(number);
  }
#ifdef __NR_open  // not where the system calls are new ones
  killToWrite(__NR_open, 1);
  for (const unsigned number :
       {__NR_creat, __NR_unlink, __NR_rename, __NR_mkdir, __NR_rmdir, __NR_link, __NR_symlink}) {
    killAt(number);
  }
#endif
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
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
