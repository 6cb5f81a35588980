// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/retrieval/feature_index.h"

#include <cstring>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>
#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyMilliseconds = 30'000;
constexpr int kApplicationId = 0x57484f49;  // "WHOI"
constexpr int kVersion = 1;
constexpr std::int64_t kMostNumbers = 100'000'000;  ///< of a row: no layer has as many
constexpr const char* kSchema =
    "CREATE TABLE identity (only INTEGER PRIMARY KEY CHECK (only = 1), document TEXT NOT NULL);"
    "CREATE TABLE features (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, numbers BLOB NOT NULL);"
    "CREATE TABLE images (name TEXT PRIMARY KEY, feature INTEGER NOT NULL, label INTEGER, channels INTEGER NOT NULL,"
    "  height INTEGER NOT NULL, width INTEGER NOT NULL, bytes INTEGER NOT NULL, modified INTEGER NOT NULL)"
    "  WITHOUT ROWID;"
    "CREATE INDEX images_by_feature ON images (feature);"
    "CREATE TABLE problems (name TEXT PRIMARY KEY, problem TEXT NOT NULL, bytes INTEGER NOT NULL,"
    "  modified INTEGER NOT NULL) WITHOUT ROWID;";

/// What SQLite says as an error of ours.
template <class Work>
auto guarded(const fs::path& path, Work&& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    const int code = error.getErrorCode();
    std::string hint;
    if (code == SQLITE_FULL) hint = "free some space; what was indexed is kept";
    if (code == SQLITE_BUSY) hint = "another process is at work on it; try again";
    if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN) hint = "choose a place that you may write to";
    const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    if (damaged) hint = "remove it and index again, or choose another file";
    throw Error(damaged ? ErrorKind::BadInput : ErrorKind::Failed,
                std::string(damaged ? "that is no index, or it is damaged: " : "the index: ") + error.what(),
                path.string(), hint);
  }
}

nlohmann::json documentOf(const IndexIdentity& identity) {
  return {{"model_sha256", identity.modelSha256},
          {"model", identity.model},
          {"layer", identity.layer},
          {"normalised", identity.normalised},
          {"fit", identity.fit},
          {"source", identity.source},
          {"place", identity.place},
          {"split", identity.split},
          {"checksum", identity.checksum},
          {"dimension", identity.dimension}};
}

std::string textOf(const IndexIdentity& identity) {
  return documentOf(identity).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

IndexIdentity identityOf(const std::string& text, const fs::path& path) {
  try {
    const auto document = nlohmann::json::parse(text);
    IndexIdentity identity;
    identity.modelSha256 = document.at("model_sha256");
    identity.model = document.at("model");
    identity.layer = document.at("layer");
    identity.normalised = document.at("normalised");
    identity.fit = document.at("fit");
    identity.source = document.at("source");
    identity.place = document.at("place");
    identity.split = document.at("split");
    identity.checksum = document.at("checksum");
    identity.dimension = document.at("dimension");
    if (identity.dimension < 1 || identity.dimension > kMostNumbers) throw std::out_of_range("dimension");
    return identity;
  } catch (const std::exception&) {
    throw Error(ErrorKind::BadInput, "the index doesn't say what made it", path.string(),
                "remove it and index again, or choose another file");
  }
}

/// What differs, in words; "" for nothing.
std::string difference(const IndexIdentity& made, const IndexIdentity& asked) {
  const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
  if (made.modelSha256 != asked.modelSha256) return "another model (" + made.model + ")";
  if (made.layer != asked.layer) return "the layer " + quoted(made.layer) + ", not " + quoted(asked.layer);
  if (made.normalised != asked.normalised) return made.normalised ? "normalised features" : "features as they are";
  if (made.fit != asked.fit) return "images fitted by " + quoted(made.fit) + ", not " + quoted(asked.fit);
  if (made.source != asked.source || made.place != asked.place || made.split != asked.split) {
    return "the " + made.source + " " + quoted(made.place) + (made.split.empty() ? "" : " (" + made.split + ")");
  }
  if (made.checksum != asked.checksum) return "another state of the data set " + quoted(made.place);
  return made.dimension == asked.dimension ? "" : "features of another size";
}

}  // namespace

