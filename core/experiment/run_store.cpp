// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/run_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <ctime>
#include <thread>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/experiment/process_identity.h"
#include "core/experiment/run_store_schema.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyMilliseconds = 30'000;
constexpr int kAttempts = 200;
constexpr auto kOldFile = std::chrono::hours(24 * 7);
constexpr int kApplicationId = 0x57484f52;  // "WHOR"

constexpr int kVersion = static_cast<int>(std::size(kRunStoreMigrations));

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string utcNow() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void makeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorKind::Failed, "the run store's folder can't be made: " + error.message(), folder.string(),
                "choose another --store");
  }
}

/// To disk before it is renamed: a name must never appear before its bytes.
void flush(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int failed = descriptor < 0 ? errno : (::fsync(descriptor) != 0 ? errno : 0);
  if (descriptor >= 0) ::close(descriptor);
  if (failed && !fs::is_directory(path)) {
    throw Error(ErrorKind::Failed, std::string("can't be written to disk: ") + std::strerror(failed), path.string());
  }
}

/// What SQLite says as an error of ours.
template <class Work>
auto guarded(const fs::path& folder, Work&& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    std::string hint;
    const int code = error.getErrorCode();
    if (code == SQLITE_FULL) hint = "free some space; what was finished is kept";
    if (code == SQLITE_BUSY) hint = "another process keeps the store busy; try again";
    if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN) hint = "choose a folder that you may write to";
    const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    if (damaged) hint = "move the folder away, or choose another --store";
    throw Error(damaged ? ErrorKind::BadInput : ErrorKind::Failed,
                std::string(damaged ? "the run store is damaged: " : "the run store: ") + error.what(),
                (folder / "runs.sqlite").string(), hint);
  }
}

}  // namespace

struct RunStore::Database {
  explicit Database(const fs::path& file)
      : db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyMilliseconds) {}
  SQLite::Database db;

  /// A transaction that takes the right to write at once, so that it never fails at its end.
  template <class Work>
  auto writing(Work&& work) {
    SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      transaction.commit();
    } else {
      auto result = work();
      transaction.commit();
      return result;
    }
  }
};

RunStore::RunStore(fs::path folder) : m_folder(std::move(folder)) {
  static std::atomic<int> number{0};
  m_owner = processIdentity() + " " + std::to_string(number++);
  for (const char* name : {"files", "unfinished", "work"}) makeFolder(m_folder / name);
  guarded(m_folder, [&] {
    open();
    migrate();
    clean();
  });
}

RunStore::~RunStore() {
  try {
    m_database->writing([&] {
      SQLite::Statement statement(m_database->db, "DELETE FROM claims WHERE owner = ?");
      statement.bind(1, m_owner);
      statement.exec();
    });
  } catch (const std::exception&) {
    // Others see that this process is gone.
  }
}

void RunStore::open() {
  m_database = std::make_unique<Database>(m_folder / "runs.sqlite");
  auto& db = m_database->db;
  // Two that make a database at once may find it busy here, where SQLite doesn't wait by itself.
  for (int attempt = 0;; ++attempt) {
    try {
      db.exec("PRAGMA journal_mode = WAL");
      break;
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() != SQLITE_BUSY || attempt == kAttempts) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  db.exec("PRAGMA synchronous = FULL");  // a row that was inserted outlives a power cut
  SQLite::Statement check(db, "PRAGMA quick_check(1)");
  if (check.executeStep() && check.getColumn(0).getString() != "ok") {
    throw Error(ErrorKind::BadInput, "the run store is damaged: " + check.getColumn(0).getString(),
                (m_folder / "runs.sqlite").string(), "move the folder away, or choose another --store");
  }
}

void RunStore::migrate() {
  auto& db = m_database->db;
  m_database->writing([&] {
    const int version = db.execAndGet("PRAGMA user_version").getInt();
    const int application = db.execAndGet("PRAGMA application_id").getInt();
    const int tables = db.execAndGet("SELECT count(*) FROM sqlite_master").getInt();
    if (application != kApplicationId && tables > 0) {
      throw Error(ErrorKind::BadInput, "that is another program's database", (m_folder / "runs.sqlite").string(),
                  "choose another --store");
    }
    if (version > kVersion) {
      throw Error(ErrorKind::BadInput, "the run store is of a later version of Whorl",
                  (m_folder / "runs.sqlite").string(), "update Whorl, or choose another --store");
    }
    for (int step = version; step < kVersion; ++step) db.exec(kRunStoreMigrations[step]);
    db.exec("PRAGMA user_version = " + std::to_string(kVersion));
    db.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
  });
}

/// Files of processes that are gone: their names begin with whose they are, after a dot if they were half written.
void RunStore::clean() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(m_folder / "unfinished", ignored)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with('.')) name.erase(0, 1);
    name = name.substr(0, name.find('#'));
    std::replace(name.begin(), name.end(), '_', ' ');
    const auto age = fs::file_time_type::clock::now() - fs::last_write_time(entry.path(), ignored);
    const ProcessState state = processState(name);
    if (state == ProcessState::Dead || (state == ProcessState::Unknown && age > kOldFile)) {
      fs::remove(entry.path(), ignored);
    }
  }
}

