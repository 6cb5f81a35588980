// SPDX-License-Identifier: GPL-3.0-or-later
// The nearest images of an index.
#include <algorithm>

#include "core/base/sha256.h"
#include "core/image/image_file.h"
#include "core/retrieval/feature_layer.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/impl/inference.h"
#include "core/service/impl/perturbed_images.h"
#include "core/service/similar_support.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kQueriesAtOnce = 64;

/// The queries, one by one when they are asked for.
class Queries {
 public:
  Queries(const SimilarQueryRequest& request, DatasetStore& datasets, const JobContext& context) : m_request(request) {
    const int kinds =
        (request.files.empty() ? 0 : 1) + (request.images.empty() ? 0 : 1) + (request.dataset.empty() ? 0 : 1);
    if (kinds != 1) {
      throw Error(ErrorKind::Usage, "queries must be image files, images, or images of a data set", "similar query",
                  "one of the three");
    }
    if (request.dataset.empty()) return;
    m_data = datasets.get(request.dataset, context);
    if (request.first < 0 || request.count < 1 || request.first >= m_data->test.count()) {
      throw Error(ErrorKind::Usage, "there is no such test image", request.dataset,
                  "numbers from 0 to " + std::to_string(m_data->test.count() - 1));
    }
  }

  std::int64_t count() const {
    if (m_data) return std::min(m_request.count, m_data->test.count() - m_request.first);
    return std::ssize(m_request.files) + std::ssize(m_request.images);
  }

  SimilarAnswer at(std::int64_t number) const {
    SimilarAnswer answer;
    const auto place = static_cast<std::size_t>(number);
    std::int64_t seedNumber = number;
    if (m_data) {
      seedNumber = m_request.first + number;
      answer.query = "test/" + std::to_string(seedNumber);
      answer.image = m_data->test.image(seedNumber);
    } else if (!m_request.files.empty()) {
      answer.query = m_request.files[place];
      answer.image = readImage(answer.query).image;
    } else {
      answer.image = m_request.images[place];
    }
    answer.image = distorted(answer.image, m_request.steps, m_request.seed, seedNumber);
    return answer;
  }

 private:
  const SimilarQueryRequest& m_request;
  DatasetPtr m_data;
};

std::vector<SimilarNeighbour> named(const std::vector<Neighbour>& nearest, const OpenIndex& index) {
  std::vector<SimilarNeighbour> neighbours;
  for (const Neighbour& each : nearest) {
    const IndexRows::Row& row = index.row(each.row);
    neighbours.push_back({row.names.front(), {row.names.begin() + 1, row.names.end()}, row.label, each.distance});
  }
  return neighbours;
}

/// The model that the index was made by. Error(BadInput) where that file is another model now.
std::shared_ptr<const Model> modelFor(const OpenIndex& index, const SimilarQueryRequest& request, ModelStore& models) {
  const IndexIdentity& identity = index.identity();
  const auto model =
      models.load(request.model.empty() ? identity.model : request.model, parseDevice(request.device).str());
  if (model->sha256 == identity.modelSha256) return model;
  throw Error(ErrorKind::BadInput, "the index was made by another model (" + identity.model + ")",
              index.path().string(), "index again with " + model->path.string());
}

json documentOf(const SimilarQueryRequest& request, const SimilarQueryResult& result, const OpenIndex& index,
                const Model& model, int threads) {
  json document =
      documentHead("similar query", request.seed, model.classifier->device().str(), threads, kQueriesAtOnce, "float32");
  json answers = json::array();
  for (const SimilarAnswer& answer : result.answers) {
    json neighbours = json::array();
    for (const SimilarNeighbour& each : answer.neighbours) {
      neighbours.push_back({{"name", each.name},
                            {"also", each.also},
                            {"label", each.label ? json(*each.label) : json(nullptr)},
                            {"distance", each.distance}});
    }
    answers.push_back({{"query", answer.query}, {"neighbours", std::move(neighbours)}});
  }
  document.update({{"index", index.path().string()},
                   {"model", model.path.string()},
                   {"model_sha256", model.sha256},
                   {"layer", index.identity().layer},
                   {"normalised", index.identity().normalised},
                   {"source", {{index.identity().source, index.identity().place}}},
                   {"measure", request.measure},
                   {"top", request.top},
                   {"distortion", distortionDocument(request.steps)},
                   {"images", result.images},
                   {"queries", std::move(answers)},
                   {"search_seconds", result.searchSeconds},
                   {"seconds", result.seconds}});
  return document;
}