struct FeatureIndex::Database {
  Database(const fs::path& path, Mode mode)
      : db(path.string(),
           // A reader too may have to undo what a crash left half written; SQLite opens read-only what it can't write.
           mode == Mode::Write ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE : SQLite::OPEN_READWRITE,
           kBusyMilliseconds) {}
  SQLite::Database db;
};

FeatureIndex::FeatureIndex(fs::path path, Mode mode) : m_path(std::move(path)) {
  std::error_code error;
  if (mode == Mode::Read && !fs::is_regular_file(m_path, error)) {
    throw Error(ErrorKind::BadInput, "there is no index", m_path.string(), "whorl-cli similar index makes one");
  }
  if (mode == Mode::Write && m_path.has_parent_path()) {
    fs::create_directories(m_path.parent_path(), error);
    if (error) throw Error(ErrorKind::Failed, "the folder can't be made: " + error.message(), m_path.string());
  }
  guarded(m_path, [&] { prepare(mode); });
}

FeatureIndex::~FeatureIndex() = default;

void FeatureIndex::prepare(Mode mode) {
  m_database = std::make_unique<Database>(m_path, mode);
  auto& db = m_database->db;
  // A rollback journal, not WAL: an index is one file that can be copied, also by a reader who may write nothing.
  if (mode == Mode::Write) db.exec("PRAGMA synchronous = FULL");
  const int application = db.execAndGet("PRAGMA application_id").getInt();
  const int version = db.execAndGet("PRAGMA user_version").getInt();
  const int tables = db.execAndGet("SELECT count(*) FROM sqlite_master").getInt();
  if (application != kApplicationId && (tables > 0 || mode == Mode::Read)) {
    throw Error(ErrorKind::BadInput, "that is no index", m_path.string(), "choose another file");
  }
  if (version > kVersion) {
    throw Error(ErrorKind::BadInput, "the index is of a later version of Whorl", m_path.string(),
                "update Whorl, or choose another file");
  }
  if (tables > 0 || mode == Mode::Read) return;
  SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
  if (db.execAndGet("SELECT count(*) FROM sqlite_master").getInt() > 0) return;  // somebody was faster
  db.exec(kSchema);
  db.exec("PRAGMA user_version = " + std::to_string(kVersion));
  db.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
  transaction.commit();
}

std::optional<IndexIdentity> FeatureIndex::identity() const {
  return guarded(m_path, [&]() -> std::optional<IndexIdentity> {
    SQLite::Statement statement(m_database->db, "SELECT document FROM identity");
    if (!statement.executeStep()) return std::nullopt;
    return identityOf(statement.getColumn(0).getString(), m_path);
  });
}

void FeatureIndex::claim(const IndexIdentity& identity) {
  if (const auto made = this->identity()) {
    // As it would be read back: a path that is no UTF-8 is not kept byte for byte.
    const std::string other = difference(*made, identityOf(textOf(identity), m_path));
    if (other.empty()) return;
    throw Error(ErrorKind::BadInput, "the index was made of " + other, m_path.string(),
                "choose another file, or remove this one to index again");
  }
  guarded(m_path, [&] {
    SQLite::Statement statement(m_database->db, "INSERT INTO identity VALUES (1, ?)");
    statement.bind(1, textOf(identity));
    statement.exec();
  });
}

std::map<std::string, FileStamp> FeatureIndex::known() const {
  return guarded(m_path, [&] {
    std::map<std::string, FileStamp> known;
    SQLite::Statement statement(m_database->db,
                                "SELECT name, bytes, modified FROM images UNION ALL"
                                " SELECT name, bytes, modified FROM problems");
    while (statement.executeStep()) {
      known[statement.getColumn(0).getString()] = {statement.getColumn(1).getInt64(),
                                                   statement.getColumn(2).getInt64()};
    }
    return known;
  });
}

