// SPDX-License-Identifier: GPL-3.0-or-later
// whorl-detector-values WEIGHTS ARCHITECTURE INPUT OUTPUT: what detectors, metrics and the logistic regression give for
// the tensors of INPUT, into OUTPUT (both safetensors), so that another implementation can be compared.
// whorl-detector-values --time: seconds on random images and networks, one line a detector.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "core/detect/kernel_density.h"
#include "core/detect/logistic.h"
#include "core/detect/metrics.h"
#include "core/detect/roc.h"
#include "core/detect/statistic.h"
#include "core/fingerprint/fingerprint.h"
#include "core/nn/device.h"

namespace {

using namespace whorl;
using torch::Tensor;

std::vector<double> toVector(const Tensor& values) {
  const Tensor host = values.to(torch::kFloat64).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

Tensor numbers(const std::vector<double>& values) { return at::tensor(values, torch::kFloat64); }

std::unique_ptr<Statistic> made(const std::string& name, const Model& model, const Parameters& parameters = {}) {
  const StatisticEntry& entry = findStatistic(name);
  return entry.make(model, resolve(name, entry.parameters, parameters));
}

Model importedModel(const std::string& weights, const std::string& architecture) {
  ImportRequest request;
  request.path = weights;
  request.architecture = architecture;
  return importModel(request, torch::kCPU);
}

/// Statistics of "images" beside "twins", fitted to "train_images" and "train_labels".
void addStatistics(TensorFile& output, const TensorFile& input, const Model& model) {
  const torch::NoGradGuard noGradients;
  DetectorFitData data;
  data.trainImages = input.tensors.at("train_images");
  data.trainLabels = input.tensors.at("train_labels");
  const double bandwidth = input.tensors.at("bandwidth").item<double>();
  for (const char* name : {"kd", "bu", "lid", "mahalanobis", "feature-squeezing", "max-softmax", "energy"}) {
    const auto statistic =
        made(name, model, std::string(name) == "kd" ? Parameters{{"bandwidth", bandwidth}} : Parameters{});
    statistic->fit(data, JobContext{});
    output.tensors[name] = statistic->values(input.tensors.at("images"), input.tensors.at("twins")).contiguous();
  }
}

/// Figures of scores "negatives" and "positives", and thresholds at the rates of "rates".
void addFigures(TensorFile& output, const TensorFile& input) {
  const auto negatives = toVector(input.tensors.at("negatives"));
  const auto positives = toVector(input.tensors.at("positives"));
  output.tensors["auc"] = numbers({aucExact(negatives, positives)});
  output.tensors["average_precision"] = numbers({averagePrecision(negatives, positives)});
  output.tensors["detection_accuracy"] = numbers({bestDetectionAccuracy(negatives, positives).accuracy});
  std::vector<double> thresholds;
  std::vector<double> found;
  for (const double rate : toVector(input.tensors.at("rates"))) {
    thresholds.push_back(thresholdAtFpr(negatives, rate));
    found.push_back(truePositiveRateAt(negatives, positives, rate));
  }
  output.tensors["thresholds"] = numbers(thresholds);
  output.tensors["true_positive_rates"] = numbers(found);
  const Interval wilson = wilsonInterval(17, 40);
  output.tensors["wilson_17_of_40"] = numbers({wilson.low, wilson.high});
}

void addRegression(TensorFile& output, const TensorFile& input) {
  const Tensor& x = input.tensors.at("x");
  const Tensor& labels = input.tensors.at("labels");
  const LogisticModel model = fitLogisticCV(x, labels);
  output.tensors["weights"] = model.weights;
  output.tensors["intercept"] = numbers({model.intercept});
  output.tensors["c"] = numbers({model.c});
  std::vector<double> folds;
  for (const int fold : stratifiedFolds(labels, 5)) folds.push_back(fold);
  output.tensors["folds"] = numbers(folds);
}

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Model randomModel(const char* architecture) {
  const Architecture& chosen = findArchitecture(architecture);
  Model model;
  model.name = architecture;
  model.input = chosen.input;
  model.classifier = std::make_shared<NetworkClassifier>(Network(chosen, chosen.input, chosen.classes, 1),
                                                         std::vector<double>{}, std::vector<double>{});
  const Fingerprints fingerprints =
      sampleFingerprints(resolve("fingerprint", fingerprintParameters(), {}), chosen.input, chosen.classes, 1);
  model.fingerprintDx = fingerprints.dx;
  model.fingerprintDy = fingerprints.dy;
  return model;
}

Tensor randomImages(const ImageShape& shape, std::int64_t count) {
  return at::rand({count, shape.channels, shape.height, shape.width}, at::make_generator<at::CPUGeneratorImpl>(1));
}

void timeStatistics(const char* architecture, std::int64_t count) {
  const torch::NoGradGuard noGradients;
  const Model model = randomModel(architecture);
  DetectorFitData data;
  data.trainImages = randomImages(model.input, 3000);
  data.trainLabels = at::arange(3000, torch::kInt64).remainder(10);
  const Tensor images = randomImages(model.input, count);
  for (const char* name : {"max-softmax", "kd", "bu", "lid", "mahalanobis", "feature-squeezing"}) {
    const auto statistic = made(name, model);
    const double fit = seconds([&] { statistic->fit(data, JobContext{}); });
    const double score = seconds([&] {
      for (const Tensor& batch : images.split(100)) statistic->values(batch, batch);
    });
    std::printf("%-14s %-18s fit %7.2f s, %lld images %7.2f s\n", architecture, name, fit,
                static_cast<long long>(count), score);
  }
}

/// Scores by fingerprints against nothing but their N + 1 forwards, in turns; the best of each.
void timeFingerprints(std::int64_t count) {
  const torch::NoGradGuard noGradients;
  const Model model = randomModel("nfp-mnist");
  const auto detector = makeDetector("fingerprint", model, {});
  const Tensor images = randomImages(model.input, count);
  const std::int64_t copies = model.fingerprintDx->size(0) + 1;
  double score = 1e9;
  double forwards = 1e9;
  for (int round = 0; round < 5; ++round) {
    score = std::min(score, seconds([&] {
                       for (const Tensor& batch : images.split(100)) detector->scores(batch);
                     }));
    forwards = std::min(forwards, seconds([&] {
                          for (const Tensor& batch : images.split(100)) {
                            model.classifier->logits(batch.repeat({copies, 1, 1, 1}));
                          }
                        }));
  }
  std::printf("%-14s %-18s %lld images %7.2f s, %lld forwards of each alone %7.2f s: %+.1f %%\n", "nfp-mnist",
              "fingerprint", static_cast<long long>(count), score, static_cast<long long>(copies), forwards,
              100 * (score / forwards - 1));
}

int run(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--time") {
    timeFingerprints(400);
    timeStatistics("feinman-mnist", 1000);
    timeStatistics("feinman-cifar", 1000);
    return 0;
  }
  if (argc != 5) {
    std::fprintf(stderr, "usage: whorl-detector-values WEIGHTS ARCHITECTURE INPUT OUTPUT, or --time\n");
    return 2;
  }
  const TensorFile input = readSafetensors(argv[3]);
  TensorFile output;
  addFigures(output, input);
  addRegression(output, input);
  addStatistics(output, input, importedModel(argv[1], argv[2]));
  writeSafetensors(output, argv[4]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
