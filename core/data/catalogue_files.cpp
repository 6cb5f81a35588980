// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <map>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/data/archive.h"
#include "core/data/catalogue.h"
#include "core/data/download.h"

namespace whorl {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxUnpackedBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kMaxMemberBytes = std::uint64_t{256} << 20;

/// "" or what is wrong with unpacked content.
std::string contentProblem(const std::string& content, std::uint64_t bytes, const std::vector<std::string>& sha256) {
  if (bytes != 0 && content.size() != bytes) {
    const bool isShort = content.size() < bytes;
    const std::uint64_t difference = isShort ? bytes - content.size() : content.size() - bytes;
    return std::to_string(difference) + (isShort ? " bytes short" : " bytes too long");
  }
  if (sha256.empty()) return {};
  const std::string found = sha256Hex(content.data(), content.size());
  if (std::find(sha256.begin(), sha256.end(), found) != sha256.end()) return {};
  return "the checksum differs: SHA-256 " + found;
}

std::string membersProblem(const CatalogueFile& file, const fs::path& path, const JobContext& context) {
  std::map<std::string, std::string> problems;
  for (const CatalogueMember& member : file.members) problems[member.name] = "it is missing";
  const auto check = [&](const CatalogueMember& member, const std::string& bytes) {
    problems[member.name] = contentProblem(bytes, member.bytes, member.sha256);
  };
  if (fs::is_directory(path)) {
    for (const CatalogueMember& member : file.members) {
      context.step();
      check(member, readFile(path.parent_path() / member.name, kMaxMemberBytes));
    }
  } else {
    visitArchive(path, kMaxMemberBytes, context, [&](const std::string& name, const std::string& bytes) {
      for (const CatalogueMember& member : file.members) {
        if (fs::path(name).lexically_normal() == member.name) check(member, bytes);
      }
    });
  }
  for (const auto& [name, problem] : problems) {
    if (!problem.empty()) return std::string(name).append(": ").append(problem);
  }
  return {};
}

/// "" or what is wrong with a file (or unpacked folder) of the catalogue.
std::string fileProblem(const CatalogueFile& file, const fs::path& path, const JobContext& context) {
  try {
    if (!file.members.empty()) return membersProblem(file, path, context);
    if (fs::is_directory(path)) return {};
    return contentProblem(readMaybeGzip(path, kMaxUnpackedBytes), file.bytes, file.sha256);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::BadInput) throw;
    return error.message();
  }
}

bool isChecked(const CatalogueFile& file, const fs::path& path) {
  if (file.members.empty()) return !file.sha256.empty() && !fs::is_directory(path);
  return std::all_of(file.members.begin(), file.members.end(),
                     [](const auto& member) { return !member.sha256.empty(); });
}

}  // namespace

void Catalogue::fetch(const CatalogueEntry& entry, const DataSearch& search, const JobContext& context) const {
  if (entry.format == "generated") return;
  if (locate(entry, search)) return;  // wherever it lies
  if (search.userFolder.empty()) throw Error(ErrorKind::Internal, "no folder to download into was given");
  for (const CatalogueFile& file : entry.files) {
    context.step();
    if (!findDataFile(entry, file, search.userFolder).empty()) continue;
    if (file.urls.empty()) {
      throw Error(ErrorKind::BadInput, entry.title + " can't be downloaded", file.name, entry.howToGet);
    }
    DownloadRequest request;
    request.urls = file.urls;
    request.target = search.userFolder / entry.name / file.urls.front().substr(file.urls.front().rfind('/') + 1);
    request.verify = [&](const fs::path& path) { return fileProblem(file, path, context); };
    try {
      download(request, context);
    } catch (...) {
      std::error_code ignored;
      fs::remove(request.target.parent_path(), ignored);  // only where it is empty
      throw;
    }
  }
}

std::vector<Catalogue::Verification> Catalogue::verify(const CatalogueEntry& entry, const DataSearch& search,
                                                       const JobContext& context) const {
  const auto folder = locate(entry, search);
  std::vector<Verification> results;
  for (const CatalogueFile& file : entry.files) {
    context.step();
    context.report({static_cast<std::int64_t>(results.size()),
                    static_cast<std::int64_t>(entry.files.size()),
                    "checking " + file.name,
                    {}});
    Verification result;
    result.file = file.name;
    // Where not all files lie in one folder, each is looked for in turn, so that the report says which one is missing.
    for (const fs::path& candidate : folder ? std::vector<fs::path>{*folder} : searchFolders(search)) {
      if (result.path.empty()) result.path = findDataFile(entry, file, candidate);
    }
    if (result.path.empty()) {
      result.message = "not found";
    } else {
      const std::string problem = fileProblem(file, result.path, context);
      result.ok = problem.empty();
      result.message = !problem.empty()               ? problem
                       : isChecked(file, result.path) ? "checksum agrees"
                                                      : "present; an unpacked folder has no checksum";
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace whorl