fs::path RunStore::artefactPath(const std::string& sha256, const std::string& suffix) const {
  return fs::path("files") / sha256.substr(0, 2) / (sha256 + suffix);
}

std::optional<StoredEntry> RunStore::find(const std::string& key) {
  return guarded(m_folder, [&]() -> std::optional<StoredEntry> {
    SQLite::Statement statement(m_database->db,
                                "SELECT stage, cost_key, document, artefact, artefact_sha256, artefact_bytes, seconds,"
                                " units, created FROM entries WHERE key = ?");
    statement.bind(1, key);
    if (!statement.executeStep()) return std::nullopt;
    StoredEntry entry;
    entry.key = key;
    entry.stage = statement.getColumn(0).getString();
    entry.costKey = statement.getColumn(1).getString();
    entry.document = statement.getColumn(2).getString();
    const std::string file = statement.getColumn(3).getString();
    entry.artefactSha256 = statement.getColumn(4).getString();
    const std::int64_t bytes = statement.getColumn(5).getInt64();
    entry.seconds = statement.getColumn(6).getDouble();
    entry.units = statement.getColumn(7).getInt64();
    entry.created = statement.getColumn(8).getString();
    if (file.empty()) return entry;
    entry.artefact = m_folder / file;
    std::error_code missing;
    const auto found = fs::file_size(entry.artefact, missing);
    // What a disk or a hand has changed must not become somebody's figures; each file is read for it once an object.
    if (!missing && found == static_cast<std::uintmax_t>(bytes) &&
        (m_verified.contains(entry.artefactSha256) || sha256File(entry.artefact) == entry.artefactSha256)) {
      m_verified.insert(entry.artefactSha256);
      return entry;
    }
    statement.reset();
    forget(key);
    return std::nullopt;
  });
}

bool RunStore::claim(const std::string& key) {
  return guarded(m_folder, [&] {
    return m_database->writing([&] {
      auto& db = m_database->db;
      SQLite::Statement there(db, "SELECT 1 FROM entries WHERE key = ?");
      there.bind(1, key);
      if (there.executeStep()) return false;
      SQLite::Statement held(db, "SELECT owner, process, renewed FROM claims WHERE key = ?");
      held.bind(1, key);
      if (held.executeStep() && held.getColumn(0).getString() != m_owner) {
        const ProcessState state = processState(held.getColumn(1).getString());
        const bool expired = now() - held.getColumn(2).getDouble() > kLeaseSeconds;
        // One that lives but hangs loses its claim, too; if it wakes up, the first to finish wins.
        if (state != ProcessState::Dead && !expired) return false;
      }
      SQLite::Statement take(db, "INSERT OR REPLACE INTO claims (key, owner, process, renewed) VALUES (?, ?, ?, ?)");
      take.bind(1, key);
      take.bind(2, m_owner);
      take.bind(3, processIdentity());
      take.bind(4, now());
      take.exec();
      return true;
    });
  });
}

void RunStore::renew() {
  if (now() - m_renewed < kLeaseSeconds / 8) return;
  m_renewed = now();
  guarded(m_folder, [&] {
    m_database->writing([&] {
      SQLite::Statement statement(m_database->db, "UPDATE claims SET renewed = ? WHERE owner = ?");
      statement.bind(1, m_renewed);
      statement.bind(2, m_owner);
      statement.exec();
    });
  });
}

void RunStore::release(const std::string& key) {
  guarded(m_folder, [&] {
    m_database->writing([&] {
      SQLite::Statement statement(m_database->db, "DELETE FROM claims WHERE key = ? AND owner = ?");
      statement.bind(1, key);
      statement.bind(2, m_owner);
      statement.exec();
    });
  });
}

fs::path RunStore::temporaryFile(const std::string& suffix) {
  static std::atomic<int> number{0};
  std::string owner = processIdentity();
  std::replace(owner.begin(), owner.end(), ' ', '_');
  return m_folder / "unfinished" / (owner + "#" + std::to_string(number++) + suffix);
}

fs::path RunStore::workFile(const std::string& key, const std::string& suffix) {
  return m_folder / "work" / (key + suffix);
}

