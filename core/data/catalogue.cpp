// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/catalogue.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"

namespace whorl {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Reads fields of one JSON object and remembers which ones were asked for, so that a misspelt one is noticed.
class Fields {
 public:
  Fields(const json& object, std::string where) : m_object(object), m_where(std::move(where)) {
    if (!object.is_object()) throw Error(ErrorKind::BadInput, "an object is expected", m_where);
  }

  template <class T>
  T required(const char* name) {
    if (!m_object.contains(name)) fail(name, "is missing");
    return optional<T>(name, T{});
  }
  template <class T>
  T optional(const char* name, T fallback) {
    m_seen.insert(name);
    if (!m_object.contains(name)) return fallback;
    try {
      return m_object.at(name).get<T>();
    } catch (const json::exception&) {
      fail(name, "has the wrong type");
    }
  }
  std::uint64_t count(const char* name, bool isRequired) {
    const auto value = isRequired ? required<json>(name) : optional<json>(name, json(0u));
    if (!value.is_number_unsigned()) fail(name, "must be a whole number, not negative");
    return value.get<std::uint64_t>();
  }
  json list(const char* name, bool isRequired) {
    auto value = isRequired ? required<json>(name) : optional<json>(name, json::array());
    if (!value.is_array()) fail(name, "must be a list");
    return value;
  }
  std::vector<std::string> checksums(const char* name) {
    auto values = optional<std::vector<std::string>>(name, {});
    for (const auto& value : values) {
      if (value.size() != 64 || value.find_first_not_of("0123456789abcdef") != std::string::npos) {
        fail(name, "must hold 64 lower-case hexadecimal digits each");
      }
    }
    return values;
  }
  void noOthers() const {
    for (const auto& [key, value] : m_object.items()) {
      if (!m_seen.contains(key)) fail(key, "is unknown");
    }
  }
  [[noreturn]] void fail(const std::string& name, const std::string& problem) const {
    throw Error(ErrorKind::BadInput, "the field \"" + name + "\" " + problem, m_where);
  }

 private:
  const json& m_object;
  std::string m_where;
  std::set<std::string> m_seen;
};

/// A name that can't lead out of the folder it is looked for in.
bool isPlainPath(const std::string& name) {
  const fs::path path(name);
  return !name.empty() && path.is_relative() &&
         std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".." || part == "."; });
}

CatalogueFile parseFile(const json& object, const std::string& where) {
  Fields fields(object, where);
  CatalogueFile file;
  file.name = fields.required<std::string>("name");
  file.names = fields.required<std::vector<std::string>>("names");
  file.urls = fields.optional<std::vector<std::string>>("urls", {});
  file.bytes = fields.count("bytes", false);
  file.sha256 = fields.checksums("sha256");
  file.downloadBytes = fields.count("download_bytes", false);
  file.folder = fields.optional<std::string>("folder", {});
  std::size_t index = 0;
  for (const json& element : fields.list("members", false)) {
    Fields member(element, where + ", member " + std::to_string(++index));
    file.members.push_back(
        {member.required<std::string>("name"), member.count("bytes", false), member.checksums("sha256")});
    member.noOthers();
    if (!isPlainPath(file.members.back().name) || !file.members.back().name.starts_with(file.folder + "/")) {
      member.fail("name", "must begin with the archive's folder");
    }
  }
  fields.noOthers();
  if (file.names.empty() || !std::all_of(file.names.begin(), file.names.end(), isPlainPath)) {
    fields.fail("names", "must list plain file names");
  }
  if (!file.folder.empty() && !isPlainPath(file.folder)) fields.fail("folder", "must be a plain folder name");
  for (const std::string& url : file.urls) {
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      fields.fail("urls", "must begin with http:// or https://");
    const std::string last = url.substr(url.rfind('/') + 1);
    if (std::find(file.names.begin(), file.names.end(), last) == file.names.end()) {
      fields.fail("urls", "must end in one of \"names\", not in \"" + last + "\"");
    }
  }
  return file;
}

bool isUnpackedFolder(const fs::path& folder, const CatalogueFile& file) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return false;
  if (file.members.empty()) return fs::is_directory(folder / "train", error);
  return std::all_of(file.members.begin(), file.members.end(), [&](const CatalogueMember& member) {
    std::error_code ignored;
    return fs::is_regular_file(folder.parent_path() / member.name, ignored);
  });
}

}  // namespace

