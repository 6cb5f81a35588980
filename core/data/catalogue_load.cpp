// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <map>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/data/archive.h"
#include "core/data/catalogue.h"
#include "core/data/generated.h"
#include "core/data/readers.h"

namespace whorl {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxUnpackedBytes = std::uint64_t{4} << 30;

[[noreturn]] void notFound(const CatalogueEntry& entry, const DataSearch& search) {
  std::string searched;
  for (const fs::path& folder : searchFolders(search)) searched += (searched.empty() ? "" : ", ") + folder.string();
  std::uint64_t bytes = 0;
  bool downloadable = !entry.files.empty();
  for (const CatalogueFile& file : entry.files) {
    bytes += file.downloadBytes;
    downloadable = downloadable && !file.urls.empty();
  }
  std::string hint = downloadable ? "run: whorl-cli datasets fetch " + entry.name + " (about " +
                                        std::to_string((bytes + 999'999) / 1'000'000) + " MB)"
                                  : entry.howToGet;
  hint += "; or put its files into FOLDER/" + entry.name + " and give FOLDER with --data-dir or WHORL_DATA";
  throw Error(ErrorKind::BadInput, entry.title + " is not on this computer",
              searched.empty() ? "no data folder" : "searched: " + searched, hint);
}

/// Data that isn't there is bad input, as a model that isn't there is, whether a name or a folder was meant.
[[noreturn]] void notKnown(const std::string& nameOrFolder, const std::vector<CatalogueEntry>& entries) {
  std::error_code ignored;
  const std::string folders = "a folder of images with train/CLASS/* and test/CLASS/*";
  if (fs::exists(nameOrFolder, ignored)) {
    throw Error(ErrorKind::BadInput, "this is a file, not a data set", nameOrFolder, "give " + folders);
  }
  std::string known;
  for (const CatalogueEntry& entry : entries) known += entry.name + ", ";
  throw Error(ErrorKind::BadInput, "there is no such folder, and no data set of that name", nameOrFolder,
              "known are " + known + "or give " + folders);
}

DataSplit loadIdxSplit(const CatalogueEntry& entry, const fs::path& folder, std::size_t firstFile) {
  const auto read = [&](const CatalogueFile& file) {
    return readMaybeGzip(findDataFile(entry, file, folder), file.bytes ? file.bytes : kMaxUnpackedBytes);
  };
  const CatalogueFile& images = entry.files[firstFile];
  const CatalogueFile& labels = entry.files[firstFile + 1];
  const std::string where =
      findDataFile(entry, images, folder).string() + " and " + findDataFile(entry, labels, folder).filename().string();
  return readIdx(read(images), read(labels), static_cast<int>(entry.classNames.size()), where);
}

/// The train batches come first in the catalogue, the test batch last; an archive may hold them in any order.
void loadCifar(const CatalogueEntry& entry, const fs::path& folder, const JobContext& context, Dataset& dataset) {
  const CatalogueFile& file = entry.files.front();
  const fs::path path = findDataFile(entry, file, folder);
  const auto classes = static_cast<int>(entry.classNames.size());
  const std::size_t members = file.members.size();
  std::size_t next = 0;
  const auto append = [&](const std::string& bytes) {
    DataSplit& split = next + 1 == members ? dataset.test : dataset.train;
    split.pixels.reserve(
        static_cast<std::size_t>((next + 1 == members ? entry.testCount : entry.trainCount) * entry.shape.size()));
    appendCifarBatch(bytes, classes, path.string() + ": " + file.members[next].name, split);
    ++next;
    context.report({static_cast<std::int64_t>(next), static_cast<std::int64_t>(members), "reading " + entry.title, {}});
  };
  if (fs::is_directory(path)) {
    for (const CatalogueMember& member : file.members) {
      context.step();
      append(readFile(path.parent_path() / member.name, member.bytes ? member.bytes : kMaxUnpackedBytes));
    }
    return;
  }
  std::map<std::size_t, std::string> early;
  visitArchive(path, std::uint64_t{256} << 20, context, [&](const std::string& name, std::string bytes) {
    const auto found = std::find_if(file.members.begin(), file.members.end(), [&](const auto& member) {
      return fs::path(name).lexically_normal() == member.name;
    });
    if (found == file.members.end()) return;
    early[static_cast<std::size_t>(found - file.members.begin())] = std::move(bytes);
    for (auto ready = early.find(next); ready != early.end(); ready = early.find(next)) {
      append(ready->second);
      early.erase(ready);
    }
  });
  if (next != members) {
    throw Error(ErrorKind::BadInput, "the archive lacks " + file.members[next].name + " (or is cut off)", path.string(),
                "get the file again");
  }
}

void checkLoaded(const CatalogueEntry& entry, const Dataset& dataset, const fs::path& folder) {
  const auto check = [&](const DataSplit& split, std::int64_t count, const char* part) {
    if (split.shape != entry.shape) {
      throw Error(ErrorKind::BadInput,
                  entry.title + " has images of " + toText(entry.shape) + ", but these are " + toText(split.shape),
                  folder.string());
    }
    if (split.count() != count) {
      throw Error(ErrorKind::BadInput,
                  entry.title + " has " + std::to_string(count) + " " + part + " images, but " +
                      std::to_string(split.count()) + " are there",
                  folder.string());
    }
  };
  check(dataset.train, entry.trainCount, "train");
  check(dataset.test, entry.testCount, "test");
  const auto& known = entry.loadedSha256;
  if (!known.empty() && std::find(known.begin(), known.end(), dataset.checksum) == known.end()) {
    throw Error(ErrorKind::BadInput, "this is not " + entry.title + ": the content has another checksum",
                folder.string(), "run: whorl-cli datasets verify " + entry.name);
  }
}

Dataset generate(const CatalogueEntry& entry, std::uint64_t seed, const JobContext& context) {
  if (entry.name == "glyphs") return generateGlyphs(seed, context, entry.trainCount, entry.testCount);
  if (entry.name == "shapes") return generateShapes(seed, context, entry.trainCount, entry.testCount);
  throw Error(ErrorKind::Internal, "nothing generates " + entry.name);
}

}  // namespace

std::optional<fs::path> Catalogue::locate(const CatalogueEntry& entry, const DataSearch& search) const {
  if (entry.files.empty()) return std::nullopt;
  for (const fs::path& folder : searchFolders(search)) {
    const bool all = std::all_of(entry.files.begin(), entry.files.end(),
                                 [&](const CatalogueFile& file) { return !findDataFile(entry, file, folder).empty(); });
    if (all) return folder;
  }
  return std::nullopt;
}

DatasetPtr Catalogue::load(const std::string& nameOrFolder, const DataSearch& search, std::uint64_t seed,
                           const JobContext& context) const {
  const bool known =
      std::any_of(m_entries.begin(), m_entries.end(), [&](const auto& e) { return e.name == nameOrFolder; });
  std::error_code error;
  if (!known && fs::is_directory(nameOrFolder, error)) {
    return std::make_shared<Dataset>(readUserFolder(nameOrFolder, context));
  }
  if (!known) notKnown(nameOrFolder, m_entries);
  const CatalogueEntry& entry = find(nameOrFolder);
  if (entry.format == "generated") return std::make_shared<Dataset>(generate(entry, seed, context));

  auto folder = locate(entry, search);
  if (!folder && search.allowDownload) {
    fetch(entry, search, context);
    folder = locate(entry, search);
  }
  if (!folder) notFound(entry, search);
  context.report({0, 0, "reading " + entry.title, {}});

  auto dataset = std::make_shared<Dataset>();
  if (entry.format == "idx") {
    dataset->train = loadIdxSplit(entry, *folder, 0);
    context.step();
    dataset->test = loadIdxSplit(entry, *folder, 2);
    context.step();
  } else if (entry.format == "cifar-binary") {
    loadCifar(entry, *folder, context, *dataset);
  } else {
    *dataset =
        readImageArchive(findDataFile(entry, entry.files.front(), *folder), entry.classNames, entry.shape, context);
  }
  dataset->name = entry.name;
  dataset->title = entry.title;
  if (dataset->classNames.empty()) dataset->classNames = entry.classNames;
  dataset->checksum = datasetChecksum(*dataset);
  checkLoaded(entry, *dataset, *folder);
  return dataset;
}

}  // namespace whorl
