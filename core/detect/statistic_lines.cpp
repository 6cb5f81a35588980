// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/statistic_lines.h"

#include "core/detect/statistic.h"
#include "core/detect/text_list.h"

namespace whorl {
namespace {

using Head = StatisticLine::Head;

constexpr DetectorNeeds kNothing{};
constexpr DetectorNeeds kTraining{.trainingImages = true};
constexpr DetectorNeeds kAttacked{.trainingImages = true, .attackedImages = true};
constexpr DetectorNeeds kAttackedTwins{.attackedImages = true, .twins = true};

ParameterSpec outputParameter() {
  return ParameterSpec::choice("output", "raw", {"raw", "logistic"},
                               "The number itself, or a logistic regression on it (published; fitted to one attack it "
                               "can have the wrong sign for another)");
}

ParameterSpec scalingParameter(const std::string& defaultValue) {
  return ParameterSpec::choice("scaling", defaultValue, {"zscore", "minmax", "none"},
                               "How the columns are scaled before the regression, on the images of the fit");
}

/// Those of the statistics, after `own`.
std::vector<ParameterSpec> parametersOf(const std::string& statistics, std::vector<ParameterSpec> own = {}) {
  for (const std::string& name : splitList(statistics)) {
    const auto& more = findStatistic(name).parameters;
    own.insert(own.end(), more.begin(), more.end());
  }
  return own;
}

std::string allStatistics() {
  std::string names;
  for (const StatisticEntry& entry : statistics()) names += (names.empty() ? "" : ",") + entry.name;
  return names;
}

StatisticLine raw(const std::string& name, const std::string& title, const std::string& summary,
                  const std::string& reference, DetectorNeeds needs) {
  return {{name, title, summary, reference, parametersOf(name)}, name, Head::Raw, "none", needs};
}

StatisticLine withOutput(const std::string& name, const std::string& title, const std::string& summary,
                         const std::string& reference, DetectorNeeds needs) {
  return {
      {name, title, summary, reference, parametersOf(name, {outputParameter()})}, name, Head::Output, "zscore", needs};
}

}  // namespace

std::vector<std::string> StatisticLine::statisticsOf(const Parameters& parameters) const {
  return splitList(statistics.empty() ? parameters.text("statistics") : statistics);
}

bool StatisticLine::isLogistic(const Parameters& parameters) const {
  return head == Head::Logistic || (head == Head::Output && parameters.text("output") == "logistic");
}

std::string StatisticLine::scalingOf(const Parameters& parameters) const {
  return scaling.empty() ? parameters.text("scaling") : scaling;
}

const std::vector<StatisticLine>& statisticLines() {
  static const std::vector<StatisticLine> table = {
      {{"lid", "Local intrinsic dimensionality",
        "How fast the number of clean images grows with the distance from this one, layer by layer, under a logistic "
        "regression.",
        "Ma et al. 2018, \"Characterizing Adversarial Subspaces Using Local Intrinsic Dimensionality\"",
        parametersOf("lid", {scalingParameter("minmax")})},
       "lid",
       Head::Logistic,
       "",
       kAttackedTwins},
      withOutput("kd", "Kernel density",
                 "How unlikely the last hidden layer is among training images of the predicted class.",
                 "Feinman et al. 2017, \"Detecting Adversarial Samples from Artifacts\"", kTraining),
      withOutput("bu", "Dropout uncertainty", "How much the answer varies with dropout on.",
                 "Feinman et al. 2017, \"Detecting Adversarial Samples from Artifacts\"", kNothing),
      {{"kd-bu", "Kernel density and dropout uncertainty", "Both under a logistic regression.",
        "Feinman et al. 2017, \"Detecting Adversarial Samples from Artifacts\"",
        parametersOf("kd,bu", {scalingParameter("zscore")})},
       "kd,bu",
       Head::Logistic,
       "",
       kAttacked},
      raw("max-softmax", "Largest probability", "How unsure the network is of its answer.",
          "Hendrycks and Gimpel 2017, \"A Baseline for Detecting Misclassified and Out-of-Distribution Examples\"",
          kNothing),
      raw("energy", "Energy", "How little evidence there is for all classes together.",
          "Liu et al. 2020, \"Energy-based Out-of-distribution Detection\"", kNothing),
      raw("logit-margin", "Logit margin", "How close the second class's logit is to the first's.",
          "The margin of Carlini and Wagner 2017, as a score", kNothing),
      raw("mahalanobis", "Mahalanobis distance",
          "How far the last hidden layer is from every class's mean, in standard deviations.",
          "Lee et al. 2018, \"A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial "
          "Attacks\"",
          kTraining),
      raw("feature-squeezing", "Feature squeezing", "How much the answer changes when the image loses detail.",
          "Xu, Evans, Qi 2018, \"Feature Squeezing: Detecting Adversarial Examples in Deep Neural Networks\"",
          kNothing),
      raw("odds", "Noise-induced odds",
          "How unusually noise moves the odds between the predicted class and the others.",
          "Roth, Kilcher, Hofmann 2019, \"The Odds are Odd: A Statistical Test for Detecting Adversarial Examples\"",
          kTraining),
      {{"combination", "Any statistics together", "Several statistics under one logistic regression.",
        "As Feinman et al. 2017 combine two",
        parametersOf(allStatistics(),
                     {ParameterSpec::text("statistics", "kd,lid", "Names separated by commas: " + allStatistics()),
                      scalingParameter("zscore")})},
       "",
       Head::Logistic,
       "",
       {.trainingImages = true, .attackedImages = true, .twins = true}},
  };
  return table;
}

}  // namespace whorl