/// "test/17" → 17; −1 for another name.
std::int64_t placeOf(const std::string& name, const std::string& split) {
  const std::string start = split + "/";
  if (!name.starts_with(start) || name.size() == start.size()) return -1;
  if (name.find_first_not_of("0123456789", start.size()) != std::string::npos) return -1;
  return std::stoll(name.substr(start.size(), 15));
}

}  // namespace

std::vector<std::string> EngineImpl::featureDistances() const { return featureDistanceNames(); }

SimilarQueryResult EngineImpl::similarQuery(const SimilarQueryRequest& request, const JobContext& context) {
  return translated("similar query", [&] {
    const Stopwatch watch;
    const FeatureDistance measure = parseFeatureDistance(request.measure);
    if (request.top < 1) throw Error(ErrorKind::Usage, "no neighbour is asked for", "top", "give 1 or more");
    checkDistortion(request.steps);
    const int threadCount = threadsFor(request.threads);
    const ThreadScope threads(threadCount);
    const auto index = openIndex(request.index);
    const auto model = modelFor(*index, request, m_models);
    const FeatureLayer layer(model, index->identity().layer, index->identity().normalised);
    const Queries queries(request, m_datasets, context);
    SimilarQueryResult result;
    result.images = index->imageCount();
    for (std::int64_t first = 0; first < queries.count(); first += kQueriesAtOnce) {
      context.step();
      const std::int64_t size = std::min(kQueriesAtOnce, queries.count() - first);
      std::vector<SimilarAnswer> answers(static_cast<std::size_t>(size));
      const torch::Tensor images = madeImages(size, model->input, [&](std::int64_t i) {
        SimilarAnswer& answer = answers[static_cast<std::size_t>(i)];
        answer = queries.at(first + i);
        return fittedImage(answer.image, model->input, index->identity().fit);
      });
      const torch::Tensor rows = layer.rows(images);
      const Stopwatch searching;
      const auto nearest = index->search().nearest(rows, request.top, measure);
      result.searchSeconds += searching.seconds();
      for (std::size_t i = 0; i < answers.size(); ++i) {
        answers[i].neighbours = named(nearest[i], *index);
        result.answers.push_back(std::move(answers[i]));
      }
      context.report({first + size, queries.count(), "searching", {}});
    }
    result.seconds = watch.seconds();
    result.json = jsonText(documentOf(request, result, *index, *model, threadCount));
    return result;
  });
}

DatasetImage EngineImpl::similarImage(const std::string& index, const std::string& name, const JobContext& context) {
  return translated("similar image", [&] {
    const FeatureIndex file(index, FeatureIndex::Mode::Read);
    const auto identity = file.identity();
    if (!identity) throw Error(ErrorKind::BadInput, "there is nothing in the index", index, "index something first");
    const auto label = file.label(name);
    DatasetImage found;
    found.label = label.value_or(-1);
    found.index = -1;
    if (identity->source == "folder") {
      found.image = whorl::readImage(fs::path(identity->place) / name).image;
      return found;
    }
    const DatasetPtr data = m_datasets.get(identity->place, context);
    const DataSplit& split = splitOf(*data, identity->split);
    const std::int64_t place = placeOf(name, identity->split);
    if (data->checksum != identity->checksum || place < 0 || place >= split.count()) {
      throw Error(ErrorKind::BadInput, "the data set isn't the one that was indexed", identity->place,
                  "index it again");
    }
    found.image = split.image(place);
    found.index = place;
    if (label) found.className = data->classNames.at(static_cast<std::size_t>(*label));
    return found;
  });
}

}  // namespace whorl
