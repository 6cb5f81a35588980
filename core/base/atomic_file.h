// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace whorl {

/// A file that appears whole or not at all: bytes go to a hidden neighbour, commit() flushes it to disk and renames it
/// over `path`. Without commit() the destructor removes the neighbour and leaves what was there.
/// Errors (no space, no permission) are Error(Failed) with the path and the system's reason. One thread at a time.
class AtomicFile {
 public:
  /// Makes missing parent folders.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

  /// The neighbour's path, for writers that insist on opening a file by themselves.
  const std::filesystem::path& temporaryPath() const { return m_temporary; }

 private:
  std::filesystem::path m_path;
  std::filesystem::path m_temporary;
  int m_descriptor = -1;
};

/// The whole of a file's bytes. Error(BadInput) if it can't be read or is larger than `limit` bytes.
std::string readFile(const std::filesystem::path& path, std::size_t limit);

}  // namespace whorl
