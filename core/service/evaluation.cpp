// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/evaluation.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <limits>
#include <utility>

#include "core/attack/quantise.h"
#include "core/base/error.h"
#include "core/service/documents.h"
#include "core/service/impl/inference.h"
#ifndef WHORL_MINIMAL
#include "core/image/image_file.h"
#endif

namespace whorl {
namespace {

constexpr std::int64_t kMostImages = 10'000'000;

void checkCount(std::int64_t count, std::int64_t least, const char* what, const char* where) {
  if (count >= least && count <= kMostImages) return;
  throw Error(ErrorKind::Usage, std::to_string(count) + what, where,
              "give " + std::to_string(least) + " to " + std::to_string(kMostImages));
}

void checkRequest(const AttackRunRequest& request) {
  checkCount(request.count, 1, " images", "count");
  if (request.batchSize != 0) checkCount(request.batchSize, 1, " images a batch", "batch_size");
  if (request.workers < 0) {
    throw Error(ErrorKind::Usage, std::to_string(request.workers) + " workers", "workers", "give 0 (chosen) or more");
  }
  if (!request.save.empty()) checkResultFile(request.save);
#ifdef WHORL_MINIMAL
  if (!request.saveImages.empty()) {
    throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) writes no images", "save_images", "use save");
  }
#endif
}

double processorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Σ of values [B] (double) where `chosen`.
double sumOver(const torch::Tensor& values, const torch::Tensor& chosen) {
  return values.masked_select(chosen).sum().item<double>();
}

}  // namespace

void checkFits(const Model& model, const Dataset& data) {
  if (data.test.shape != model.input) {
    throw Error(ErrorKind::BadInput,
                "the model takes images of " + toText(model.input) + ", the data set has " + toText(data.test.shape),
                model.name + " on " + data.name, "choose the data set that it was trained on");
  }
  if (data.classNames.size() != model.classNames.size()) {
    throw Error(ErrorKind::BadInput,
                "the model knows " + std::to_string(model.classNames.size()) + " classes, the data set has " +
                    std::to_string(data.classNames.size()),
                model.name + " on " + data.name, "choose the data set that it was trained on");
  }
}

Evaluation::Evaluation(const AttackRunRequest& request, std::shared_ptr<const Model> model, int threads,
                       const PlanStore& plans, bool keepRows)
    : m_request(request), m_model(std::move(model)) {
  checkRequest(m_request);
  checkPlan(m_request.precision, m_request.layout, *m_model);
  m_setup = prepareAttack(m_request.attack, m_request.parameters, m_request.threatModel, *m_model);
  planFor(plans, threads);
  if (keepRows) m_rows = std::make_unique<ResultRows>(m_request.save);
}

void Evaluation::planFor(const PlanStore& plans, int threads) {
  m_plan = choosePlan(plans, *m_model, threads);
  m_plan.precision = m_request.precision;
  if (m_request.workers > 0) {
    m_plan.workers = std::min(m_request.workers, threads);
    m_plan.threadsPerWorker = std::max(1, threads / m_plan.workers);
    m_plan.measured = false;
  }
  if (m_request.batchSize > 0) m_plan.batchSize = m_request.batchSize;
  if (!m_request.layout.empty()) m_plan.layout = m_request.layout;
  fitBatches(m_plan, *m_model, m_setup.detectorScore ? copiesOf(*m_model) : 1);
}

void Evaluation::attack(DatasetStore& datasets, const JobContext& context) {
  m_data = datasets.get(m_request.dataset, context);
  checkFits(*m_model, *m_data);
  const Selection selection =
      selectCorrect(*m_model, m_data->test, m_setup, m_request.count, m_request.indices, m_request.seed, context);
  if (selection.indices.empty()) {
    throw Error(ErrorKind::BadInput, "no test image can be attacked: none is classified correctly",
                m_model->name + " on " + m_data->name, "is it the model for this data set?");
  }
  shareOut(m_plan, std::ssize(selection.indices));
  const double before = processorSeconds();
  const double seconds = attackInBatches(*m_model, m_data->test, m_setup, selection, m_plan, m_request.seed, context,
                                         [this](AttackedBatch&& batch) { take(std::move(batch)); });
  summarise(selection, seconds, processorSeconds() - before);
}

