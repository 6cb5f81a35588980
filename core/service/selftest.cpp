// SPDX-License-Identifier: GPL-3.0-or-later
// The engine's known answers (docs/selftest.md): small enough for seconds, computed by hand or by an independent
// program, so that a build on a new machine, compiler or LibTorch can be trusted.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <random>

#include "core/attack/attack.h"
#include "core/base/random.h"
#include "core/base/sha256.h"
#include "core/detect/roc.h"
#include "core/fingerprint/fingerprint.h"
#include "core/nn/architecture.h"
#include "core/nn/safetensors.h"
#include "core/service/engine_impl.h"
#include "core/service/image_metrics.h"
#include "core/service/impl/inference.h"

namespace whorl {
namespace {

constexpr double kTolerance = 1e-5;

/// logits = W·x + b on four pixels: everything about it can be worked out by hand.
class LinearClassifier : public Classifier {
 public:
  LinearClassifier(torch::Tensor weight, torch::Tensor bias) : m_weight(std::move(weight)), m_bias(std::move(bias)) {}
  torch::Tensor logits(const torch::Tensor& images) const override {
    return torch::addmm(m_bias, images.flatten(1), m_weight.t());
  }
  ImageShape inputShape() const override { return {1, 1, static_cast<int>(m_weight.size(1))}; }
  int classCount() const override { return static_cast<int>(m_weight.size(0)); }
  bool differentiable() const override { return true; }
  torch::Device device() const override { return torch::kCPU; }
  torch::Dtype dtype() const override { return m_weight.scalar_type(); }

 private:
  torch::Tensor m_weight;
  torch::Tensor m_bias;
};

torch::Tensor numbers(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).to(torch::kFloat32);
}

void expect(bool condition, const std::string& what) {
  if (!condition) throw Error(ErrorKind::Failed, what);
}

void expectNear(double value, double expected, const std::string& what, double tolerance = kTolerance) {
  char text[160];
  std::snprintf(text, sizeof text, "%s is %.9g, not %.9g", what.c_str(), value, expected);
  expect(std::abs(value - expected) <= tolerance, text);
}

void expectNear(const torch::Tensor& values, const std::vector<double>& expected, const std::string& what) {
  expect(values.numel() == std::ssize(expected), what + " has the wrong size");
  const auto flat = values.flatten();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expectNear(flat[static_cast<std::int64_t>(i)].item<double>(), expected[i], what + "[" + std::to_string(i) + "]");
  }
}

LinearClassifier threeClasses() {
  return {numbers({1, -2, .5, 0, 0, 1, -1, 2, -1, .5, 1, -1}).reshape({3, 4}), numbers({.1, 0, -.1})};
}

AttackOutcome attacked(const std::string& name, const Parameters& given, const JobContext& context) {
  const LinearClassifier classifier = threeClasses();
  AttackRequest request;
  request.images = numbers({.2, .4, .6, .8}).reshape({1, 1, 1, 4});
  request.labels = torch::ones({1}, torch::kInt64);
  request.indices = {0};
  const Attack& attack = findAttack(name);
  return attack.run(classifier, request, resolve(name, attack.spec().parameters, given), context);
}

void checkSha256(const JobContext&) {
  expect(sha256Hex("abc", 3) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
         "SHA-256 of \"abc\"");
}

void checkRandom(const JobContext&) {
  // The first output of SplitMix64 from 0 (Steele, Lea, Flood 2014).
  Random random(0);
  expect(random.next() == 0xe220a8397b1dcdafULL, "the first random number of seed 0");
}

void checkParameterCounts(const JobContext&) {
  for (const auto& [name, count] : {std::pair{"nfp-mnist", 313386}, {"nfp-cifar", 1130378}}) {
    const Architecture& architecture = findArchitecture(name);
    const auto found = parameterCount(architecture, architecture.input, architecture.classes);
    expect(found == count, std::string(name) + " has " + std::to_string(found) + " parameters");
  }
}

void checkLinearLoss(const JobContext&) {
  const LinearClassifier classifier = threeClasses();
  const auto x = numbers({.2, .4, .6, .8}).reshape({1, 1, 1, 4});
  expectNear(classifier.logits(x), {-.2, 1.4, -.3}, "logits");
  const auto value =
      lossGradient(makeObjective("cross_entropy"), classifier, x, {torch::ones({1}, torch::kInt64), {}, {}});
  expectNear(value.loss.item<double>(), .3253969, "cross-entropy");
  expectNear(value.gradient, {.0138764, -.5034244, .4826098, -.6874602}, "its gradient");
}

void checkFgsm(const JobContext& context) {
  expectNear(attacked("fgsm", {{"epsilon", .1}}, context).adversarial, {.3, .3, .7, .7}, "FGSM .1");
  const auto outcome = attacked("fgsm", {{"epsilon", .3}}, context);
  expectNear(outcome.adversarial, {.5, .1, .9, .5}, "FGSM .3");
  expect(outcome.success.item<bool>() && outcome.predictions.item<std::int64_t>() == 0, "FGSM .3 must reach class 0");
}

