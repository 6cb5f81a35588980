// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/data/archive.h"
#include "core/data/readers.h"
#include "core/image/image_file.h"

namespace whorl {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxImageFileBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxArchiveBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kMaxSplitBytes = std::uint64_t{8} << 30;
constexpr int kLargestUserSide = 224;
constexpr int kTestEvery = 5;

[[noreturn]] void bad(const std::string& message, const std::string& where, const std::string& hint = {}) {
  throw Error(ErrorKind::BadInput, message, where, hint);
}

/// One image to be read: from disk, or from bytes that an archive held.
struct Source {
  std::string path;
  const std::string* bytes = nullptr;
  std::int32_t label = 0;

  Image load() const { return bytes ? decodeImage(bytes->data(), bytes->size(), path).image : readImage(path).image; }
};

std::vector<std::uint8_t> toBytes(const Image& image) {
  std::vector<std::uint8_t> bytes(image.pixels.size());
  std::transform(image.pixels.begin(), image.pixels.end(), bytes.begin(),
                 [](float v) { return static_cast<std::uint8_t>(std::lround(std::clamp(v, 0.0f, 1.0f) * 255)); });
  return bytes;
}

DataSplit readSources(const std::vector<Source>& sources, const ImageShape& shape, const std::string& where,
                      const std::string& what, const JobContext& context) {
  if (sources.empty()) bad("there are no images in the " + what + " part", where);
  if (sources.size() * static_cast<std::uint64_t>(shape.size()) > kMaxSplitBytes) {
    bad(std::to_string(sources.size()) + " images of " + toText(shape) + " don't fit into memory", where,
        "use fewer or smaller images");
  }
  DataSplit split;
  split.shape = shape;
  split.pixels.reserve(sources.size() * static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    context.step();
    if (i % 50 == 0) {
      context.report({static_cast<std::int64_t>(i),
                      static_cast<std::int64_t>(sources.size()),
                      "reading the " + what + " images",
                      {}});
    }
    const auto bytes = toBytes(fitImage(sources[i].load(), shape, FitMode::Crop));
    split.pixels.insert(split.pixels.end(), bytes.begin(), bytes.end());
    split.labels.push_back(sources[i].label);
  }
  return split;
}

/// Names in a folder in alphabetical order; hidden ones are left out, as file managers leave their own files there.
std::vector<std::string> listed(const fs::path& folder, bool folders) {
  std::vector<std::string> names;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with('.') && (folders ? entry.is_directory() : entry.is_regular_file())) names.push_back(name);
    }
  } catch (const fs::filesystem_error& e) {
    bad("the folder can't be read: " + e.code().message(), folder.string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Source> sourcesIn(const fs::path& root, const std::vector<std::string>& classFolders) {
  std::vector<Source> sources;
  for (std::size_t label = 0; label < classFolders.size(); ++label) {
    const fs::path folder = root / classFolders[label];
    std::error_code error;
    if (!fs::is_directory(folder, error))
      bad("the folder of class \"" + classFolders[label] + "\" is missing", root.string());
    const auto names = listed(folder, false);
    if (names.empty()) bad("the folder of class \"" + classFolders[label] + "\" holds no files", folder.string());
    for (const auto& name : names)
      sources.push_back({(folder / name).string(), nullptr, static_cast<std::int32_t>(label)});
  }
  return sources;
}

/// The first image's size and channels; the longer side at most kLargestUserSide.
ImageShape userShape(const Source& first) {
  const ImageShape shape = first.load().shape;
  const int longer = std::max(shape.height, shape.width);
  if (longer <= kLargestUserSide) return shape;
  const double scale = double(kLargestUserSide) / longer;
  return {shape.channels, std::max(1, static_cast<int>(std::lround(shape.height * scale))),
          std::max(1, static_cast<int>(std::lround(shape.width * scale)))};
}

std::optional<std::string> firstFolder(const fs::path& root, std::initializer_list<const char*> names) {
  std::error_code error;
  for (const char* name : names) {
    if (fs::is_directory(root / name, error)) return name;
  }
  return std::nullopt;
}

std::vector<std::string> checkedClasses(std::vector<std::string> names, const fs::path& root) {
  if (names.size() < 2) {
    bad("a data set needs at least two classes, one folder each", root.string(),
        "lay the images out as train/CLASS/* and test/CLASS/*");
  }
  if (names.size() > 10'000) bad("there are more than 10,000 class folders", root.string());
  for (const auto& name : names) {
    // Checkpoints and models keep the names: hours of training must not end at one that can't be written.
    if (!isUtf8(name)) bad("the name of a class folder is not UTF-8", (root / name).string(), "rename it");
  }
  return names;
}

/// "folder<TAB>title" lines.
std::map<std::string, std::string> parseTitles(const std::string& text, const std::string& where) {
  std::map<std::string, std::string> titles;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const auto tab = line.find('\t');
    if (tab == 0 || tab == std::string::npos || tab + 1 == line.size()) {
      bad("a line of classes.tsv is not \"folder<TAB>title\": \"" + line + "\"", where);
    }
    titles[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return titles;
}

std::vector<std::string> titlesOf(const std::vector<std::string>& folders,
                                  const std::map<std::string, std::string>& titles,
                                  const std::vector<std::string>& fallback, const std::string& where) {
  if (titles.empty()) {
    if (fallback.size() == folders.size()) return fallback;
    if (fallback.empty()) return folders;
    bad("there are " + std::to_string(folders.size()) + " class folders instead of " + std::to_string(fallback.size()),
        where);
  }
  std::vector<std::string> names;
  for (const auto& folder : folders) {
    const auto found = titles.find(folder);
    if (found == titles.end()) bad("classes.tsv has no title for the folder \"" + folder + "\"", where);
    names.push_back(found->second);
  }
  return names;
}

/// What an archive holds, in alphabetical order, which is the order in which an unpacked folder would be read.
struct Contents {
  std::map<std::string, std::map<std::string, std::map<std::string, std::string>>> splits;  ///< split, class, file
  std::map<std::string, std::string> titles;
};

Contents readContents(const fs::path& archive, const JobContext& context) {
  Contents contents;
  std::uint64_t total = 0;
  visitArchive(archive, kMaxImageFileBytes, context, [&](const std::string& name, std::string bytes) {
    total += bytes.size();
    if (total > kMaxArchiveBytes) bad("the archive unpacks to more than 4 GiB", archive.string());
    std::vector<std::string> parts;
    for (const auto& part : fs::path(name).lexically_normal()) parts.push_back(part.string());
    if (parts.empty() || parts.back().starts_with('.')) return;
    if (parts.back() == "classes.tsv" && parts.size() <= 2) {
      contents.titles = parseTitles(bytes, archive.string());
      return;
    }
    if (parts.size() < 3) return;  // a readme beside the folders
    const auto n = parts.size();
    contents.splits[parts[n - 3]][parts[n - 2]][archive.string() + ": " + name] = std::move(bytes);
  });
  return contents;
}

std::vector<Source> sourcesOf(const std::map<std::string, std::map<std::string, std::string>>& classes,
                              const std::vector<std::string>& folders, const std::string& where) {
  std::vector<Source> sources;
  for (const auto& [folder, files] : classes) {
    const auto found = std::lower_bound(folders.begin(), folders.end(), folder);
    if (found == folders.end() || *found != folder) bad("class \"" + folder + "\" is not in the train part", where);
    for (const auto& [path, bytes] : files) {
      sources.push_back({path, &bytes, static_cast<std::int32_t>(found - folders.begin())});
    }
  }
  return sources;
}

Dataset readPackedImages(const fs::path& archive, const std::vector<std::string>& classNames, const ImageShape& shape,
                         const JobContext& context) {
  const Contents contents = readContents(archive, context);
  const auto train = contents.splits.find("train");
  auto test = contents.splits.find("val");
  if (test == contents.splits.end()) test = contents.splits.find("test");
  if (train == contents.splits.end() || test == contents.splits.end()) {
    bad("the archive needs images in train/CLASS/ and in val/CLASS/ or test/CLASS/", archive.string());
  }
  std::vector<std::string> folders;
  for (const auto& [folder, files] : train->second) folders.push_back(folder);
  checkedClasses(folders, archive);

  Dataset dataset;
  dataset.classNames = titlesOf(folders, contents.titles, classNames, archive.string());
  dataset.train =
      readSources(sourcesOf(train->second, folders, archive.string()), shape, archive.string(), "train", context);
  dataset.test =
      readSources(sourcesOf(test->second, folders, archive.string()), shape, archive.string(), "test", context);
  return dataset;
}

}  // namespace

DataSplit readImageFolder(const fs::path& root, const std::vector<std::string>& classFolders, const ImageShape& shape,
                          const JobContext& context) {
  const auto classes = classFolders.empty() ? listed(root, true) : classFolders;
  return readSources(sourcesIn(root, checkedClasses(classes, root)), shape, root.string(), root.filename().string(),
                     context);
}

Dataset readImageArchive(const fs::path& archiveOrFolder, const std::vector<std::string>& classNames,
                         const ImageShape& shape, const JobContext& context) {
  std::error_code error;
  if (!fs::is_directory(archiveOrFolder, error)) return readPackedImages(archiveOrFolder, classNames, shape, context);
  const auto test = firstFolder(archiveOrFolder, {"val", "test"});
  if (!fs::is_directory(archiveOrFolder / "train", error) || !test) {
    bad("the folder needs train/CLASS/ and val/CLASS/ or test/CLASS/", archiveOrFolder.string());
  }
  const auto folders = listed(archiveOrFolder / "train", true);
  std::map<std::string, std::string> titles;
  const fs::path tsv = archiveOrFolder / "classes.tsv";
  if (fs::exists(tsv, error)) titles = parseTitles(readFile(tsv, std::size_t{1} << 20), tsv.string());
  Dataset dataset;
  dataset.classNames = titlesOf(folders, titles, classNames, archiveOrFolder.string());
  dataset.train = readImageFolder(archiveOrFolder / "train", folders, shape, context);
  dataset.test = readImageFolder(archiveOrFolder / *test, folders, shape, context);
  return dataset;
}

Dataset readUserFolder(const fs::path& folder, const JobContext& context) {
  if (!isUtf8(folder.string())) bad("the folder's name is not UTF-8", folder.string(), "rename it");
  Dataset dataset;
  dataset.title = fs::absolute(folder).lexically_normal().filename().string();
  if (dataset.title.empty()) dataset.title = fs::absolute(folder).lexically_normal().parent_path().filename().string();
  dataset.name = folder.string();
  const auto trainFolder = firstFolder(folder, {"train"});
  const auto testFolder = firstFolder(folder, {"test", "val"});
  if (trainFolder.has_value() != testFolder.has_value()) {
    bad(std::string("there is a ") + (trainFolder ? "train" : "test") + " folder, but no " +
            (trainFolder ? "test or val" : "train") + " folder beside it",
        folder.string(), "lay the images out as train/CLASS/* and test/CLASS/*, or as CLASS/* alone");
  }
  std::vector<Source> train;
  std::vector<Source> test;
  if (trainFolder) {
    dataset.classNames = checkedClasses(listed(folder / *trainFolder, true), folder);
    train = sourcesIn(folder / *trainFolder, dataset.classNames);
    test = sourcesIn(folder / *testFolder, dataset.classNames);
  } else {
    dataset.classNames = checkedClasses(listed(folder, true), folder);
    std::map<std::int32_t, int> seen;
    for (auto& source : sourcesIn(folder, dataset.classNames)) {
      const bool toTest = ++seen[source.label] % kTestEvery == 0;
      (toTest ? test : train).push_back(std::move(source));
    }
    if (test.empty()) {
      bad("no class has the " + std::to_string(kTestEvery) + " images that are needed to set a test part aside",
          folder.string(), "add images, or lay them out as train/CLASS/* and test/CLASS/*");
    }
  }
  const ImageShape shape = userShape(train.front());
  dataset.train = readSources(train, shape, folder.string(), "train", context);
  dataset.test = readSources(test, shape, folder.string(), "test", context);
  dataset.checksum = datasetChecksum(dataset);
  return dataset;
}

}  // namespace whorl