namespace {

/// Statements that a batch runs for each of its images.
class Writer {
 public:
  explicit Writer(SQLite::Database& db)
      : m_feature(db, "INSERT INTO features (sha256, numbers) VALUES (?, ?) ON CONFLICT (sha256) DO NOTHING"),
        m_image(db, "INSERT INTO images SELECT ?, id, ?, ?, ?, ?, ?, ? FROM features WHERE sha256 = ?"),
        m_problem(db, "INSERT INTO problems VALUES (?, ?, ?, ?)"),
        m_dropImage(db, "DELETE FROM images WHERE name = ?"),
        m_dropProblem(db, "DELETE FROM problems WHERE name = ?") {}

  void drop(const std::string& name) {
    m_dropImage.bind(1, name);
    m_dropped += run(m_dropImage);
    m_dropProblem.bind(1, name);
    run(m_dropProblem);
  }

  /// Images that gave way.
  int dropped() const { return m_dropped; }

  void add(const IndexedImage& image) {
    drop(image.name);
    m_feature.bind(1, image.sha256);
    m_feature.bind(2, image.features.data(), static_cast<int>(image.features.size() * sizeof(float)));
    run(m_feature);
    m_image.bind(1, image.name);
    if (image.label) m_image.bind(2, *image.label);
    m_image.bind(3, image.shape.channels);
    m_image.bind(4, image.shape.height);
    m_image.bind(5, image.shape.width);
    m_image.bind(6, image.stamp.bytes);
    m_image.bind(7, image.stamp.modified);
    m_image.bind(8, image.sha256);
    run(m_image);
  }

  void add(const IndexProblem& problem) {
    drop(problem.name);
    m_problem.bind(1, problem.name);
    m_problem.bind(2, problem.problem);
    m_problem.bind(3, problem.stamp.bytes);
    m_problem.bind(4, problem.stamp.modified);
    run(m_problem);
  }

 private:
  static int run(SQLite::Statement& statement) {
    const int changed = statement.exec();
    statement.reset();
    statement.clearBindings();
    return changed;
  }

  int m_dropped = 0;

  SQLite::Statement m_feature;
  SQLite::Statement m_image;
  SQLite::Statement m_problem;
  SQLite::Statement m_dropImage;
  SQLite::Statement m_dropProblem;
};

constexpr const char* kDropOrphans =
    "DELETE FROM features WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.feature = features.id)";

}  // namespace

void FeatureIndex::add(const std::vector<IndexedImage>& images, const std::vector<IndexProblem>& problems) {
  guarded(m_path, [&] {
    SQLite::Transaction transaction(m_database->db, SQLite::TransactionBehavior::IMMEDIATE);
    Writer writer(m_database->db);
    for (const IndexedImage& image : images) writer.add(image);
    for (const IndexProblem& problem : problems) writer.add(problem);
    if (writer.dropped() > 0) m_database->db.exec(kDropOrphans);
    transaction.commit();
  });
}

void FeatureIndex::remove(const std::vector<std::string>& names) {
  guarded(m_path, [&] {
    SQLite::Transaction transaction(m_database->db, SQLite::TransactionBehavior::IMMEDIATE);
    Writer writer(m_database->db);
    for (const std::string& name : names) writer.drop(name);
    m_database->db.exec(kDropOrphans);
    transaction.commit();
  });
}

namespace {

std::int64_t numberOf(SQLite::Database& db, const fs::path& path, const char* query) {
  return guarded(path, [&] { return db.execAndGet(query).getInt64(); });
}

}  // namespace

std::int64_t FeatureIndex::imageCount() const {
  return numberOf(m_database->db, m_path, "SELECT count(*) FROM images");
}

std::string FeatureIndex::firstName() const {
  return guarded(m_path, [&] {
    SQLite::Statement statement(m_database->db, "SELECT name FROM images ORDER BY name LIMIT 1");
    return statement.executeStep() ? statement.getColumn(0).getString() : std::string();
  });
}

std::int64_t FeatureIndex::rowCount() const {
  return numberOf(m_database->db, m_path, "SELECT count(*) FROM features");
}

std::int64_t FeatureIndex::shapeCount() const {
  return numberOf(m_database->db, m_path, "SELECT count(*) FROM (SELECT DISTINCT channels, height, width FROM images)");
}

