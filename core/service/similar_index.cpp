// SPDX-License-Identifier: GPL-3.0-or-later
// Features of a folder's or data set's images into an index on disk.
#include <algorithm>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "core/image/image_file.h"
#include "core/image/image_header.h"
#include "core/nn/batch_workers.h"
#include "core/retrieval/feature_layer.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/impl/inference.h"
#include "core/service/similar_sources.h"
#include "core/service/similar_support.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kBatch = 64;
constexpr std::size_t kMostFileBytes = std::size_t{256} << 20;
constexpr std::int64_t kPixelsAtOnce = 16'000'000;
constexpr double kFlushSeconds = 0.5;  ///< what a crash may lose

/// What a batch of sources became.
struct Done {
  std::vector<IndexedImage> images;
  std::vector<IndexProblem> problems;
  std::int64_t count = 0;
};

class Indexing {
 public:
  Indexing(const SimilarIndexRequest& request, const FeatureLayer& layer, DatasetPtr data, const JobContext& context)
      : m_request(request), m_layer(layer), m_data(std::move(data)), m_context(context) {
    m_batch = fittingBatch(layer.model(), request.batchSize > 0 ? request.batchSize : kBatch, 1, false);
  }

  std::int64_t batch() const { return m_batch; }

  void run(FeatureIndex& index, IndexSources sources, int threads, SimilarIndexResult& result) {
    index.add({}, sources.problems);
    dropStale(index, sources, result);
    m_context.report({result.kept, result.kept + std::ssize(m_todo), "indexing", {}});
    const std::int64_t batches = (std::ssize(m_todo) + m_batch - 1) / m_batch;
    // Workers of one thread: reading and the network's small operators both scale so, also on a busy machine.
    BatchWorkers<Done> workers(batches, threads, 1);
    const Stopwatch watch;
    try {
      workers.run([&](std::int64_t number) { return work(number * m_batch); },
                  [&](std::int64_t, Done&& done) { deliver(index, std::move(done), result, watch); });
    } catch (...) {
      flush(index);  // what is done is kept
      throw;
    }
    flush(index);
    result.imagesPerSecond = static_cast<double>(result.added) / std::max(watch.seconds(), 1e-9);
    checkSomething(index);
  }

 private:
  /// What is there already and unchanged needs no work; what is gone or has changed must not be found any more.
  void dropStale(FeatureIndex& index, IndexSources& sources, SimilarIndexResult& result) {
    auto known = index.known();
    // What could not be read is tried again: permissions and disks change without the file's size or time.
    std::set<std::string> unread;
    for (const IndexProblem& problem : index.problems()) unread.insert(problem.name);
    for (IndexSource& source : sources.images) {
      const auto found = known.find(source.name);
      if (found != known.end() && found->second == source.stamp && !unread.contains(source.name)) {
        ++result.kept;
        known.erase(found);
      } else {
        m_todo.push_back(std::move(source));
      }
    }
    for (const IndexProblem& problem : sources.problems) known.erase(problem.name);
    std::vector<std::string> stale;
    for (const auto& [name, stamp] : known) stale.push_back(name);
    if (!stale.empty()) index.remove(stale);
    result.removed =
        std::count_if(stale.begin(), stale.end(), [&](const auto& name) { return !unread.contains(name); });
  }

