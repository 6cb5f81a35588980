// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/engine_impl.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>

#include "core/nn/device.h"
#ifndef WHORL_MINIMAL
#include "core/image/image_file.h"
#endif

namespace whorl {
namespace {

namespace fs = std::filesystem;

constexpr int kMostThreads = 1024;

fs::path userFolderOf(const EngineOptions& options) {
  if (!options.userFolder.empty()) return options.userFolder;
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data && *data == '/') return fs::path(data) / "whorl";
  if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".local/share/whorl";
  throw Error(ErrorKind::Failed, "no place for the user's files: neither XDG_DATA_HOME nor HOME is set", {},
              "set one of them");
}

/// Beside the program or the engine's library, as installed or as built; last the sources that it was built from.
fs::path resourceFolderOf(const EngineOptions& options) {
  if (!options.resourceFolder.empty()) return options.resourceFolder;
  std::vector<fs::path> anchors;
  std::error_code ignored;
  anchors.push_back(fs::read_symlink("/proc/self/exe", ignored).parent_path());
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&hardwareThreads), &library) && library.dli_fname) {
    anchors.push_back(fs::absolute(library.dli_fname, ignored).parent_path());
  }
  for (const auto& anchor : anchors) {
    for (const char* relative : {"resources", "../share/whorl", "../../share/whorl", "../../../share/whorl"}) {
      const fs::path folder = anchor / relative;
      if (fs::is_directory(folder / "models", ignored)) return folder.lexically_normal();
    }
  }
  return WHORL_SOURCE_RESOURCES;
}

/// Long work takes all but the reserved cores. Interactive work is small (one image): threads inside its operators
/// would only wait for each other while training keeps the cores busy.
void startWorker(Lane lane, int reservedCores) {
  setIntraOpThreads(lane == Lane::Interactive ? std::clamp(hardwareThreads() / 2, 1, 2)
                                              : std::max(1, hardwareThreads() - reservedCores));
}

#ifdef WHORL_MINIMAL
[[noreturn]] void noImageFiles(const std::string& where) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no image files", where, "use the full build");
}
#endif

}  // namespace

EngineImpl::EngineImpl(EngineOptions options)
    : m_options(std::move(options)),
      m_userFolder(userFolderOf(m_options)),
      m_resourceFolder(resourceFolderOf(m_options)),
      m_datasets(m_catalogue, DataSearch{m_options.dataFolder, m_userFolder / "datasets", true}),
      m_models(m_resourceFolder / "models", m_userFolder),
      m_plans(m_userFolder / "plans.json"),
      m_scheduler([reserved = m_options.reservedCores](Lane lane) { startWorker(lane, reserved); }) {
  tuneAllocator();
}

std::shared_ptr<Job> EngineImpl::submit(Lane lane, std::string title, std::function<void(JobContext&)> work,
                                        JobObserver observer) {
  return m_scheduler.submit(lane, std::move(title), std::move(work), std::move(observer));
}

int EngineImpl::threadsFor(int requested) const {
  if (requested < 0 || requested > kMostThreads) {
    throw Error(ErrorKind::Usage, std::to_string(requested) + " is no number of threads", "threads",
                "0 for all, or 1 to " + std::to_string(kMostThreads));
  }
  return requested > 0 ? requested : std::max(1, hardwareThreads() - m_options.reservedCores);
}

std::vector<ModelInfo> EngineImpl::models() const { return m_models.list(); }

ModelInfo EngineImpl::model(const std::string& id) { return m_models.info(id); }

std::string EngineImpl::trashModel(const std::string& id) { return m_models.trash(id); }

void EngineImpl::restoreModel(const std::string& trashedPath) { m_models.restore(trashedPath); }

// ---- Data ----------------------------------------------------------------------------------------------------------

void EngineImpl::fetchDataset(const std::string& name, const JobContext& context) {
  m_catalogue.fetch(m_catalogue.find(name), m_datasets.search(), context);
  m_datasets.forget(name);
}

std::vector<FileVerification> EngineImpl::verifyDataset(const std::string& name, const JobContext& context) {
  std::vector<FileVerification> files;
  for (const auto& found : m_catalogue.verify(m_catalogue.find(name), m_datasets.search(), context)) {
    files.push_back({found.file, found.path.string(), found.ok, found.message});
  }
  return files;
}

std::vector<DatasetImage> EngineImpl::testImages(const std::string& dataset, std::int64_t first, std::int64_t count,
                                                 const JobContext& context) {
  if (first < 0 || count < 0) throw Error(ErrorKind::Usage, "negative image numbers", dataset);
  const DatasetPtr data = m_datasets.get(dataset, context);
  std::vector<DatasetImage> images;
  const std::int64_t available = std::max<std::int64_t>(0, data->test.count() - first);
  const std::int64_t end = first + std::min(count, available);
  for (std::int64_t index = first; index < end; ++index) {
    const int label = data->test.labels[index];
    images.push_back({data->test.image(index), label, data->classNames.at(label), index});
  }
  return images;
}

// ---- Image files ---------------------------------------------------------------------------------------------------

#ifdef WHORL_MINIMAL
Image EngineImpl::readImage(const std::string& path) { noImageFiles(path); }
Image EngineImpl::decodeImage(const std::string&, const std::string& name) { noImageFiles(name); }
void EngineImpl::writeImage(const Image&, const std::string& path) { noImageFiles(path); }
#else
Image EngineImpl::readImage(const std::string& path) { return whorl::readImage(path).image; }

Image EngineImpl::decodeImage(const std::string& bytes, const std::string& name) {
  return whorl::decodeImage(bytes.data(), bytes.size(), name).image;
}

void EngineImpl::writeImage(const Image& image, const std::string& path) { whorl::writeImage(image, path); }
#endif

}  // namespace whorl