StoredEntry RunStore::keep(StoredEntry entry, const fs::path& file) {
  fs::path place;
  std::int64_t bytes = 0;
  if (!file.empty()) {
    entry.artefactSha256 = sha256File(file);
    place = artefactPath(entry.artefactSha256, file.extension().string());
    bytes = static_cast<std::int64_t>(fs::file_size(file));
    makeFolder((m_folder / place).parent_path());
    flush(file);
    entry.artefact = m_folder / place;
  }
  entry.created = utcNow();
  guarded(m_folder, [&] {
    // The file moves while nobody else can remove one of that name, because another entry had it.
    m_database->writing([&] {
      if (!file.empty()) moveIn(file, entry.artefact);
      insert(entry, place.string(), bytes);
      SQLite::Statement done(m_database->db, "DELETE FROM claims WHERE key = ?");
      done.bind(1, entry.key);
      done.exec();
    });
  });
  StoredEntry kept = find(entry.key).value_or(entry);
  // Another process was first, with another file.
  if (kept.artefact != entry.artefact) {
    guarded(m_folder, [&] { m_database->writing([&] { removeUnused(place.string()); }); });
  }
  return kept;
}

void RunStore::moveIn(const fs::path& file, const fs::path& place) {
  std::error_code error;
  fs::rename(file, place, error);
  if (error) throw Error(ErrorKind::Failed, "a result can't be kept: " + error.message(), place.string());
  flush(place.parent_path());
}

void RunStore::insert(const StoredEntry& entry, const std::string& artefact, std::int64_t bytes) {
  SQLite::Statement statement(m_database->db,
                              "INSERT OR IGNORE INTO entries (key, stage, cost_key, document, artefact,"
                              " artefact_sha256, artefact_bytes, seconds, units, created)"
                              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  statement.bind(1, entry.key);
  statement.bind(2, entry.stage);
  statement.bind(3, entry.costKey);
  statement.bind(4, entry.document);
  statement.bind(5, artefact);
  statement.bind(6, entry.artefactSha256);
  statement.bind(7, bytes);
  statement.bind(8, entry.seconds);
  statement.bind(9, entry.units);
  statement.bind(10, entry.created);
  statement.exec();
}

/// Inside a transaction of its own, so that no other process begins to use the file meanwhile.
void RunStore::removeUnused(const std::string& artefact) {
  if (artefact.empty()) return;
  SQLite::Statement users(m_database->db, "SELECT count(*) FROM entries WHERE artefact = ?");
  users.bind(1, artefact);
  users.executeStep();
  std::error_code ignored;
  if (users.getColumn(0).getInt() == 0) fs::remove(m_folder / artefact, ignored);
}

void RunStore::forget(const std::string& key) {
  guarded(m_folder, [&] {
    const std::string artefact = m_database->writing([&] {
      SQLite::Statement remove(m_database->db, "DELETE FROM entries WHERE key = ? RETURNING artefact");
      remove.bind(1, key);
      return remove.executeStep() ? remove.getColumn(0).getString() : std::string();
    });
    // Once no row names it: a power cut between the two leaves a file too many, never an entry without its file.
    m_database->writing([&] { removeUnused(artefact); });
  });
}

std::optional<double> RunStore::secondsPerUnit(const std::string& costKey) {
  return guarded(m_folder, [&]() -> std::optional<double> {
    SQLite::Statement sum(m_database->db, "SELECT sum(seconds), sum(units) FROM entries WHERE cost_key = ?");
    sum.bind(1, costKey);
    if (costKey.empty() || !sum.executeStep() || sum.getColumn(1).isNull() || sum.getColumn(1).getInt64() <= 0) {
      return std::nullopt;
    }
    return sum.getColumn(0).getDouble() / static_cast<double>(sum.getColumn(1).getInt64());
  });
}

std::vector<std::string> RunStore::problems(bool checksums) {
  return guarded(m_folder, [&] {
    std::vector<std::string> found;
    SQLite::Statement check(m_database->db, "PRAGMA integrity_check");
    while (check.executeStep()) {
      if (check.getColumn(0).getString() != "ok") found.push_back("runs.sqlite: " + check.getColumn(0).getString());
    }
    SQLite::Statement entries(m_database->db,
                              "SELECT artefact, artefact_sha256, artefact_bytes FROM entries WHERE artefact != ''");
    while (entries.executeStep()) {
      const std::string file = entries.getColumn(0).getString();
      std::error_code missing;
      const auto bytes = fs::file_size(m_folder / file, missing);
      if (missing) {
        found.push_back(file + ": " + missing.message());
      } else if (bytes != static_cast<std::uintmax_t>(entries.getColumn(2).getInt64())) {
        found.push_back(file + ": another size than when it was kept");
      } else if (checksums && sha256File(m_folder / file) != entries.getColumn(1).getString()) {
        found.push_back(file + ": another checksum than when it was kept");
      }
    }
    return found;
  });
}

}  // namespace whorl
