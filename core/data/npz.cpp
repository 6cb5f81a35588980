// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/npz.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace whorl {
namespace {

class ZipWriter {
 public:
  /// Writes to `path`; errors name `target`, which is what was asked for.
  ZipWriter(const std::filesystem::path& path, std::filesystem::path target)
      : m_target(std::move(target)), m_archive(archive_write_new()) {
    check(archive_write_set_format_zip(m_archive.get()));
    check(archive_write_zip_set_compression_store(m_archive.get()));
    check(archive_write_open_filename(m_archive.get(), path.c_str()));
  }

  void add(const NpyArray& array) {
    const std::string header = npyHeader(array);
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), (array.name + ".npy").c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), static_cast<std::int64_t>(header.size() + array.bytes));
    check(archive_write_header(m_archive.get(), entry.get()));
    write(header.data(), header.size());
    write(array.data, array.bytes);
  }

  void close() { check(archive_write_close(m_archive.get())); }

 private:
  struct Free {
    void operator()(archive* a) const { archive_write_free(a); }
  };

  void check(int code) const {
    if (code < ARCHIVE_WARN) {
      // The system's reason where there is one: libarchive's own is "Write error".
      const int number = archive_errno(m_archive.get());
      const char* reason = number > 0 ? std::strerror(number) : archive_error_string(m_archive.get());
      throw Error(ErrorKind::Failed, std::string("can't be written: ") + (reason ? reason : "unknown reason"),
                  m_target.string(), number == ENOSPC ? "free some space, or choose another folder" : "");
    }
  }
  void write(const void* data, std::size_t bytes) const {
    const char* position = static_cast<const char*>(data);
    while (bytes > 0) {
      const la_ssize_t written = archive_write_data(m_archive.get(), position, bytes);
      if (written <= 0) check(ARCHIVE_FATAL);
      position += written;
      bytes -= static_cast<std::size_t>(written);
    }
  }

  std::filesystem::path m_target;
  std::unique_ptr<archive, Free> m_archive;
};

}  // namespace

void writeNpz(const std::vector<NpyArray>& arrays, const std::filesystem::path& path) {
  AtomicFile file(path);
  ZipWriter zip(file.temporaryPath(), path);
  for (const auto& array : arrays) zip.add(array);
  zip.close();
  file.commit();
}

}  // namespace whorl
