// SPDX-License-Identifier: GPL-3.0-or-later
// Toy problems in the plane. Plain C++ all along: nothing here touches torch.
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/stopwatch.h"
#include "core/theory/figures.h"
#include "core/theory/rays.h"
#include "core/theory/toys.h"
#ifndef WHORL_MINIMAL
#include "core/image/image_file.h"
#include "core/theory/picture.h"
#endif

namespace whorl {
namespace {

nlohmann::json pointDocument(const PlanarPoint& point) { return {point.x, point.y}; }

nlohmann::json sideDocument(const TheorySide& side) {
  nlohmann::json document = {{"accuracy", numberOrNull(side.shares.accuracy)},
                             {"accepted_correct", numberOrNull(side.shares.acceptedCorrect)},
                             {"accepted_wrong", numberOrNull(side.shares.acceptedWrong)},
                             {"accepted_area", numberOrNull(side.shares.acceptedArea)},
                             {"own_threshold", side.ownThreshold},
                             {"own_area", numberOrNull(side.ownArea)}};
  if (!side.losses.empty()) {
    document["cross_entropy"] = side.losses.back().crossEntropy;
    document["fingerprint_loss"] = side.losses.back().fingerprint;
  }
  return document;
}

nlohmann::json fingerprintsDocument(const PlanarFingerprints& fingerprints) {
  nlohmann::json document = nlohmann::json::array();
  for (std::size_t i = 0; i < fingerprints.count(); ++i) {
    nlohmann::json responses = nlohmann::json::array();
    for (int label = 0; label < fingerprints.classes; ++label) {
      const double* dy = fingerprints.response(i, label);
      responses.push_back(std::vector<double>(dy, dy + fingerprints.classes));
    }
    document.push_back({{"dx", pointDocument(fingerprints.dx[i])}, {"dy", std::move(responses)}});
  }
  return document;
}

void describe(nlohmann::json& document, const TheoryRequest& request, const TheoryResult& result) {
  document["toy"] = request.toy;
  document["toy_parameters"] = toJson(request.toyParameters);
  document["model"] = request.model;
  document["model_parameters"] = toJson(request.modelParameters);
  document["points"] = result.data.size();
  document["share"] = request.share;
  document["resolution"] = request.resolution;
  document["threshold"] = result.threshold;
  document["fingerprints"] = fingerprintsDocument(result.fingerprints);
  document["plain"] = sideDocument(result.plain);
  document["fingerprinted"] = sideDocument(result.fingerprinted);
  document["line"] = nullptr;
  if (!result.line) return;
  document["line"] = {{"w", pointDocument(result.line->w)}, {"b", result.line->b}};
  for (const Band& band : result.bands) document["line"]["bands"].push_back({band.near, band.far});
}

/// Refused before any work.
void checkOutput(const std::string& path) {
#ifdef WHORL_MINIMAL
  if (!path.empty()) {
    throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no image files", path, "use the full build");
  }
#else
  if (path.empty() || path.ends_with(".png")) return;
  throw Error(ErrorKind::Usage, "figures are written as PNG", path, "give a name that ends in .png");
#endif
}

}  // namespace

TheoryLists EngineImpl::theoryLists() const {
  TheoryLists lists;
  for (const ToyEntry& entry : toys()) lists.toys.push_back(entry.spec);
  lists.models = theoryModels();
  for (const OperationSpec& spec : lists.models) {
    if (isLineModel(spec.name)) lists.lineModels.push_back(spec.name);
  }
  lists.attacks = planarAttacks();
  lists.fingerprints = planarFingerprintParameters();
  for (const TheoryFigure& figure : theoryFigures()) {
    lists.figures.push_back({figure.name, figure.title, figure.summary});
  }
  return lists;
}

PlanarData EngineImpl::theoryData(const TheoryRequest& request, const JobContext& context) {
  context.throwIfStopped();
  return whorl::theoryData(request);
}

TheoryResult EngineImpl::theory(const TheoryRequest& request, const JobContext& context, const TheoryHooks& hooks) {
  return runTheory(request, context, hooks);
}

PlanarTrajectory EngineImpl::theoryAttack(const TheoryAttackRequest& request, const JobContext& context) {
  context.throwIfStopped();
  const int label = request.label.value_or(request.network.predicted(std::span(&request.start, 1)).front());
  return planarAttack(request.network, request.fingerprints, request.threshold, request.attack, request.parameters,
                      request.start, label, request.seed);
}

TheoryFigureResult EngineImpl::theoryFigure(const TheoryFigureRequest& request, const JobContext& context) {
  const Stopwatch watch;
  checkOutput(request.output);
  TheoryFigure figure = findTheoryFigure(request.figure);
  if (request.seed) figure.request.seed = *request.seed;
  TheoryFigureResult result{runTheory(figure.request, context), {}};
#ifndef WHORL_MINIMAL
  if (!request.output.empty()) whorl::writeImage(theoryPicture(figure, result.result), request.output);
#endif
  auto document = documentHead("theory", figure.request.seed, "cpu", 1, 0, "float64");
  document["figure"] = figure.name;
  describe(document, figure.request, result.result);
  document["output"] = request.output.empty() ? nlohmann::json(nullptr) : nlohmann::json(request.output);
  document["seconds"] = watch.seconds();
  result.json = jsonText(document);
  return result;
}

}  // namespace whorl