void Evaluation::take(AttackedBatch&& batch) {
  m_sums.attacked += batch.labels.size(0);
  m_sums.successes += batch.success.sum().item<std::int64_t>();
  m_sums.forwards += batch.forwards;
  m_sums.backwards += batch.backwards;
  if (batch.nonfinite.defined()) m_sums.nonfinite += batch.nonfinite.sum().item<std::int64_t>();
  if (batch.vanished.defined()) m_sums.vanished += batch.vanished.sum().item<std::int64_t>();
  for (auto& note : batch.notes) {
    if (std::find(m_sums.notes.begin(), m_sums.notes.end(), note) == m_sums.notes.end()) {
      m_sums.notes.push_back(std::move(note));
    }
  }
  takeDistances(batch);
  if (!m_request.saveImages.empty()) saveImages(batch);
  if (!m_rows) return;
  m_rows->append("original", batch.original);
  m_rows->append("adversarial", batch.adversarial);
  m_rows->append("label", batch.labels);
  // Only correctly classified images are attacked: the prediction of the original is its label.
  m_rows->append("prediction", batch.labels);
  m_rows->append("adversarial_prediction", batch.predictions);
  m_rows->append("success", batch.success);
  m_rows->append("index", batch.indices);
  if (batch.targets.defined()) m_rows->append("target", batch.targets);
  if (batch.steps.defined()) m_rows->append("steps", batch.steps);
  if (batch.nonfinite.defined()) m_rows->append("nonfinite", batch.nonfinite);
  if (batch.vanished.defined()) m_rows->append("vanished", batch.vanished);
}

void Evaluation::takeDistances(const AttackedBatch& batch) {
  const auto difference = (batch.adversarial - batch.original).to(torch::kFloat64).flatten(1);
  const auto l2 = difference.square().sum(1).sqrt();
  const auto linf = difference.abs().amax(1);
  m_sums.l0 += sumOver((difference != 0).sum(1).to(torch::kFloat64), batch.success);
  m_sums.l1 += sumOver(difference.abs().sum(1), batch.success);
  m_sums.l2 += sumOver(l2, batch.success);
  m_sums.linf += sumOver(linf, batch.success);
  const auto successes = l2.masked_select(batch.success).contiguous();
  m_sums.allL2.insert(m_sums.allL2.end(), successes.const_data_ptr<double>(),
                      successes.const_data_ptr<double>() + successes.numel());
  if (!m_rows) return;
  m_rows->append("l2", l2);
  m_rows->append("linf", linf);
}

void Evaluation::saveImages(const AttackedBatch& batch) {
#ifndef WHORL_MINIMAL
  const auto rows = batch.success.nonzero().squeeze(1);
  if (rows.size(0) == 0) return;
  const auto& parameters = m_setup.parameters;
  const double epsilon = parameters.has("epsilon") ? parameters.real("epsilon") : -1;
  const std::string norm = parameters.has("norm") ? parameters.text("norm") : m_setup.attack->norms().front();
  const auto device = m_model->classifier->device();
  const auto at = [&](const torch::Tensor& values) {
    return values.defined() ? values.index_select(0, rows).to(device) : values;
  };
  const QuantisedImages quantised =
      quantise(*m_model->classifier, at(batch.original), at(batch.adversarial),
               {at(batch.labels), at(batch.targets), {}}, norm == "l0" ? Norm::L1 : parseNorm(norm), epsilon);
  const auto places = batch.indices.index_select(0, rows);
  const auto labels = batch.labels.index_select(0, rows);
  for (std::int64_t k = 0; k < rows.size(0); ++k) {
    char name[64];
    std::snprintf(name, sizeof name, "%06lld_class_%lld.png", static_cast<long long>(places[k].item<std::int64_t>()),
                  static_cast<long long>(labels[k].item<std::int64_t>()));
    writeImage(toImage(quantised.images[k]), std::filesystem::path(m_request.saveImages) / name);
  }
  m_sums.saved += rows.size(0);
  m_sums.savedNaive += quantised.naive.sum().item<std::int64_t>();
  m_sums.savedStillAdversarial += quantised.survived.sum().item<std::int64_t>();
#else
  (void)batch;
#endif
}