  Done work(std::int64_t first) const {
    const ImageShape& shape = m_layer.model().input;
    Done done;
    done.count = std::min(m_batch, std::ssize(m_todo) - first);
    torch::Tensor images = torch::empty({done.count, shape.channels, shape.height, shape.width}, torch::kFloat32);
    for (std::int64_t i = 0; i < done.count; ++i) {
      m_context.throwIfStopped();
      const IndexSource& source = m_todo[static_cast<std::size_t>(first + i)];
      try {
        IndexedImage entry;
        const Image image = fitted(source, entry);
        std::copy(image.pixels.begin(), image.pixels.end(),
                  images.mutable_data_ptr<float>() + std::ssize(done.images) * shape.size());
        done.images.push_back(std::move(entry));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput) throw;
        done.problems.push_back({source.name, error.message(), source.stamp});
      }
    }
    if (done.images.empty()) return done;
    const torch::Tensor rows = m_layer.rows(images.narrow(0, 0, std::ssize(done.images)));
    const auto* at = rows.const_data_ptr<float>();
    for (IndexedImage& each : done.images) {
      each.features.assign(at, at + m_layer.dimension());
      at += m_layer.dimension();
    }
    return done;
  }

  /// As the network's input; fills in what the index tells of it.
  Image fitted(const IndexSource& source, IndexedImage& entry) const {
    entry.name = source.name;
    entry.stamp = source.stamp;
    const ImageShape& shape = m_layer.model().input;
    if (source.place >= 0) return fittedImage(fromData(source, entry), shape, fitName(m_request.fit));
    const fs::path path = fs::path(m_request.folder) / source.name;
    const std::string bytes = readFile(path, kMostFileBytes);
    entry.sha256 = sha256Hex(bytes.data(), bytes.size());
    const ImageHeader header = readImageHeader(bytes, path.string());
    // A header may say anything: decodeImage refuses what is too much.
    const std::int64_t most = kPixelsAtOnce + 1;
    const std::int64_t pixels = std::min(header.width, most) * std::min(header.height, most);
    const PixelGate::Pass pass(m_gate, pixels);
    FittedFile file = decodeFitted(bytes.data(), bytes.size(), path.string(), shape, fitMode(fitName(m_request.fit)));
    entry.shape = file.shape;
    return std::move(file.image);
  }

  Image fromData(const IndexSource& source, IndexedImage& entry) const {
    const DataSplit& split = splitOf(*m_data, m_request.split);
    const auto size = static_cast<std::size_t>(split.shape.size());
    entry.sha256 = sha256Hex(split.pixels.data() + static_cast<std::size_t>(source.place) * size, size);
    entry.shape = split.shape;
    entry.label = split.labels[static_cast<std::size_t>(source.place)];
    return split.image(source.place);
  }

  void deliver(FeatureIndex& index, Done&& done, SimilarIndexResult& result, const Stopwatch& watch) {
    result.added += std::ssize(done.images);
    m_done += done.count;
    for (auto& each : done.images) m_pending.images.push_back(std::move(each));
    for (auto& each : done.problems) m_pending.problems.push_back(std::move(each));
    if (m_sinceFlush.seconds() > kFlushSeconds) flush(index);
    m_context.report({result.kept + m_done,
                      result.kept + std::ssize(m_todo),
                      "indexing",
                      {{"images_per_second", static_cast<double>(m_done) / std::max(watch.seconds(), 1e-9)}}});
    m_context.step();
  }

  void flush(FeatureIndex& index) {
    if (!m_pending.images.empty() || !m_pending.problems.empty()) index.add(m_pending.images, m_pending.problems);
    m_pending = {};
    m_sinceFlush = {};
  }

  static void checkSomething(const FeatureIndex& index) {
    if (index.imageCount() > 0) return;
    const auto problems = index.problems();
    throw Error(ErrorKind::BadInput,
                "none of the " + std::to_string(problems.size()) +
                    " files is an image that can be read; the first: " + problems.front().problem,
                problems.front().name, "give a folder of image files");
  }

  const SimilarIndexRequest& m_request;
  const FeatureLayer& m_layer;
  DatasetPtr m_data;
  const JobContext& m_context;
  std::int64_t m_batch = kBatch;
  std::vector<IndexSource> m_todo;
  std::int64_t m_done = 0;
  Done m_pending;
  Stopwatch m_sinceFlush;
  mutable PixelGate m_gate{kPixelsAtOnce};
};

IndexIdentity identityFor(const SimilarIndexRequest& request, const FeatureLayer& layer, const Dataset* data) {
  IndexIdentity identity;
  identity.modelSha256 = layer.model().sha256;
  identity.model = fs::absolute(layer.model().path).lexically_normal().string();
  identity.layer = layer.name();
  identity.normalised = request.normalise;
  identity.fit = fitName(request.fit);
  identity.source = data ? "dataset" : "folder";
  identity.place = data ? data->name : fs::weakly_canonical(request.folder).string();
  identity.split = data ? request.split : "";
  identity.checksum = data ? data->checksum : "";
  identity.dimension = layer.dimension();
  return identity;
}

