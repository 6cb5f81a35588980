// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <string>
#include <vector>

namespace whorl::test {

struct TarEntry {
  std::string name;
  std::string bytes;
  std::string symlink;  ///< target, if it is a link
};

/// Writes a tar with a filter ("" none, "gzip", "xz"), also with names that no honest archiver would write.
inline void writeTar(const std::filesystem::path& path, const std::vector<TarEntry>& entries,
                     const std::string& filter) {
  archive* a = archive_write_new();
  archive_write_set_format_pax_restricted(a);
  if (!filter.empty()) archive_write_add_filter_by_name(a, filter.c_str());
  archive_write_open_filename(a, path.c_str());
  for (const TarEntry& entry : entries) {
    archive_entry* e = archive_entry_new();
    archive_entry_set_pathname(e, entry.name.c_str());
    archive_entry_set_perm(e, 0644);
    if (entry.symlink.empty()) {
      archive_entry_set_filetype(e, AE_IFREG);
      archive_entry_set_size(e, static_cast<la_int64_t>(entry.bytes.size()));
    } else {
      archive_entry_set_filetype(e, AE_IFLNK);
      archive_entry_set_symlink(e, entry.symlink.c_str());
    }
    archive_write_header(a, e);
    if (entry.symlink.empty()) archive_write_data(a, entry.bytes.data(), entry.bytes.size());
    archive_entry_free(e);
  }
  archive_write_close(a);
  archive_write_free(a);
}

/// One file, gzip-packed.
inline void writeGzip(const std::filesystem::path& path, const std::string& bytes) {
  archive* a = archive_write_new();
  archive_write_set_format_raw(a);
  archive_write_add_filter_gzip(a);
  archive_write_open_filename(a, path.c_str());
  archive_entry* e = archive_entry_new();
  archive_entry_set_pathname(e, "data");
  archive_entry_set_filetype(e, AE_IFREG);
  archive_write_header(a, e);
  archive_write_data(a, bytes.data(), bytes.size());
  archive_entry_free(e);
  archive_write_close(a);
  archive_write_free(a);
}

}  // namespace whorl::test
