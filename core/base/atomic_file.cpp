// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr mode_t kMode = 0666;  // less the umask, as for any new file

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path, int reason) {
  std::string hint;
  if (reason == ENOSPC || reason == EDQUOT) hint = "free some space, or choose another folder";
  if (reason == EACCES || reason == EPERM || reason == EROFS) hint = "choose a folder that you may write to";
  throw Error(ErrorKind::Failed, what + ": " + std::strerror(reason), path.string(), hint);
}

std::filesystem::path folderOf(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// So that the rename itself outlives a power cut. Some file systems can't do it for folders; that is no error.
void flushFolder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : m_path(std::move(path)) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path folder = folderOf(m_path);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail("its folder can't be made", m_path, error.value());
  if (std::filesystem::is_directory(m_path, error)) fail("can't be written", m_path, EISDIR);
  // The rename would put a file where the device was, which is /dev/null's end if root asks for it.
  if (std::filesystem::exists(m_path, error) && !std::filesystem::is_regular_file(m_path, error)) {
    throw Error(ErrorKind::Failed, "can't be written: it is a device or a pipe", m_path.string(),
                "name a file; \"-\" stands for the standard output where that will do");
  }
  // O_EXCL: never through somebody else's link, never into a file that another writer has open.
  for (int attempt = 0; attempt < 1000 && m_descriptor < 0; ++attempt) {
    m_temporary = folder / ("." + m_path.filename().string() + "." + std::to_string(::getpid()) + "-" +
                            std::to_string(counter++) + ".tmp");
    m_descriptor = ::open(m_temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (m_descriptor < 0 && errno != EEXIST) fail("can't be written", m_path, errno);
  }
  if (m_descriptor < 0) fail("can't be written", m_path, EEXIST);
}

AtomicFile::~AtomicFile() {
  if (m_descriptor < 0) return;
  ::close(m_descriptor);
  ::unlink(m_temporary.c_str());
}

void AtomicFile::write(const void* data, std::size_t size) {
  if (m_descriptor < 0) throw Error(ErrorKind::Internal, "written to after commit()", m_path.string());
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(m_descriptor, bytes, std::min<std::size_t>(size, std::size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("can't be written", m_path, errno);
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  if (m_descriptor < 0) throw Error(ErrorKind::Internal, "committed twice", m_path.string());
  if (::fsync(m_descriptor) != 0) fail("can't be written to disk", m_path, errno);
  const int descriptor = std::exchange(m_descriptor, -1);
  if (::close(descriptor) != 0) {  // network file systems report a full disk here
    const int reason = errno;
    ::unlink(m_temporary.c_str());
    fail("can't be written to disk", m_path, reason);
  }
  if (::rename(m_temporary.c_str(), m_path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(m_temporary.c_str());
    fail("can't be put in its place", m_path, reason);
  }
  flushFolder(folderOf(m_path));
}

std::string readFile(const std::filesystem::path& path, std::size_t limit) {
  const auto refuse = [&path](int reason) {
    throw Error(ErrorKind::BadInput, "can't be read: " + std::string(std::strerror(reason)), path.string());
  };
  const auto refuseSize = [&path, limit] {
    throw Error(ErrorKind::BadInput, "is larger than the " + std::to_string(limit) + " bytes that are allowed here",
                path.string());
  };
  // Without waiting: a named pipe that nobody writes to would never open. It reads as empty instead.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) refuse(errno);
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } const closer{descriptor};
  if (::fcntl(descriptor, F_SETFL, 0) != 0) refuse(errno);  // but what a writer is about to say is waited for
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) refuse(errno);
  if (S_ISDIR(status.st_mode)) refuse(EISDIR);
  if (S_ISREG(status.st_mode) && static_cast<std::uintmax_t>(status.st_size) > limit) refuseSize();

  // The size above is a hint: pipes have none, and files grow.
  std::string bytes;
  constexpr std::size_t kPiece = 1 << 20;
  if (S_ISREG(status.st_mode)) bytes.reserve(static_cast<std::size_t>(status.st_size));
  while (true) {
    const std::size_t have = bytes.size();
    // One byte more than allowed, to notice that there is more.
    const std::size_t wanted = std::min(kPiece, limit - have + (limit < SIZE_MAX ? 1 : 0));
    if (wanted == 0) return bytes;
    bytes.resize(have + wanted);
    const ssize_t got = ::read(descriptor, bytes.data() + have, wanted);
    if (got < 0 && errno == EINTR) {
      bytes.resize(have);
      continue;
    }
    if (got < 0) refuse(errno);
    bytes.resize(have + static_cast<std::size_t>(got));
    if (bytes.size() > limit) refuseSize();
    if (got == 0) return bytes;
  }
}

}  // namespace whorl
