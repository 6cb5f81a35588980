// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/models.h"

#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "core/nn/model.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".safetensors";
constexpr std::size_t kOriginLimit = 64 * 1024;
constexpr std::size_t kTrustedLimit = 4 << 20;

std::vector<fs::path> modelFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;  // a folder that isn't there yet holds no models
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    std::error_code unreadable;
    if (entry.path().extension() == kSuffix && !name.starts_with('.') && entry.is_regular_file(unreadable)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool sameFolder(const fs::path& file, const fs::path& folder) {
  std::error_code ignored;
  return fs::equivalent(file.parent_path(), folder, ignored);
}

fs::path originFile(const fs::path& trashed) { return trashed.string() + ".origin"; }

fs::path untaken(const fs::path& folder, const std::string& stem) {
  fs::path path = folder / (stem + kSuffix);
  for (int i = 2; fs::exists(path); ++i) path = folder / (stem + "-" + std::to_string(i) + kSuffix);
  return path;
}

void move(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::rename(from, to, error);
  if (error) throw Error(ErrorKind::Failed, "can't be moved to " + to.string() + ": " + error.message(), from.string());
}

/// SHA-256 → name of the files that may run code. Empty where the list is missing, or isn't exactly what we write.
std::map<std::string, std::string> readTrusted(const fs::path& list) {
  try {
    return nlohmann::json::parse(readFile(list, kTrustedLimit)).at("trusted").get<std::map<std::string, std::string>>();
  } catch (const nlohmann::json::exception&) {
  } catch (const Error&) {
  }
  return {};
}

}  // namespace

ModelStore::ModelStore(fs::path shippedFolder, fs::path userFolder)
    : m_shipped(std::move(shippedFolder)),
      m_user(userFolder / "models"),
      m_trash(userFolder / "trash"),
      m_trusted(userFolder / "trusted-modules.json") {}

ModelStore::Stamp ModelStore::stampOf(const fs::path& path) {
  std::error_code error;
  Stamp stamp;
  stamp.modified = fs::last_write_time(path, error);
  if (!error) stamp.bytes = fs::file_size(path, error);
  if (error) throw Error(ErrorKind::BadInput, "the model can't be read: " + error.message(), path.string());
  return stamp;
}

ModelInfo ModelStore::describe(const fs::path& path, bool shipped) const {
  ModelInfo info;
  info.id = shipped ? path.stem().string() : path.string();
  info.name = path.stem().string();
  info.path = path.string();
  info.shipped = shipped;
  try {
    readInfo(path, info);
    if (info.architecture == kTorchScript && !trusts(info.sha256)) throwUntrusted(path);
  } catch (const std::exception& error) {
    info.problem = error.what();
  }
  return info;
}

void ModelStore::readInfo(const fs::path& path, ModelInfo& info) const {
  const Stamp stamp = stampOf(path);
  {
    const std::lock_guard lock(m_mutex);
    const auto known = m_described.find(path.string());
    if (known != m_described.end() && known->second.first == stamp) {
      info = known->second.second;
      return;
    }
  }
  const Model header = readModelHeader(path);
  if (!header.name.empty()) info.name = header.name;
  info.architecture = header.architecture;
  info.input = header.input;
  info.classNames = header.classNames;
  const auto& table = whorl::architectures();
  const auto known =
      std::find_if(table.begin(), table.end(), [&](const auto& a) { return a.name == header.architecture; });
  if (known != table.end()) {
    info.parameters = parameterCount(*known, header.input, static_cast<int>(header.classNames.size()));
  }
  if (header.fingerprintDx) info.fingerprints = header.fingerprintDx->size(0);
  info.threshold = header.threshold;
  info.differentiable = header.differentiable;
  info.sha256 = header.sha256.empty() ? sha256File(path) : header.sha256;
  info.pastJson = header.past.dump();
  const std::lock_guard lock(m_mutex);
  m_described[path.string()] = {stamp, info};
}

std::vector<ModelInfo> ModelStore::list() const {
  std::vector<ModelInfo> models;
  for (const auto& path : modelFiles(m_shipped)) models.push_back(describe(path, true));
  auto mine = modelFiles(m_user);
  const auto age = [](const fs::path& path) {
    std::error_code ignored;
    return fs::last_write_time(path, ignored);
  };
  std::stable_sort(mine.begin(), mine.end(), [&](const fs::path& a, const fs::path& b) { return age(a) > age(b); });
  for (const auto& path : mine) models.push_back(describe(path, false));
  return models;
}

