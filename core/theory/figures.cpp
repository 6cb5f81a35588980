// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/figures.h"

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr int kResolution = 201;

TheoryFigure linear() {
  TheoryFigure figure{"linear",
                      "A line and four fingerprints",
                      "The accept region of a linear support vector machine hugs the data",
                      {},
                      false,
                      false};
  // Near enough to each other that some points fall on the wrong side.
  figure.request.toyParameters = {{"distance", 1.6}};
  figure.request.model = "svm";
  figure.request.share = 1;
  figure.request.resolution = kResolution;
  return figure;
}

TheoryFigure nonlinear() {
  TheoryFigure figure{"nonlinear",
                      "A network without and with fingerprints",
                      "The fingerprint loss is low around the data alone if the network was trained for it",
                      {},
                      true,
                      false};
  figure.request.toyParameters = {{"count", std::int64_t{1000}}};
  figure.request.modelParameters = {{"hidden", std::int64_t{64}}, {"epochs", std::int64_t{200}}};
  figure.request.fingerprintParameters = {{"count", std::int64_t{10}}};
  figure.request.resolution = kResolution;
  return figure;
}

TheoryFigure vectorOutputs() {
  TheoryFigure figure{"vector",
                      "Two linear outputs",
                      "The accept region of linear outputs, sampled, and its edge in closed form",
                      {},
                      false,
                      true};
  figure.request.model = "linear-outputs";
  figure.request.modelParameters = {{"epochs", std::int64_t{300}}, {"learning_rate", 0.02}};
  // One fingerprint, so that the mean over them is the distance that the closed form is about.
  figure.request.fingerprintParameters = {{"count", std::int64_t{1}}};
  figure.request.resolution = kResolution;
  return figure;
}

}  // namespace

const std::vector<TheoryFigure>& theoryFigures() {
  static const std::vector<TheoryFigure> table = {linear(), nonlinear(), vectorOutputs()};
  return table;
}

const TheoryFigure& findTheoryFigure(const std::string& name) {
  std::string known;
  for (const TheoryFigure& figure : theoryFigures()) {
    if (figure.name == name) return figure;
    known += (known.empty() ? "" : ", ") + figure.name;
  }
  throw Error(ErrorKind::Usage, "there is no figure \"" + name + "\"", "figure", "one of " + known);
}

}  // namespace whorl
