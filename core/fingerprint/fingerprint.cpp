// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/fingerprint/fingerprint.h"

#include <algorithm>
#include <sstream>

#include "core/base/error.h"

namespace whorl {
namespace {

/// Copies of images that go through a network at once: enough to fill a device, few enough for its memory.
constexpr std::int64_t kCopiesPerForward = 4096;

/// Logits may come in half precision; distances between unit vectors need more.
torch::Tensor precise(const torch::Tensor& logits) {
  return logits.scalar_type() == torch::kFloat64 ? logits : logits.to(torch::kFloat32);
}

/// F_i(x) = φ(x + dx_i) − φ(x): [N,B,K].
torch::Tensor responses(const torch::Tensor& clean, const torch::Tensor& shifted) {
  return normalisedLogits(shifted) - normalisedLogits(clean).unsqueeze(0);
}

std::string shapeText(const torch::Tensor& tensor) {
  std::ostringstream text;
  text << '[';
  for (std::int64_t d = 0; d < tensor.dim(); ++d) text << (d ? "," : "") << tensor.size(d);
  text << ']';
  return text.str();
}

void checkFingerprints(const Fingerprints& fingerprints) {
  const torch::Tensor& dx = fingerprints.dx;
  const torch::Tensor& dy = fingerprints.dy;
  const char* where = "fingerprint";
  if (!dx.defined() || !dy.defined()) throw Error(ErrorKind::BadInput, "dx or dy is missing", where);
  if (dx.dim() != 4 || dx.numel() == 0) {
    throw Error(ErrorKind::BadInput, "dx must be [N,C,H,W], not " + shapeText(dx), where);
  }
  if (dy.dim() != 3 || dy.size(0) != dx.size(0) || dy.size(1) != dy.size(2) || dy.numel() == 0) {
    throw Error(ErrorKind::BadInput, "dy must be [N,K,K] with the N of dx " + shapeText(dx) + ", not " + shapeText(dy),
                where);
  }
  if (!dx.isfinite().all().item<bool>() || !dy.isfinite().all().item<bool>()) {
    throw Error(ErrorKind::BadInput, "dx or dy holds NaN or infinity", where);
  }
}

}  // namespace

Fingerprints Fingerprints::to(torch::Device device, torch::Dtype dtype) const {
  return {dx.to(device, dtype), dy.to(device, dtype)};
}

torch::Tensor normalisedLogits(const torch::Tensor& logits) {
  const torch::Tensor h = precise(logits);
  // linalg_vector_norm has gradient 0 at 0, and clamp_min cuts it off there: no NaN.
  return h / at::linalg_vector_norm(h, 2, at::IntArrayRef{-1}, /*keepdim=*/true).clamp_min(1e-12);
}

torch::Tensor fingerprintErrors(const torch::Tensor& clean, const torch::Tensor& shifted, const torch::Tensor& dy,
                                const torch::Tensor& labels) {
  const torch::Tensor f = responses(clean, shifted);
  const torch::Tensor wanted = dy.to(f.device(), f.scalar_type()).index_select(1, labels);
  return (f - wanted).square().mean(at::IntArrayRef{1, 2});
}

torch::Tensor fingerprintDistances(const torch::Tensor& clean, const torch::Tensor& shifted, const torch::Tensor& dy) {
  const torch::Tensor f = responses(clean, shifted);
  const torch::Tensor wanted = dy.to(f.device(), f.scalar_type());
  // [N,B,1,K] − [N,1,K,K]. Not by ‖F‖² − 2⟨F,dy⟩ + ‖dy‖², which loses all digits where F matches dy.
  return at::linalg_vector_norm(f.unsqueeze(2) - wanted.unsqueeze(1), 2, at::IntArrayRef{-1}).mean(0);
}

torch::Tensor fingerprintLosses(const torch::Tensor& clean, const torch::Tensor& shifted, const torch::Tensor& dy) {
  const torch::Tensor f = responses(clean, shifted);
  const torch::Tensor wanted = dy.to(f.device(), f.scalar_type());
  return (f.unsqueeze(2) - wanted.unsqueeze(1)).square().mean(-1).sum(0);
}

FingerprintScore::FingerprintScore(Fingerprints fingerprints, Acceptance acceptance, Measure measure)
    : m_fingerprints(std::move(fingerprints)), m_acceptance(acceptance), m_measure(measure) {
  checkFingerprints(m_fingerprints);
  const torch::Tensor& dx = m_fingerprints.dx;
  m_offsets = at::cat({at::zeros_like(dx.narrow(0, 0, 1)), dx}).unsqueeze(1);
}

FingerprintOutput FingerprintScore::evaluatePiece(const Classifier& classifier, const torch::Tensor& images,
                                                  const torch::Tensor& offsets, const torch::Tensor& dy) const {
  const std::int64_t batch = images.size(0);
  const std::int64_t rows = offsets.size(0);
  const std::int64_t rowsPerForward = std::clamp<std::int64_t>(kCopiesPerForward / batch, 1, rows);
  std::vector<torch::Tensor> logits;
  for (std::int64_t first = 0; first < rows; first += rowsPerForward) {
    const std::int64_t count = std::min(rowsPerForward, rows - first);
    const torch::Tensor copies = (images.unsqueeze(0) + offsets.narrow(0, first, count)).flatten(0, 1);
    logits.push_back(classifier.logits(copies).view({count, batch, classifier.classCount()}));
  }
  const torch::Tensor all = logits.size() == 1 ? logits.front() : at::cat(logits);
  const torch::Tensor clean = all.select(0, 0);
  const torch::Tensor shifted = all.narrow(0, 1, rows - 1);
  return {clean, m_measure == Measure::Distance ? fingerprintDistances(clean, shifted, dy)
                                                : fingerprintLosses(clean, shifted, dy)};
}

FingerprintOutput FingerprintScore::evaluate(const Classifier& classifier, const torch::Tensor& images) const {
  const torch::Tensor& dx = m_fingerprints.dx;
  if (images.dim() != 4 || images.sizes().slice(1) != dx.sizes().slice(1)) {
    throw Error(ErrorKind::BadInput, "images " + shapeText(images) + " don't fit fingerprints " + shapeText(dx),
                "fingerprint");
  }
  if (classifier.classCount() != m_fingerprints.classCount()) {
    throw Error(ErrorKind::BadInput,
                "the classifier has " + std::to_string(classifier.classCount()) + " classes, the fingerprints have " +
                    std::to_string(m_fingerprints.classCount()),
                "fingerprint");
  }
  const torch::Tensor offsets = m_offsets.to(images.device(), images.scalar_type());
  const torch::Tensor dy = m_fingerprints.dy.to(images.device());
  const std::int64_t batch = images.size(0);
  if (batch == 0) {
    const torch::Tensor none = images.new_empty({0, classifier.classCount()});
    return {none, none};
  }
  if (batch <= kCopiesPerForward) return evaluatePiece(classifier, images, offsets, dy);
  std::vector<torch::Tensor> logits;
  std::vector<torch::Tensor> distances;
  for (const torch::Tensor& piece : images.split(kCopiesPerForward)) {
    FingerprintOutput output = evaluatePiece(classifier, piece, offsets, dy);
    logits.push_back(std::move(output.logits));
    distances.push_back(std::move(output.distances));
  }
  return {at::cat(logits), at::cat(distances)};
}

torch::Tensor FingerprintScore::scoreOf(const FingerprintOutput& output) const {
  if (m_acceptance == Acceptance::AnyClass) return std::get<0>(output.distances.min(1));
  return output.distances.gather(1, output.logits.argmax(1, /*keepdim=*/true)).squeeze(1);
}

DifferentiableScore::Value FingerprintScore::scored(const Classifier& classifier, const torch::Tensor& images,
                                                    const torch::Tensor& classes) const {
  const FingerprintOutput output = evaluate(classifier, images);
  if (!classes.defined()) return {scoreOf(output), output.logits};
  return {output.distances.gather(1, classes.unsqueeze(1)).squeeze(1), output.logits};
}

}  // namespace whorl