Catalogue::Catalogue() {
  for (const EmbeddedJson& file : embeddedCatalogue()) m_entries.push_back(parse(file.text, file.name));
}

Catalogue::Catalogue(std::vector<CatalogueEntry> entries) : m_entries(std::move(entries)) {}

const CatalogueEntry& Catalogue::find(const std::string& name) const {
  std::string known;
  for (const CatalogueEntry& entry : m_entries) {
    if (entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw Error(ErrorKind::Usage, "there is no data set \"" + name + "\"", {},
              "known are " + known + ", or the path of a folder of images");
}

CatalogueEntry Catalogue::parse(const std::string& text, const std::string& where) {
  const json object = json::parse(text, nullptr, false);
  if (object.is_discarded()) throw Error(ErrorKind::BadInput, "this is no JSON", where);
  Fields fields(object, where);
  CatalogueEntry entry;
  entry.name = fields.required<std::string>("name");
  entry.title = fields.required<std::string>("title");
  entry.format = fields.required<std::string>("format");
  entry.licence = fields.required<std::string>("licence");
  entry.paper = fields.required<std::string>("paper");
  entry.homepage = fields.optional<std::string>("homepage", {});
  entry.howToGet = fields.optional<std::string>("how_to_get", {});
  const auto shape = fields.required<std::vector<int>>("shape");
  if (shape.size() != 3 || (shape[0] != 1 && shape[0] != 3) || shape[1] < 1 || shape[2] < 1 || shape[1] > 4096 ||
      shape[2] > 4096) {
    fields.fail("shape", "must be [channels, height, width]");
  }
  entry.shape = {shape[0], shape[1], shape[2]};
  entry.classNames = fields.required<std::vector<std::string>>("classes");
  if (entry.classNames.size() < 2) fields.fail("classes", "must name at least two classes");
  entry.trainCount = static_cast<std::int64_t>(fields.count("train_count", true));
  entry.testCount = static_cast<std::int64_t>(fields.count("test_count", true));
  entry.loadedSha256 = fields.checksums("loaded_sha256");
  std::size_t index = 0;
  for (const json& element : fields.list("files", false)) {
    entry.files.push_back(parseFile(element, where + ", file " + std::to_string(++index)));
  }
  fields.noOthers();
  if (!isPlainPath(entry.name) || entry.name.find('/') != std::string::npos)
    fields.fail("name", "must be a plain name");
  const std::vector<std::pair<std::string, std::size_t>> formats{
      {"idx", 4}, {"cifar-binary", 1}, {"image-folder", 1}, {"generated", 0}};
  const auto format =
      std::find_if(formats.begin(), formats.end(), [&](const auto& f) { return f.first == entry.format; });
  if (format == formats.end()) fields.fail("format", "must be idx, cifar-binary, image-folder or generated");
  if (entry.files.size() != format->second) {
    fields.fail("files", "must list " + std::to_string(format->second) + " files for the format " + entry.format);
  }
  return entry;
}

std::vector<fs::path> searchFolders(const DataSearch& search) {
  std::vector<fs::path> folders;
  if (!search.explicitFolder.empty()) {
    std::error_code error;
    if (!fs::is_directory(search.explicitFolder, error)) {
      throw Error(ErrorKind::BadInput, "there is no such data folder", search.explicitFolder.string(),
                  "give --data-dir a folder that exists");
    }
    folders.push_back(search.explicitFolder);
  }
  if (const char* variable = std::getenv("WHORL_DATA"); variable && *variable) folders.emplace_back(variable);
  if (!search.userFolder.empty()) folders.push_back(search.userFolder);
  return folders;
}

fs::path findDataFile(const CatalogueEntry& entry, const CatalogueFile& file, const fs::path& folder) {
  std::error_code error;
  for (const fs::path& base : {folder / entry.name, folder}) {
    for (const std::string& name : file.names) {
      if (fs::is_regular_file(base / name, error)) return base / name;
    }
    if (!file.folder.empty() && isUnpackedFolder(base / file.folder, file)) return base / file.folder;
  }
  return {};
}

}  // namespace whorl
