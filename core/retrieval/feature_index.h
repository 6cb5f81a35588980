// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/image/image.h"

namespace whorl {

/// What made an index: rows of another model, layer or preparation mustn't be compared with its own.
struct IndexIdentity {
  std::string modelSha256;
  std::string model;  ///< path, for people and for queries that name none
  std::string layer;
  bool normalised = true;
  std::string fit;       ///< how images became the network's input: fit, crop, stretch
  std::string source;    ///< "folder" or "dataset"
  std::string place;     ///< the folder, or the data set's name
  std::string split;     ///< of a data set; "" for a folder
  std::string checksum;  ///< of a data set; "" for a folder
  std::int64_t dimension = 0;
};

/// What tells one state of a file from another; 0 for images of a data set.
struct FileStamp {
  std::int64_t bytes = 0;
  std::int64_t modified = 0;  ///< ns of the file system's clock
  bool operator==(const FileStamp&) const = default;
};

/// An image to be added. `name` is unique in an index: a path within the folder, or "test/17".
struct IndexedImage {
  std::string name;
  std::string sha256;  ///< of its file, or of its pixels: images with the same one share a row
  FileStamp stamp;
  ImageShape shape;             ///< as it was, before it was fitted
  std::optional<int> label;     ///< of a data set's image
  std::vector<float> features;  ///< IndexIdentity::dimension of them
};

/// An image that could not be read, and why.
struct IndexProblem {
  std::string name;
  std::string problem;
  FileStamp stamp;
};

/// Rows of an index in memory. Images of one row are exact duplicates of each other.
struct IndexRows {
  struct Row {
    std::vector<std::string> names;  ///< in alphabetical order; at least one
    std::optional<int> label;
  };
  std::int64_t dimension = 0;
  std::vector<float> features;  ///< [rows, dimension]
  std::vector<Row> rows;
};

/// Features of images on disk: one SQLite file. What was added outlives a crash or power cut from that moment on, so an
/// index that was cut short goes on where it stopped. One writer at a time (another waits up to 30 s); any number of
/// readers. An object: one thread at a time. Errors of the disk are Error(Failed); a file that is no index, is damaged
/// or of a later version is Error(BadInput).
class FeatureIndex {
 public:
  enum class Mode { Read, Write };

  /// Write makes the file (and missing folders) where there is none.
  FeatureIndex(std::filesystem::path path, Mode mode);
  ~FeatureIndex();
  FeatureIndex(const FeatureIndex&) = delete;
  FeatureIndex& operator=(const FeatureIndex&) = delete;

  const std::filesystem::path& path() const { return m_path; }
  /// None for a file that was just made.
  std::optional<IndexIdentity> identity() const;
  /// Takes it on, or checks it: Error(BadInput) that says what differs where the index was made otherwise.
  void claim(const IndexIdentity& identity);

  /// The stamp of each image that is there, and of each problem.
  std::map<std::string, FileStamp> known() const;
  /// In one transaction: takes the place of what had the same names.
  void add(const std::vector<IndexedImage>& images, const std::vector<IndexProblem>& problems);
  /// Images and problems by name; rows that nothing names any more go too.
  void remove(const std::vector<std::string>& names);

  std::int64_t imageCount() const;
  /// The alphabetically first image; "" for none.
  std::string firstName() const;
  std::int64_t rowCount() const;
  /// Different sizes of the images as they were.
  std::int64_t shapeCount() const;
  std::vector<IndexProblem> problems() const;
  /// Names of images that share a row, alphabetically, the rows by their first names.
  std::vector<std::vector<std::string>> duplicates() const;
  /// The image's label. Error(BadInput) for a name that isn't there.
  std::optional<int> label(const std::string& name) const;
  /// All of them. Memory: 4 bytes a number, and the names.
  IndexRows rows() const;

 private:
  struct Database;
  void prepare(Mode mode);

  std::filesystem::path m_path;
  std::unique_ptr<Database> m_database;
};

}  // namespace whorl
