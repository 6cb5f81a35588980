// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/similar_sources.h"

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/image/image_file.h"
#include "core/service/evaluation.h"
#include "core/service/similar_support.h"

namespace whorl {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kReportEvery = 1000;
constexpr std::size_t kMostFileBytes = std::size_t{256} << 20;

/// One walk through a folder.
class Walk {
 public:
  Walk(fs::path folder, const fs::path& index, const JobContext& context)
      : m_folder(std::move(folder)), m_index(index.string()), m_context(context) {}

  IndexSources run() {
    m_open.push_back("");
    while (!m_open.empty()) {
      const std::string prefix = std::move(m_open.back());
      m_open.pop_back();
      visit(prefix);
    }
    std::sort(m_sources.images.begin(), m_sources.images.end(),
              [](const IndexSource& a, const IndexSource& b) { return a.name < b.name; });
    return std::move(m_sources);
  }

 private:
  /// `prefix` is "" or ends with a slash.
  void visit(const std::string& prefix) {
    std::error_code error;
    fs::directory_iterator entries(m_folder / prefix, error);
    if (error && prefix.empty()) {
      throw Error(ErrorKind::BadInput, "the folder can't be read: " + error.message(), m_folder.string());
    }
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      m_context.throwIfStopped();
      take(*entries, prefix);
    }
    // Also where the listing broke off: what was listed before is taken.
    if (error) {
      const std::string name = prefix.empty() ? "." : prefix.substr(0, prefix.size() - 1);
      m_sources.problems.push_back({name, "can't be read: " + error.message(), {}});
    }
  }

  void take(const fs::directory_entry& entry, const std::string& prefix) {
    const std::string file = entry.path().filename().string();
    if (file.starts_with('.') || isIndex(entry.path().string())) return;
    const std::string name = prefix + file;
    std::error_code error;
    const fs::file_status status = entry.status(error);  // of what a link leads to
    const bool link = entry.is_symlink(error);
    if (status.type() == fs::file_type::directory) {
      if (!link) m_open.push_back(name + "/");  // a link may lead back
      return;
    }
    if (link && (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none)) {
      m_sources.problems.push_back({name, "the link leads nowhere", {}});
      return;
    }
    if (status.type() != fs::file_type::regular) return;
    try {
      m_sources.images.push_back({name, stampOf(entry.path()), -1});
    } catch (const Error& problem) {
      m_sources.problems.push_back({name, problem.message(), {}});
    }
    const std::int64_t found = std::ssize(m_sources.images);
    if (found % kReportEvery == 0) m_context.report({0, 0, "looking for images", {}});
  }

  /// The file itself, or one that SQLite keeps beside it for a while.
  bool isIndex(const std::string& path) const {
    if (!path.starts_with(m_index)) return false;
    const std::string rest = path.substr(m_index.size());
    return rest.empty() || rest == "-journal" || rest == "-wal" || rest == "-shm";
  }

  fs::path m_folder;
  std::string m_index;
  const JobContext& m_context;
  std::vector<std::string> m_open;
  IndexSources m_sources;
};

}  // namespace

IndexSources filesBelow(const fs::path& folder, const fs::path& index, const JobContext& context) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(folder, error);
  if (error || !fs::is_directory(whole, error)) {
    throw Error(ErrorKind::BadInput, "there is no such folder", folder.string(), "give a folder of image files");
  }
  const fs::path own = fs::weakly_canonical(index, error);
  IndexSources sources = Walk(whole, error ? index : own, context).run();
  if (sources.images.empty()) {
    const std::string more = sources.problems.empty()
                                 ? std::string()
                                 : "; " + sources.problems.front().name + ": " + sources.problems.front().problem;
    throw Error(ErrorKind::BadInput, "there are no files in the folder" + more, folder.string(),
                "give a folder of image files");
  }
  return sources;
}

IndexSources imagesOf(const DataSplit& split, const std::string& name, std::int64_t count) {
  IndexSources sources;
  const std::int64_t all = count > 0 ? std::min(count, split.count()) : split.count();
  for (std::int64_t place = 0; place < all; ++place) {
    sources.images.push_back({name + "/" + std::to_string(place), {}, place});
  }
  if (all == 0) throw Error(ErrorKind::BadInput, "the data set has no " + name + " images", name);
  return sources;
}

bool isPlainFolder(const std::string& nameOrFolder, const Catalogue& catalogue) {
  for (const CatalogueEntry& entry : catalogue.entries()) {
    if (entry.name == nameOrFolder) return false;
  }
  std::error_code error;
  const fs::path folder = nameOrFolder;
  return fs::is_directory(folder, error) && !fs::is_directory(folder / "train", error) &&
         !fs::is_directory(folder / "test", error);
}

FolderData readPlainFolder(const std::string& folder, std::int64_t count, std::uint64_t seed, const ImageShape& shape,
                           const JobContext& context) {
  const IndexSources sources = filesBelow(folder, {}, context);
  FolderData result{nullptr, sources.problems};
  auto data = std::make_shared<Dataset>();
  data->name = data->title = folder;
  data->classNames = {"image"};
  data->test.shape = data->train.shape = shape;
  const std::int64_t files = std::ssize(sources.images);
  const std::int64_t wanted = count > 0 ? std::min(count, files) : files;
  for (const std::int64_t place : selectionOrder(files, seed)) {
    if (data->test.count() == wanted) break;
    context.throwIfStopped();
    const IndexSource& source = sources.images[static_cast<std::size_t>(place)];
    const fs::path path = fs::path(folder) / source.name;
    try {
      const std::string bytes = readFile(path, kMostFileBytes);
      const Image image = decodeFitted(bytes.data(), bytes.size(), path.string(), shape, FitMode::Fit).image;
      for (const float value : image.pixels) {
        data->test.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * value)));
      }
      data->test.labels.push_back(0);
      context.report({data->test.count(), wanted, "reading", {}});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::BadInput) throw;
      result.problems.push_back({source.name, error.message(), source.stamp});
    }
  }
  if (data->test.count() < 2) {
    throw Error(ErrorKind::BadInput,
                "a benchmark needs two images" + (result.problems.empty() ? std::string()
                                                                          : "; " + result.problems.front().name + ": " +
                                                                                result.problems.front().problem),
                folder, "give a folder of more images");
  }
  data->checksum = datasetChecksum(*data);
  result.data = std::move(data);
  return result;
}

PixelGate::Pass::Pass(PixelGate& gate, std::int64_t pixels) : m_gate(gate), m_pixels(pixels) {
  std::unique_lock lock(m_gate.m_mutex);
  m_gate.m_left.wait(lock, [&] { return m_gate.m_inside == 0 || m_gate.m_inside + m_pixels <= m_gate.m_budget; });
  m_gate.m_inside += m_pixels;
}

PixelGate::Pass::~Pass() {
  {
    const std::lock_guard lock(m_gate.m_mutex);
    m_gate.m_inside -= m_pixels;
  }
  m_gate.m_left.notify_all();
}

}  // namespace whorl
