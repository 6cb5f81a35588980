// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/data/dataset.h"

namespace whorl {

/// A file inside an archive. Its path begins with the archive's top folder.
struct CatalogueMember {
  std::string name;  ///< "cifar-10-batches-bin/test_batch.bin"
  std::uint64_t bytes = 0;
  std::vector<std::string> sha256;  ///< any of these; empty: not checked
};

/// One file of a data set. `sha256` and `bytes` are of the *unpacked* content, which all mirrors agree on.
/// An archive (tar, packed or not) has a `folder`, into which it unpacks, and may list its members: then those are
/// checked instead of the archive's own bytes.
struct CatalogueFile {
  std::string name;                      ///< unpacked name, "train-images-idx3-ubyte"
  std::vector<std::string> names;        ///< names under which it may lie on disk: packed or not
  std::vector<std::string> urls;         ///< tried in turn
  std::uint64_t bytes = 0;               ///< 0: not checked
  std::vector<std::string> sha256;       ///< any of these; empty: not checked
  std::uint64_t downloadBytes = 0;       ///< for the announcement; 0: unknown
  std::string folder;                    ///< archives only: the top folder, which may lie unpacked on disk instead
  std::vector<CatalogueMember> members;  ///< archives only
};

/// One entry of datasets/*.json.
struct CatalogueEntry {
  std::string name;
  std::string title;
  std::string format;  ///< "idx", "cifar-binary", "image-folder", "generated"
  std::string licence;
  std::string paper;
  std::string homepage;
  std::string howToGet;  ///< for data that has no address to download from
  ImageShape shape;
  std::vector<std::string> classNames;
  std::int64_t trainCount = 0;
  std::int64_t testCount = 0;
  std::vector<CatalogueFile> files;
  /// datasetChecksum() of what is loaded, any of these; empty: not checked.
  std::vector<std::string> loadedSha256;
};

/// Where data sets are looked for: the explicit folder, WHORL_DATA, the user's data folder, in this order. In each both
/// FOLDER/NAME/FILE and FOLDER/FILE are tried.
struct DataSearch {
  std::filesystem::path explicitFolder;  ///< --data-dir, may be empty
  std::filesystem::path userFolder;      ///< downloads go here
  bool allowDownload = false;
};

/// The known data sets: the embedded catalogue (made from datasets/ when building) and the generated sets.
/// Read-only after construction; any thread.
class Catalogue {
 public:
  Catalogue();
  /// From other JSON files, for tests.
  explicit Catalogue(std::vector<CatalogueEntry> entries);

  const std::vector<CatalogueEntry>& entries() const { return m_entries; }
  /// Error(Usage) that lists the known names.
  const CatalogueEntry& find(const std::string& name) const;

  /// Reads one entry's JSON; Error(BadInput) that says which field is wrong.
  static CatalogueEntry parse(const std::string& json, const std::string& where);

  /// Loads into memory. `nameOrFolder` is a known name, or a folder of images (FOLDER/train/CLASS/*,
  /// FOLDER/val|test/CLASS/*; see readUserFolder). `seed` is for generated sets. Error(BadInput) says that there is
  /// neither, which file is missing and how to get it, or that the content isn't the known one (see loadedSha256).
  DatasetPtr load(const std::string& nameOrFolder, const DataSearch& search, std::uint64_t seed,
                  const JobContext& context) const;

  /// The folder in which all files of the entry lie, if any.
  std::optional<std::filesystem::path> locate(const CatalogueEntry& entry, const DataSearch& search) const;

  /// Downloads what is missing into search.userFolder/NAME, nothing where all of it lies in one of the folders already;
  /// Error(Failed) names each mirror and why it failed.
  void fetch(const CatalogueEntry& entry, const DataSearch& search, const JobContext& context) const;

  struct Verification {
    std::string file;
    std::filesystem::path path;  ///< empty: not found
    bool ok = false;
    std::string message;  ///< "checksum agrees", "17 bytes short", …
  };
  std::vector<Verification> verify(const CatalogueEntry& entry, const DataSearch& search,
                                   const JobContext& context) const;

 private:
  std::vector<CatalogueEntry> m_entries;
};

/// The folders of `search` in order; Error(BadInput) for an explicit folder that doesn't exist.
std::vector<std::filesystem::path> searchFolders(const DataSearch& search);

/// The file or, for an archive, the unpacked folder under which `file` of `entry` lies in `folder` (folder/NAME/FILE or
/// folder/FILE); empty if it doesn't.
std::filesystem::path findDataFile(const CatalogueEntry& entry, const CatalogueFile& file,
                                   const std::filesystem::path& folder);

/// The compiled-in JSON files of datasets/: name and text.
struct EmbeddedJson {
  const char* name;
  const char* text;
};
const std::vector<EmbeddedJson>& embeddedCatalogue();

}  // namespace whorl
