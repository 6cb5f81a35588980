// SPDX-License-Identifier: GPL-3.0-or-later
// Attacks over a data set, under the protocol of docs/cli.md: correctly classified test images, the first so many in a
// seeded order; failed attacks count as failures.
#include "core/detect/detector.h"
#include "core/service/engine_impl.h"
#include "core/service/evaluation.h"
#include "core/service/impl/inference.h"
#include "core/service/stopwatch.h"

namespace whorl {
namespace {

constexpr std::int64_t kScoringBatch = 100;

}  // namespace

AttackRunResult EngineImpl::attack(const AttackRunRequest& request, const JobContext& context) {
  return translated("attack", [&] {
    const ThreadScope threads(threadsFor(request.threads));
    const Stopwatch watch;
    const auto model = m_models.load(request.model, parseDevice(request.device).str());
    Evaluation run(request, model, threadsFor(request.threads), m_plans, /*keepRows=*/!request.save.empty());
    run.attack(m_datasets, context);
    run.document()["total_seconds"] = watch.seconds();
    if (!request.save.empty()) {
      TensorFile file = run.file();
      if (model->fingerprintDx) {
        const auto detector = makeDetector("fingerprint", *model, {});
        const std::int64_t batch = fittingBatch(*model, kScoringBatch, copiesOf(*model), false);
        const auto scores = [&](const char* images, const char* what) {
          return scoreAll(*detector, *model->classifier, file.tensors.at(images), {}, batch, what, context);
        };
        file.tensors["score"] = scores("original", "scoring clean images");
        file.tensors["adversarial_score"] = scores("adversarial", "scoring adversarial images");
      }
      writeResultFile(file, request.save);
    }
    return run.result();
  });
}

}  // namespace whorl