void checkPgd(const JobContext& context) {
  // The nearest adversarial point lies at .21333 in L-infinity.
  const auto run = [&](double epsilon) {
    // From x itself: a random start may lead to the other class, which lies farther away.
    return attacked("pgd",
                    {{"epsilon", epsilon}, {"steps", std::int64_t{40}}, {"step_size", .02}, {"random_start", false}},
                    context)
        .success.item<bool>();
  };
  expect(!run(.2132), "PGD must fail at .2132");
  expect(run(.2135), "PGD must succeed at .2135");
}

/// The network of zero fingerprint loss: h(x) = a + (w·x) d with |a| = |a + d| = 1.
void checkFingerprints(const JobContext&) {
  auto direction = torch::full({10}, .25);
  direction[3] = -.75;
  auto bias = torch::full({10}, .0748263135);
  bias[3] = .9744789404;
  const auto weight = direction.unsqueeze(1) * numbers({10, 0, 0, 0}).unsqueeze(0);
  const LinearClassifier classifier(weight, bias);
  auto dy = torch::full({1, 10, 10}, .25);
  for (int i = 0; i < 10; ++i) dy[0][i][i] = -.75;
  const FingerprintScore score({numbers({.1, 0, 0, 0}).reshape({1, 1, 1, 4}), dy});
  const auto at = [&](double pixel) {
    return score.evaluate(classifier, numbers({pixel, 0, 0, 0}).reshape({1, 1, 1, 4})).distances[0];
  };
  const auto origin = at(0);
  expectNear(origin[3].item<double>(), 0, "the distance of the fingerprinted class");
  expectNear(origin[0].item<double>(), 1.4142136, "the distance of another class");
  const auto moved = at(.1);
  expectNear(moved[3].item<double>(), .8027756, "the fingerprinted class after a step");
  expectNear(moved[0].item<double>(), 1.2901470, "another class after a step");
}

void checkConstantNetwork(const JobContext&) {
  const LinearClassifier classifier(torch::zeros({10, 4}), torch::arange(1, 11).to(torch::kFloat32));
  auto dy = torch::full({1, 10, 10}, .25);
  for (int i = 0; i < 10; ++i) dy[0][i][i] = -.75;
  const FingerprintScore score({torch::full({1, 1, 1, 4}, .1F), dy});
  expectNear(score.score(classifier, torch::zeros({1, 1, 1, 4})).item<double>(), 1.0606602,
             "a constant network's score");
}

void checkAuc(const JobContext&) {
  expectNear(aucExact({.1, .4}, {.35, .8}), .75, "AUC");
  expectNear(aucExact({.5, .5}, {.5, 1}), .75, "AUC with ties");
  expectNear(aucExact({.1, .2, .3, .4, .5}, {.25, .35, .45, .55}), .70, "AUC of interleaved scores");
  expectNear(aucExact({.50004, .5003}, {.5001, .50045}), .75, "AUC of close scores");
}

void checkNorms(const JobContext&) {
  const Image black{{1, 8, 8}, std::vector<float>(64, 0.0F)};
  Image grey{{1, 8, 8}, std::vector<float>(64, 0.5F)};
  const ImageNorms norms = imageNorms(black, grey);
  expect(norms.l0 == 64, "L0 of 64 pixels");
  expectNear(norms.l2, 4, "L2");
  expectNear(norms.psnr, 6.0205999, "PSNR");
  expectNear(norms.ssim, 1e-4 / (.25 + 1e-4), "SSIM of two flat images");
  expectNear(imageNorms(grey, grey).ssim, 1, "SSIM of an image with itself");
}

void checkModelFile(const JobContext&) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("whorl-selftest-" + std::to_string(Random(std::random_device{}()).next()) + ".safetensors");
  TensorFile file;
  file.tensors["a"] = torch::arange(6).reshape({2, 3});
  file.metadata["k"] = "v";
  writeSafetensors(file, path);
  const TensorFile back = readSafetensors(path);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  expect(back.metadata == file.metadata && back.tensors.at("a").equal(file.tensors["a"]),
         "a file of tensors read back");
}

struct Check {
  const char* name;
  void (*run)(const JobContext&);
};

constexpr Check kChecks[] = {
    {"SHA-256", checkSha256},
    {"random numbers", checkRandom},
    {"parameter counts", checkParameterCounts},
    {"loss and gradient of a linear network", checkLinearLoss},
    {"FGSM on a linear network", checkFgsm},
    {"PGD at the smallest distance", checkPgd},
    {"fingerprint distances", checkFingerprints},
    {"a network without fingerprints", checkConstantNetwork},
    {"exact AUC", checkAuc},
    {"image norms", checkNorms},
    {"tensor files", checkModelFile},
};

}  // namespace

std::vector<std::string> EngineImpl::selftest(const JobContext& context) {
  std::vector<std::string> lines;
  std::string failures;
  const auto total = static_cast<std::int64_t>(std::size(kChecks));
  for (const Check& check : kChecks) {
    context.step();
    try {
      translated(check.name, [&] { check.run(context); });
      lines.push_back(std::string("ok    ") + check.name);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
      lines.push_back(std::string("FAIL  ") + check.name + ": " + error.what());
      failures += (failures.empty() ? "" : "; ") + std::string(check.name) + ": " + error.message();
    }
    context.report({std::ssize(lines), total, lines.back(), {}});
  }
  if (!failures.empty()) {
    throw Error(ErrorKind::Failed, failures, "selftest", "don't trust this build; please report it");
  }
  return lines;
}

}  // namespace whorl
