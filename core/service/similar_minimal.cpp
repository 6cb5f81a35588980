// SPDX-License-Identifier: GPL-3.0-or-later
// The minimal build has neither SQLite nor image files nor perturbations, and so no search for near-duplicates.
#include "core/base/error.h"
#include "core/retrieval/feature_layer.h"
#include "core/service/engine_impl.h"

namespace whorl {

namespace {

[[noreturn]] void noSearch(const std::string& where) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no near-duplicate search", where, "use the full build");
}

}  // namespace

/// Never made here; the engine's list of them is empty.
class OpenIndex {};

std::vector<std::string> EngineImpl::featureDistances() const { return {}; }

std::vector<std::vector<StepRequest>> EngineImpl::standardDistortions(const ImageShape&) const { return {}; }

std::vector<std::string> EngineImpl::featureLayers(const std::string& model) {
  return whorl::featureLayers(readModelHeader(m_models.resolve(model)));
}

SimilarIndexResult EngineImpl::similarIndex(const SimilarIndexRequest&, const JobContext&) {
  noSearch("similar index");
}

SimilarQueryResult EngineImpl::similarQuery(const SimilarQueryRequest&, const JobContext&) {
  noSearch("similar query");
}

DatasetImage EngineImpl::similarImage(const std::string&, const std::string& name, const JobContext&) {
  noSearch(name);
}

SimilarBenchmarkResult EngineImpl::similarBenchmark(const SimilarBenchmarkRequest&, const JobContext&) {
  noSearch("similar benchmark");
}

}  // namespace whorl
