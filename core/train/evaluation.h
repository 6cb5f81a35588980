// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/job.h"
#include "core/data/dataset.h"
#include "core/fingerprint/fingerprint.h"
#include "core/nn/classifier.h"

namespace whorl {

/// Images [n,C,H,W] in [0,1] and labels [n] of a split, on the classifier's device.
struct EvaluationBatch {
  torch::Tensor images;
  torch::Tensor labels;
};
EvaluationBatch gather(const DataSplit& split, const std::vector<std::int64_t>& indices, const Classifier& classifier);

/// Share of correctly classified images among `indices`; NaN for none. Cancellable between batches.
double accuracy(const Classifier& classifier, const DataSplit& split, const std::vector<std::int64_t>& indices,
                const JobContext& context);

/// Fingerprint scores of clean images.
struct CleanScores {
  std::vector<double> all;
  std::vector<double> correct;  ///< of the correctly classified ones
};
CleanScores cleanScores(const Classifier& classifier, const FingerprintScore& score, const DataSplit& split,
                        const std::vector<std::int64_t>& indices, const JobContext& context);

/// Exact AUC of the fingerprint score between correctly classified images and those FGSM adversaries of them (linf
/// `epsilon`, grey box) that mislead the classifier; NaN where there are none. A cheap sign of life during training,
/// not an evaluation.
double fgsmAuc(const Classifier& classifier, const FingerprintScore& score, const DataSplit& split,
               const std::vector<std::int64_t>& indices, double epsilon, const JobContext& context);

}  // namespace whorl