void Evaluation::summarise(const Selection& selection, double seconds, double processorSeconds) {
  const double attacked = static_cast<double>(m_sums.attacked);
  const double none = std::numeric_limits<double>::quiet_NaN();
  const auto mean = [&](double sum) { return m_sums.successes ? sum / static_cast<double>(m_sums.successes) : none; };
  m_result.attacked = m_sums.attacked;
  m_result.cleanAccuracy = selection.cleanAccuracy;
  m_result.successRate = static_cast<double>(m_sums.successes) / attacked;
  m_result.meanL2 = mean(m_sums.l2);
  m_result.meanLinf = mean(m_sums.linf);
  m_result.seconds = seconds;
  m_result.imagesPerSecond = attacked / std::max(seconds, 1e-9);
  m_result.backwardsPerImage = static_cast<double>(m_sums.backwards) / attacked;
  m_result.savedImages = m_sums.saved;
  m_result.savedStillAdversarial = m_sums.savedStillAdversarial;

  const auto device = m_model->classifier->device().str();
  m_document = documentHead("attack", m_request.seed, device, m_plan.workers * m_plan.threadsPerWorker,
                            m_plan.batchSize, m_plan.precision);
  m_document["plan"].update({{"workers", m_plan.workers},
                             {"threads_per_worker", m_plan.threadsPerWorker},
                             {"layout", m_plan.layout},
                             {"measured", m_plan.measured}});
  auto parameters = toJson(m_setup.parameters);
  parameters.update(toJson(m_setup.adaptive));
  m_document.update({{"data", datasetDocument(*m_data)},
                     {"model", m_model->path.string()},
                     {"model_sha256", m_model->sha256},
                     {"attack", m_request.attack},
                     {"parameters", std::move(parameters)},
                     {"threat_model", threatModelName(m_setup.threatModel)},
                     {"count", m_request.count},
                     {"examined", selection.examined},
                     {"clean_accuracy", m_result.cleanAccuracy},
                     {"attacked", m_result.attacked},
                     {"successes", m_sums.successes},
                     {"success_rate", m_result.successRate},
                     {"mean_l0", numberOrNull(mean(m_sums.l0))},
                     {"mean_l1", numberOrNull(mean(m_sums.l1))},
                     {"mean_l2", numberOrNull(m_result.meanL2)},
                     {"median_l2", numberOrNull(median(m_sums.allL2))},
                     {"mean_linf", numberOrNull(m_result.meanLinf)},
                     {"forwards", m_sums.forwards},
                     {"backwards", m_sums.backwards},
                     {"forwards_per_image", static_cast<double>(m_sums.forwards) / attacked},
                     {"backwards_per_image", m_result.backwardsPerImage},
                     {"nonfinite", m_sums.nonfinite},
                     {"vanished", m_sums.vanished},
                     {"notes", m_sums.notes},
                     {"seconds", seconds},
                     {"cpu_seconds", processorSeconds},
                     {"images_per_second", m_result.imagesPerSecond},
                     {"save", m_request.save.empty() ? nlohmann::json(nullptr) : nlohmann::json(m_request.save)}});
  m_document["saved_images"] = nullptr;
  if (!m_request.saveImages.empty()) {
    m_document["saved_images"] = {{"folder", m_request.saveImages},
                                  {"images", m_sums.saved},
                                  {"still_adversarial", m_sums.savedStillAdversarial},
                                  {"still_adversarial_rounded_to_nearest", m_sums.savedNaive}};
  }
}

AttackRunResult Evaluation::result() const {
  AttackRunResult result = m_result;
  result.json = jsonText(m_document);
  return result;
}

TensorFile Evaluation::file() {
  TensorFile file;
  file.tensors = m_rows->all();
  file.metadata["whorl"] = jsonText(m_document);
  return file;
}

}  // namespace whorl
