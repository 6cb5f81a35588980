// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>
#include <vector>

#include "core/base/error.h"

namespace whorl {

namespace {

struct ArchiveCloser {
  void operator()(archive* a) const { archive_read_free(a); }
};
using ArchivePtr = std::unique_ptr<archive, ArchiveCloser>;

constexpr std::size_t kBlock = std::size_t{256} << 10;

[[noreturn]] void bad(const std::string& message, const std::string& where) {
  throw Error(ErrorKind::BadInput, message, where, "get the file again");
}

std::string reason(archive* a) {
  const char* text = archive_error_string(a);
  return text ? text : "unknown reason";
}

void check(int result, archive* a, const std::string& where) {
  // A warning (ARCHIVE_WARN) is about names that can't be converted and the like; those names are refused later.
  if (result >= ARCHIVE_WARN) return;
  bad("the file is damaged or cut off: " + reason(a), where);
}

void open(archive* a, const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw Error(ErrorKind::BadInput, "there is no such file", path.string());
  if (archive_read_open_filename(a, path.c_str(), kBlock) != ARCHIVE_OK) {
    bad("the file is damaged, cut off or can't be read: " + reason(a), path.string());
  }
}

/// The current entry's bytes; `stop` is asked between blocks.
std::string readEntry(archive* a, std::uint64_t limit, const std::string& where, const JobContext& context) {
  std::string bytes;
  std::vector<char> block(kBlock);
  while (true) {
    context.throwIfStopped();
    const la_ssize_t got = archive_read_data(a, block.data(), block.size());
    if (got < 0) bad("the file is damaged or cut off: " + reason(a), where);
    if (got == 0) return bytes;
    if (bytes.size() + static_cast<std::uint64_t>(got) > limit) {
      bad("more than " + std::to_string(limit) + " bytes come out of the file", where);
    }
    bytes.append(block.data(), static_cast<std::size_t>(got));
  }
}

/// A path that stays inside the folder into which one would unpack it.
bool isSafe(const std::filesystem::path& path) {
  if (path.empty() || path.is_absolute() || path.string().find('\\') != std::string::npos) return false;
  for (const auto& part : path) {
    if (part == "..") return false;
  }
  return true;
}

}  // namespace

std::string readMaybeGzip(const std::filesystem::path& path, std::uint64_t limit) {
  ArchivePtr a(archive_read_new());
  archive_read_support_filter_gzip(a.get());
  archive_read_support_format_raw(a.get());
  archive_read_support_format_empty(a.get());
  open(a.get(), path);
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(a.get(), &entry);
  if (result == ARCHIVE_EOF) bad("the file is empty", path.string());
  check(result, a.get(), path.string());
  std::string bytes = readEntry(a.get(), limit, path.string(), {});
  if (bytes.empty()) bad("the file is empty", path.string());
  return bytes;
}

void visitArchive(const std::filesystem::path& path, std::uint64_t entryLimit, const JobContext& context,
                  const std::function<void(const std::string& name, std::string bytes)>& visit) {
  ArchivePtr a(archive_read_new());
  for (const auto support : {archive_read_support_filter_gzip, archive_read_support_filter_xz,
                             archive_read_support_filter_bzip2, archive_read_support_filter_zstd,
                             archive_read_support_format_tar, archive_read_support_format_zip_streamable}) {
    support(a.get());
  }
  open(a.get(), path);
  std::uint64_t entries = 0;
  while (true) {
    context.step();
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(a.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    check(result, a.get(), path.string());
    ++entries;
    const char* text = archive_entry_pathname(entry);
    const std::string name = text ? text : "";
    if (!isSafe(name)) bad("the archive holds a path that leads out of it: \"" + name + "\"", path.string());
    if (archive_entry_filetype(entry) == AE_IFDIR) continue;
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry)) {
      bad("the archive holds something other than files and folders: \"" + name + "\"", path.string());
    }
    if (archive_entry_size_is_set(entry) && archive_entry_size(entry) > static_cast<la_int64_t>(entryLimit)) {
      bad("\"" + name + "\" in the archive is larger than " + std::to_string(entryLimit) + " bytes", path.string());
    }
    visit(name, readEntry(a.get(), entryLimit, path.string(), context));
  }
  if (entries == 0) bad("the archive is empty", path.string());
}

}  // namespace whorl
