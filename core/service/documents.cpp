// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/documents.h"

#include <ctime>

#include <torch/version.h>

#include "core/data/dataset.h"
#include "core/nn/device.h"
#include "core/service/engine.h"

namespace whorl {
namespace {

std::string utcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

std::string torchVersionText() { return TORCH_VERSION; }

nlohmann::json documentHead(const std::string& command, std::uint64_t seed, const std::string& device, int threads,
                            std::int64_t batchSize, const std::string& precision) {
  return {{"command", command},
          {"version", versionText()},
          {"torch_version", torchVersionText()},
          {"date", utcNow()},
          {"seed", seed},
          {"device", device},
          {"device_name", describeDevice(c10::Device(device))},
          {"plan", {{"threads", threads}, {"batch_size", batchSize}, {"precision", precision}}}};
}

nlohmann::json datasetDocument(const Dataset& dataset) {
  return {{"name", dataset.name},
          {"checksum", dataset.checksum},
          {"train_images", dataset.train.count()},
          {"test_images", dataset.test.count()}};
}

nlohmann::json verdictDocument(const Verdict& verdict, const std::vector<std::string>& classNames) {
  nlohmann::json document = {{"class", classNames.at(verdict.predicted)},
                             {"class_index", verdict.predicted},
                             {"probabilities", verdict.probabilities},
                             {"logits", verdict.logits},
                             {"fingerprint_distances", nullptr},
                             {"score", nullptr},
                             {"threshold", nullptr},
                             {"accepted", nullptr}};
  if (!verdict.fingerprintDistances.empty()) {
    document["fingerprint_distances"] = verdict.fingerprintDistances;
    document["score"] = verdict.score;
    if (verdict.threshold) {
      document["threshold"] = *verdict.threshold;
      document["accepted"] = verdict.accepted;
    }
  }
  return document;
}

nlohmann::json shapeDocument(const ImageShape& shape) { return {shape.channels, shape.height, shape.width}; }

}  // namespace whorl
