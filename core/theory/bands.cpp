// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/bands.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr double kSlack = 1e-9;

void checkModel(const LinearModel& model) {
  const double size = length(model.w);
  if (size > 0 && std::isfinite(size) && std::isfinite(model.b)) return;
  throw Error(ErrorKind::BadInput, "the model's boundary is no line", "w", "give data that a line can tell apart");
}

/// The narrowest window over `sorted` that holds `needed` of its values.
Band narrowest(const std::vector<double>& sorted, std::size_t needed) {
  if (sorted.empty()) return {};
  Band best{sorted.front(), sorted[needed - 1]};
  for (std::size_t last = needed; last < sorted.size(); ++last) {
    const Band band{sorted[last + 1 - needed], sorted[last]};
    if (band.far - band.near < best.far - best.near) best = band;
  }
  return best;
}

}  // namespace

bool acceptedBySigns(const LinearModel& model, const std::vector<SignFingerprint>& fingerprints, const PlanarPoint& x) {
  const int side = model.predicted(x);
  return std::all_of(fingerprints.begin(), fingerprints.end(), [&](const SignFingerprint& fingerprint) {
    const bool kept = model.predicted(x + fingerprint.dx) == side;
    return kept == fingerprint.keeps[static_cast<std::size_t>(side)];
  });
}

std::vector<SignFingerprint> bandFingerprints(const LinearModel& model, const Bands& bands) {
  checkModel(model);
  const PlanarPoint normal = model.w * (1 / length(model.w));
  std::vector<SignFingerprint> fingerprints;
  for (const std::size_t side : {std::size_t{1}, std::size_t{0}}) {
    const Band& band = bands[side];
    if (!(band.near >= 0) || !(band.far >= band.near) || !std::isfinite(band.far)) {
      throw Error(ErrorKind::Usage, "a band must begin at 0 or beyond and end where it begins or later", "bands");
    }
    const PlanarPoint towards = normal * (side == 1 ? -1.0 : 1.0);
    // What a step towards the boundary from one side does on the other is to lead away from it: the sign is kept.
    SignFingerprint keep{towards * (band.near * (1 - kSlack)), {true, true}};
    SignFingerprint flip{towards * (band.far * (1 + kSlack)), {true, true}};
    flip.keeps[side] = false;
    fingerprints.push_back(keep);
    fingerprints.push_back(flip);
  }
  return fingerprints;
}

Bands tightestBands(const LinearModel& model, const PlanarData& data, double share) {
  checkModel(model);
  if (!(share > 0 && share <= 1)) {
    throw Error(ErrorKind::Usage, "the share must be above 0 and at most 1", "share");
  }
  if (checkedClassCount(data) != 2) {
    throw Error(ErrorKind::BadInput, "a line tells two classes apart", "points", "give points of two classes");
  }
  std::array<std::vector<double>, 2> distances;
  for (const PlanarSample& sample : data) {
    if (model.predicted(sample.at) != sample.label) continue;
    distances[static_cast<std::size_t>(sample.label)].push_back(std::abs(model.distance(sample.at)));
  }
  Bands bands;
  for (std::size_t side = 0; side < 2; ++side) {
    std::vector<double>& sorted = distances[side];
    std::sort(sorted.begin(), sorted.end());
    const double wanted = std::ceil(share * static_cast<double>(sorted.size()) - 1e-9);
    bands[side] = narrowest(sorted, std::max<std::size_t>(1, static_cast<std::size_t>(wanted)));
  }
  return bands;
}

PlanarFingerprints asResponses(const std::vector<SignFingerprint>& fingerprints) {
  PlanarFingerprints result;
  result.classes = 2;
  for (const SignFingerprint& fingerprint : fingerprints) {
    result.dx.push_back(fingerprint.dx);
    // The normalised output of class 1 is (−1, 1)/√2 and that of class 0 its negative: a flip is −2 times it.
    for (int label = 0; label < 2; ++label) {
      const double flip = fingerprint.keeps[static_cast<std::size_t>(label)] ? 0 : std::sqrt(2.0);
      for (int k = 0; k < 2; ++k) result.dy.push_back(k == label ? -flip : flip);
    }
  }
  return result;
}

}  // namespace whorl