/// A name of its own for everything that an index may be of.
std::string fileNameFor(const IndexIdentity& identity) {
  std::string text;
  for (const std::string& part : {identity.modelSha256, identity.layer, std::string(identity.normalised ? "1" : "0"),
                                  identity.fit, identity.source, identity.place, identity.split, identity.checksum}) {
    text += part + '\0';
  }
  return sha256Hex(text.data(), text.size()).substr(0, 24) + ".index";
}

json documentOf(const SimilarIndexResult& result, const IndexIdentity& identity, const std::string& device, int threads,
                std::int64_t batch) {
  json document = documentHead("similar index", 0, device, threads, batch, "float32");
  json problems = json::array();
  for (const auto& each : result.problems) problems.push_back({{"name", each.name}, {"problem", each.problem}});
  document.update({{"index", result.index},
                   {"model", identity.model},
                   {"model_sha256", identity.modelSha256},
                   {"layer", identity.layer},
                   {"normalised", identity.normalised},
                   {"fit", identity.fit},
                   {"source", {{identity.source, identity.place}}},
                   {"images", result.images},
                   {"rows", result.rows},
                   {"dimension", result.dimension},
                   {"added", result.added},
                   {"kept", result.kept},
                   {"removed", result.removed},
                   {"sizes", result.sizes},
                   {"duplicates", result.duplicates},
                   {"problems", std::move(problems)},
                   {"seconds", result.seconds},
                   {"images_per_second", numberOrNull(result.imagesPerSecond)}});
  if (identity.source == "dataset") {
    document["source"]["split"] = identity.split;
    document["source"]["checksum"] = identity.checksum;
  }
  return document;
}

}  // namespace

std::vector<std::string> EngineImpl::featureLayers(const std::string& model) {
  return whorl::featureLayers(readModelHeader(m_models.resolve(model)));
}

SimilarIndexResult EngineImpl::similarIndex(const SimilarIndexRequest& request, const JobContext& context) {
  return translated("similar index", [&] {
    const Stopwatch watch;
    if (request.folder.empty() == request.dataset.empty()) {
      throw Error(ErrorKind::Usage, "a folder or a data set must be named", "similar index", "one of the two");
    }
    if (request.count < 0 || request.batchSize < 0 || (request.count > 0 && request.dataset.empty())) {
      throw Error(ErrorKind::Usage, "a number of images below 0, or of a folder", "count",
                  "a data set's first so many images; 0 takes all");
    }
    const int threadCount = threadsFor(request.threads);
    const ThreadScope threads(threadCount);
    const FeatureLayer layer(m_models.load(request.model, parseDevice(request.device).str()), request.layer,
                             request.normalise);
    const DatasetPtr data = request.dataset.empty() ? nullptr : m_datasets.get(request.dataset, context);
    if (data) splitOf(*data, request.split);
    const IndexIdentity identity = identityFor(request, layer, data.get());
    const fs::path file = fs::absolute(request.index.empty() ? m_userFolder / "indexes" / fileNameFor(identity)
                                                             : fs::path(request.index));
    // Before the index is opened: nothing is made for an empty folder.
    IndexSources sources = data ? imagesOf(splitOf(*data, request.split), request.split, request.count)
                                : filesBelow(request.folder, file, context);
    FeatureIndex index(file, FeatureIndex::Mode::Write);
    index.claim(identity);

    SimilarIndexResult result;
    Indexing indexing(request, layer, data, context);
    indexing.run(index, std::move(sources), threadCount, result);
    result.index = index.path().string();
    result.images = index.imageCount();
    result.rows = index.rowCount();
    result.dimension = identity.dimension;
    result.sizes = index.shapeCount();
    result.duplicates = index.duplicates();
    for (const IndexProblem& each : index.problems()) result.problems.push_back({each.name, each.problem});
    result.seconds = watch.seconds();
    json document =
        documentOf(result, identity, layer.model().classifier->device().str(), threadCount, indexing.batch());
    document["first"] = index.firstName();
    result.json = jsonText(document);
    return result;
  });
}

}  // namespace whorl