fs::path ModelStore::resolve(const std::string& id) const {
  std::error_code ignored;
  const bool looksLikePath = id.find('/') != std::string::npos || fs::path(id).extension() == kSuffix;
  if (!looksLikePath && !id.empty()) {
    for (const auto& folder : {m_shipped, m_user}) {
      const fs::path path = folder / (id + kSuffix);
      if (fs::is_regular_file(path, ignored)) return path;
    }
  }
  if (!id.empty() && fs::is_regular_file(id, ignored)) return id;
  std::string known;
  for (const auto& folder : {m_shipped, m_user}) {
    for (const auto& path : modelFiles(folder)) known += (known.empty() ? "" : ", ") + path.stem().string();
  }
  throw Error(
      ErrorKind::BadInput, looksLikePath ? "there is no such model file" : "there is no model of that name",
      id.empty() ? "model" : id,
      known.empty() ? "train one, or give the path of a .safetensors file" : "give a path, or one of: " + known);
}

ModelInfo ModelStore::info(const std::string& id) const {
  const fs::path path = resolve(id);
  ModelInfo found = describe(path, sameFolder(path, m_shipped));
  if (!found.problem.empty()) throw Error(ErrorKind::BadInput, found.problem);
  return found;
}

std::shared_ptr<const Model> ModelStore::load(const std::string& id, const std::string& device) {
  const fs::path path = resolve(id);
  const Stamp stamp = stampOf(path);
  const std::string key = device + " " + fs::absolute(path).string();
  {
    const std::lock_guard lock(m_mutex);
    const auto found = std::find_if(m_loaded.begin(), m_loaded.end(), [&](const Loaded& l) { return l.key == key; });
    if (found != m_loaded.end() && found->stamp == stamp) {
      m_loaded.splice(m_loaded.begin(), m_loaded, found);
      return m_loaded.front().model;
    }
  }
  // Outside the lock: another job needn't wait for this file. Two that want the same one read it twice, harmlessly.
  Model read = readModel(path, torch::Device(device), [this](const std::string& sha256) { return trusts(sha256); });
  read.module.reset();  // its classifier has what it needs
  auto model = std::make_shared<const Model>(std::move(read));
  const std::lock_guard lock(m_mutex);
  m_loaded.remove_if([&](const Loaded& l) { return l.key == key; });
  m_loaded.push_front({key, stamp, model});
  if (m_loaded.size() > kKept) m_loaded.pop_back();
  return model;
}

void ModelStore::trust(const std::string& sha256, const std::string& name) {
  const std::lock_guard lock(m_mutex);
  auto trusted = readTrusted(m_trusted);
  trusted[sha256] = name;
  AtomicFile file(m_trusted);
  file.write(nlohmann::json{{"trusted", trusted}}.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  file.commit();
}

bool ModelStore::trusts(const std::string& sha256) const { return readTrusted(m_trusted).contains(sha256); }

fs::path ModelStore::freshPath(const std::string& stem) const { return untaken(m_user, stem); }

std::string ModelStore::trash(const std::string& id) {
  const fs::path path = fs::absolute(resolve(id));
  if (!sameFolder(path, m_user)) {
    throw Error(ErrorKind::Usage, "only models in your own folder can be deleted", path.string(),
                "its folder is " + m_user.string());
  }
  const fs::path trashed = untaken(m_trash, path.stem().string());
  AtomicFile origin(originFile(trashed));
  origin.write(path.string());
  origin.commit();
  move(path, trashed);
  return trashed.string();
}

void ModelStore::restore(const std::string& trashedPath) {
  const bool isName = !trashedPath.empty() && trashedPath.find('/') == std::string::npos;
  const fs::path trashed = isName && !trashedPath.ends_with(kSuffix) ? m_trash / (trashedPath + kSuffix)
                           : isName                                  ? m_trash / trashedPath
                                                                     : fs::path(trashedPath);
  if (!sameFolder(trashed, m_trash) || !fs::is_regular_file(trashed)) {
    throw Error(ErrorKind::BadInput, "there is no such model in the trash", trashedPath);
  }
  const fs::path origin = readFile(originFile(trashed), kOriginLimit);
  // The name may have been taken since.
  const fs::path target = fs::exists(origin) ? untaken(origin.parent_path(), origin.stem().string()) : origin;
  move(trashed, target);
  std::error_code ignored;
  fs::remove(originFile(trashed), ignored);
}

}  // namespace whorl
