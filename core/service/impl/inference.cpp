// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/impl/inference.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"

namespace whorl {
namespace {

std::vector<double> row(const torch::Tensor& values, std::int64_t index) {
  const auto line = values[index].contiguous();
  const double* data = line.const_data_ptr<double>();
  return {data, data + line.numel()};
}

}  // namespace

torch::Tensor toTensor(const Image& image) {
  auto tensor = torch::empty({1, image.shape.channels, image.shape.height, image.shape.width}, torch::kFloat32);
  std::memcpy(tensor.mutable_data_ptr<float>(), image.pixels.data(), image.pixels.size() * sizeof(float));
  return tensor;
}

Image toImage(const torch::Tensor& pixels) {
  const auto host = pixels.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  Image image;
  image.shape = {static_cast<int>(host.size(0)), static_cast<int>(host.size(1)), static_cast<int>(host.size(2))};
  image.pixels.assign(host.const_data_ptr<float>(), host.const_data_ptr<float>() + host.numel());
  return image;
}

torch::Tensor bytesAt(const DataSplit& split, std::span<const std::int64_t> indices) {
  const std::int64_t size = split.shape.size();
  auto bytes = torch::empty(
      {static_cast<std::int64_t>(indices.size()), split.shape.channels, split.shape.height, split.shape.width},
      torch::kUInt8);
  auto* target = bytes.mutable_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    std::memcpy(target + i * size, split.pixels.data() + indices[i] * size, size);
  }
  return bytes;
}

torch::Tensor imagesAt(const DataSplit& split, std::span<const std::int64_t> indices, torch::Device device) {
  return bytesAt(split, indices).to(device).to(torch::kFloat32).div_(255);
}

torch::Tensor labelsAt(const DataSplit& split, std::span<const std::int64_t> indices, torch::Device device) {
  auto labels = torch::empty({static_cast<std::int64_t>(indices.size())}, torch::kInt64);
  auto* target = labels.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < indices.size(); ++i) target[i] = split.labels[indices[i]];
  return labels.to(device);
}

Judgement judge(const Model& model, const torch::Tensor& images) {
  const torch::NoGradGuard noGradients;
  const auto host = torch::TensorOptions().device(torch::kCPU).dtype(torch::kFloat64);
  const Classifier& classifier = *model.classifier;
  Judgement judgement;
  if (model.fingerprintDx && model.fingerprintDy) {
    const Fingerprints fingerprints{*model.fingerprintDx, *model.fingerprintDy};
    const FingerprintScore score(fingerprints.to(classifier.device(), classifier.dtype()));
    const auto output = score.evaluate(classifier, images);
    judgement.logits = output.logits.to(host);
    judgement.distances = output.distances.to(host);
  } else {
    judgement.logits = classifier.logits(images).to(host);
  }
  const bool finite = judgement.logits.isfinite().all().item<bool>() &&
                      (!judgement.distances.defined() || judgement.distances.isfinite().all().item<bool>());
  if (!finite) {
    // No class follows from NaN, and no verdict.
    throw Error(ErrorKind::BadInput, "the model gives NaN or infinite numbers for an image", model.path.string(),
                "its weights are too large, or the file is damaged");
  }
  judgement.probabilities = judgement.logits.softmax(1);
  return judgement;
}

Verdict verdictAt(const Model& model, const Judgement& judgement, std::int64_t index) {
  Verdict verdict;
  verdict.logits = row(judgement.logits, index);
  verdict.probabilities = row(judgement.probabilities, index);
  verdict.predicted =
      static_cast<int>(std::max_element(verdict.logits.begin(), verdict.logits.end()) - verdict.logits.begin());
  if (judgement.distances.defined()) {
    verdict.fingerprintDistances = row(judgement.distances, index);
    verdict.score = *std::min_element(verdict.fingerprintDistances.begin(), verdict.fingerprintDistances.end());
    verdict.threshold = model.threshold;
    verdict.accepted = !model.threshold || verdict.score < *model.threshold;
  }
  return verdict;
}

std::int64_t copiesOf(const Model& model) { return model.fingerprintDx ? model.fingerprintDx->size(0) + 1 : 1; }

std::int64_t fittingBatch(const Model& model, std::int64_t wanted, std::int64_t copies, bool gradients) {
  const Network* network = model.network();
  if (!network) return wanted;
  std::int64_t activations = model.input.size();
  for (const auto& shape : layerShapes(network->architecture(), model.input)) activations += shape.size();
  // Without gradients only a layer's input and output live at once; all layers is a safe bound. Convolutions on the
  // CPU may unfold their input, and gradients double what is kept.
  const std::int64_t bytes = std::max<std::int64_t>(1, activations * 4 * copies * (gradients ? 3 : 1));
  const std::int64_t fits = freeMemory(model.classifier->device()) / 2 / bytes;
  return std::clamp<std::int64_t>(fits, 1, wanted);
}

}  // namespace whorl
