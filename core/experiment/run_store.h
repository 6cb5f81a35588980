// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace whorl {

/// One finished piece of work: what its key asked for.
struct StoredEntry {
  std::string key;                 ///< SHA-256 of everything that the result depends on
  std::string stage;               ///< "model", "selection", "slice", "set", "fit", "scores"
  std::string costKey;             ///< pieces of work that cost alike; "" for none
  std::string document;            ///< JSON: figures and provenance
  std::filesystem::path artefact;  ///< file of the result; empty for none
  std::string artefactSha256;
  double seconds = 0;      ///< it took
  std::int64_t units = 0;  ///< images, steps, …: what `seconds` is divided by in estimates
  std::string created;     ///< UTC, ISO 8601
};

/// Finished work of recipes: an SQLite database with files beside it, in one folder.
///
/// Power cuts: a file is written and flushed under a temporary name, renamed to its checksum, and only then is its row
/// inserted, in one transaction that SQLite flushes. So an entry that find() returns is whole, and what a cut loses is
/// what was in progress. Several processes may work on one store: a key is claimed before it is computed, a claim is
/// renewed while its owner works, and one whose owner is dead, or has not renewed it for kLeaseSeconds, is taken over.
/// That loses time at worst, never an entry. SQLite's files need a local file system.
///
/// One thread at a time; each process or thread opens its own. Errors of the database are Error(Failed) with its path.
class RunStore {
 public:
  /// Makes the folder, brings an older database up to date, checks its integrity, and removes what dead processes left
  /// unfinished. Error(BadInput) for a file that is no database of ours, is damaged, or was made by a later version.
  explicit RunStore(std::filesystem::path folder);
  ~RunStore();
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;

  const std::filesystem::path& folder() const { return m_folder; }

  /// A finished entry. One whose file is gone or changed (by its checksum, asked once an object)
  /// is removed and counts as not there.
  std::optional<StoredEntry> find(const std::string& key);

  /// Says that this process will compute `key`. False if it is there already or another live process is at it. A claim
  /// that this store object holds is renewed.
  bool claim(const std::string& key);
  /// Renews all claims of this object, at most once in kLeaseSeconds / 8: call it often.
  void renew();
  void release(const std::string& key);

  /// A path for the file of an entry that is being computed, on the store's file system, gone with this process.
  std::filesystem::path temporaryFile(const std::string& suffix);
  /// A path that stays the same for a key, for checkpoints; its owner removes the file.
  std::filesystem::path workFile(const std::string& key, const std::string& suffix);

  /// Keeps a finished entry; `file` (or empty) is moved into the store. Its claim ends. Whoever was first wins: an
  /// entry that is there already stays. `entry.artefact`, its checksum and `created` are filled in by the store.
  StoredEntry keep(StoredEntry entry, const std::filesystem::path& file);
  /// Removes an entry, and its file if no other entry has it.
  void forget(const std::string& key);

  /// Seconds a unit of the entries with that cost key; none if there is none.
  std::optional<double> secondsPerUnit(const std::string& costKey);

  /// What is wrong: damage of the database, files that are missing or (with `checksums`) changed. Empty if all is well.
  std::vector<std::string> problems(bool checksums);

  /// How long a claim stands without renewal where it can't be seen whether its owner lives.
  static constexpr double kLeaseSeconds = 120;

 private:
  struct Database;
  void open();
  void migrate();
  void clean();
  void moveIn(const std::filesystem::path& file, const std::filesystem::path& place);
  void insert(const StoredEntry& entry, const std::string& artefact, std::int64_t bytes);
  void removeUnused(const std::string& artefact);
  std::filesystem::path artefactPath(const std::string& sha256, const std::string& suffix) const;

  std::filesystem::path m_folder;
  std::string m_owner;  ///< this object, for claims
  std::unique_ptr<Database> m_database;
  double m_renewed = 0;
  std::set<std::string> m_verified;  ///< checksums of files that were read and found whole
};

}  // namespace whorl
