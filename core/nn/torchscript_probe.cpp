// SPDX-License-Identifier: GPL-3.0-or-later
// The side of the program that asks: finds the helper, starts it, and waits no longer than it must.
#include "core/nn/torchscript_probe.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/nn/torchscript_probe_protocol.h"

extern char** environ;

namespace whorl {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kHelper = "whorl-torchscript-probe";
constexpr int kPollMs = 50;
constexpr std::size_t kAnswerLimit = 64 * 1024;
constexpr const char* kTrustHint = "only what its maker can explain should be imported; export its weights instead";

/// The folder of the file (program or engine) that holds this code.
fs::path ownFolder() {
  Dl_info info{};
  static const char kHere = 0;
  if (dladdr(&kHere, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code ignored;
  return fs::absolute(info.dli_fname, ignored).parent_path();
}

fs::path findHelper() {
  std::error_code ignored;
  if (const char* given = std::getenv(kTorchScriptProbeVariable); given && *given) {
    if (fs::is_regular_file(given, ignored)) return given;
    throw Error(ErrorKind::Failed, std::string(kTorchScriptProbeVariable) + " names no file", given,
                std::string("unset it, or name ") + kHelper);
  }
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& folder : {program, ownFolder()}) {
    for (const char* place : {"", "../bin", "../libexec/whorl", "../../libexec/whorl", "../../../libexec/whorl"}) {
      const fs::path candidate = folder / place / kHelper;
      if (!folder.empty() && fs::is_regular_file(candidate, ignored)) return candidate;
    }
  }
  throw Error(ErrorKind::Failed,
              std::string("TorchScript modules are tried in a process of their own first, but the helper ") + kHelper +
                  " was not found",
              {}, std::string("reinstall Whorl, or name the file in ") + kTorchScriptProbeVariable);
}

/// A file descriptor that is closed when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : m_number(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int number() const { return m_number; }
  void close() {
    if (m_number >= 0) ::close(m_number);
    m_number = -1;
  }

 private:
  int m_number = -1;
};

/// The running helper; killed and waited for when it goes, whatever happens in between.
class Child {
 public:
  explicit Child(pid_t id) : m_id(id) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (m_id > 0) {
      kill();
      wait();
    }
  }
  void kill() const { ::kill(m_id, SIGKILL); }
  int wait() {
    int status = 0;
    while (waitpid(m_id, &status, 0) < 0 && errno == EINTR) {
    }
    m_id = 0;
    return status;
  }

 private:
  pid_t m_id;
};

/// Starts the helper without a shell, with nothing but its arguments and the pipe for its answer.
pid_t spawn(const fs::path& helper, const fs::path& module, const std::string& request, int answerEnd) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  // What the module or LibTorch prints is no part of our output.
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, answerEnd, kAnswerDescriptor);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl+C is for us, who then stop it
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string words[] = {helper.string(), module.string(), request};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t id = 0;
  const int problem = posix_spawn(&id, words[0].c_str(), &files, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (problem != 0) {
    throw Error(ErrorKind::Failed,
                "the helper that tries TorchScript modules can't be started: " + std::string(std::strerror(problem)),
                helper.string());
  }
  return id;
}

/// Reads until the helper closes its end; false when the time is up.
bool readAnswer(int descriptor, Clock::time_point deadline, const std::stop_token& stop, std::string& answer) {
  char buffer[4096];
  while (Clock::now() < deadline) {
    if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "cancelled");
    pollfd waiting{descriptor, POLLIN, 0};
    const int ready = poll(&waiting, 1, kPollMs);
    if (ready < 0 && errno != EINTR) throw Error(ErrorKind::Failed, "waiting for the helper failed");
    if (ready <= 0) continue;
    const ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || answer.size() > kAnswerLimit) return true;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  return false;
}

std::string howItEnded(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    if (number == SIGXCPU) return "the module used up its time and was stopped";
    return std::string("the module crashed the process that tried it (") + strsignal(number) + ")";
  }
  return "the module ended the process that tried it";
}

}  // namespace

void probeTorchScript(const fs::path& path, const ImageShape& input, const std::vector<double>& mean,
                      const std::vector<double>& scale, const TorchScriptLimits& limits, const std::stop_token& stop) {
  const nlohmann::json request = {{"input", {input.channels, input.height, input.width}},
                                  {"mean", mean},
                                  {"scale", scale},
                                  {"seconds", limits.seconds},
                                  {"memory_bytes", limits.memoryBytes}};
  const fs::path helper = findHelper();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw Error(ErrorKind::Failed, "no pipe to the helper: " + std::string(std::strerror(errno)), helper.string());
  }
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  Child child(spawn(helper, fs::absolute(path), request.dump(), writing.number()));
  writing.close();
  std::string answer;
  const auto time = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limits.seconds));
  if (!readAnswer(reading.number(), Clock::now() + time, stop, answer)) {
    child.kill();
    throw Error(
        ErrorKind::BadInput,
        "the module did not answer within " + std::to_string(std::llround(limits.seconds)) + " s, so it is not loaded",
        path.string(), kTrustHint);
  }
  const int status = child.wait();
  const auto said = nlohmann::json::parse(answer, nullptr, false);
  if (!WIFEXITED(status) || !said.is_object()) {
    throw Error(ErrorKind::BadInput, howItEnded(status) + ", so it is not loaded", path.string(), kTrustHint);
  }
  if (said.value("ok", false)) return;
  const bool usage = said.value("usage", false);
  throw Error(usage ? ErrorKind::Usage : ErrorKind::BadInput, said.value("message", "the module can't be used"),
              path.string(), said.value("hint", ""));
}

}  // namespace whorl