std::vector<IndexProblem> FeatureIndex::problems() const {
  return guarded(m_path, [&] {
    std::vector<IndexProblem> problems;
    SQLite::Statement statement(m_database->db, "SELECT name, problem, bytes, modified FROM problems ORDER BY name");
    while (statement.executeStep()) {
      problems.push_back({statement.getColumn(0).getString(),
                          statement.getColumn(1).getString(),
                          {statement.getColumn(2).getInt64(), statement.getColumn(3).getInt64()}});
    }
    return problems;
  });
}

std::vector<std::vector<std::string>> FeatureIndex::duplicates() const {
  return guarded(m_path, [&] {
    std::map<std::int64_t, std::vector<std::string>> byRow;
    SQLite::Statement statement(m_database->db,
                                "SELECT feature, name FROM images WHERE feature IN"
                                " (SELECT feature FROM images GROUP BY feature HAVING count(*) > 1) ORDER BY name");
    while (statement.executeStep()) {
      byRow[statement.getColumn(0).getInt64()].push_back(statement.getColumn(1).getString());
    }
    std::map<std::string, std::vector<std::string>> byName;
    for (auto& [row, names] : byRow) byName.emplace(names.front(), names);
    std::vector<std::vector<std::string>> groups;
    for (auto& [name, names] : byName) groups.push_back(std::move(names));
    return groups;
  });
}

std::optional<int> FeatureIndex::label(const std::string& name) const {
  return guarded(m_path, [&]() -> std::optional<int> {
    SQLite::Statement statement(m_database->db, "SELECT label FROM images WHERE name = ?");
    statement.bind(1, name);
    if (!statement.executeStep()) {
      throw Error(ErrorKind::BadInput, "there is no image \"" + name + "\" in the index", m_path.string());
    }
    if (statement.getColumn(0).isNull()) return std::nullopt;
    return statement.getColumn(0).getInt();
  });
}

IndexRows FeatureIndex::rows() const {
  const auto made = identity();
  IndexRows result;
  if (!made) return result;
  result.dimension = made->dimension;
  return guarded(m_path, [&] {
    const SQLite::Transaction snapshot(m_database->db);
    std::map<std::int64_t, std::size_t> places;
    const std::size_t bytes = static_cast<std::size_t>(made->dimension) * sizeof(float);
    result.features.reserve(static_cast<std::size_t>(rowCount() * made->dimension));
    SQLite::Statement features(m_database->db, "SELECT id, numbers FROM features ORDER BY id");
    while (features.executeStep()) {
      const SQLite::Column numbers = features.getColumn(1);
      if (static_cast<std::size_t>(numbers.getBytes()) != bytes) {
        throw Error(ErrorKind::BadInput, "the index is damaged: a row of another size", m_path.string(),
                    "remove it and index again");
      }
      places.emplace(features.getColumn(0).getInt64(), result.rows.size());
      result.rows.emplace_back();
      const std::size_t at = result.features.size();
      result.features.resize(at + static_cast<std::size_t>(made->dimension));
      std::memcpy(result.features.data() + at, numbers.getBlob(), bytes);
    }
    SQLite::Statement images(m_database->db, "SELECT feature, name, label FROM images ORDER BY name");
    while (images.executeStep()) {
      const auto place = places.find(images.getColumn(0).getInt64());
      if (place == places.end()) {
        throw Error(ErrorKind::BadInput, "the index is damaged: an image without features", m_path.string(),
                    "remove it and index again");
      }
      IndexRows::Row& row = result.rows[place->second];
      row.names.push_back(images.getColumn(1).getString());
      // Copies can lie in several classes: the label shown is that of the name that is shown.
      if (row.names.size() == 1 && !images.getColumn(2).isNull()) row.label = images.getColumn(2).getInt();
    }
    for (const IndexRows::Row& row : result.rows) {
      if (!row.names.empty()) continue;
      throw Error(ErrorKind::BadInput, "the index is damaged: features without an image", m_path.string(),
                  "remove it and index again");
    }
    return std::move(result);
  });
}

}  // namespace whorl
