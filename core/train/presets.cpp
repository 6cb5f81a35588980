// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/train/trainer.h"

namespace whorl {
namespace {

using Values = std::initializer_list<std::pair<const std::string, ParameterValue>>;

Parameters with(Parameters base, Values more) {
  for (const auto& [name, value] : more) base.set(name, value);
  return base;
}

ParameterValue text(const char* value) { return std::string(value); }
ParameterValue whole(std::int64_t value) { return value; }

/// Adam with one cycle in bfloat16: quick on a CPU (docs/training.md).
Parameters quick(std::int64_t epochs, double peak, double validation, double probe) {
  return Parameters{{"epochs", whole(epochs)},           {"batch_size", whole(128)},
                    {"optimizer", text("adam")},         {"learning_rate", peak},
                    {"schedule", text("one_cycle")},     {"precision", text("bfloat16")},
                    {"validation_fraction", validation}, {"probe_epsilon", probe}};
}

/// Fingerprints of MNIST's kind (method: docs/fingerprints.md): pixels uniform in [0, epsilon], one negative sign.
Parameters greyFingerprints(std::int64_t count, std::int64_t perStep, double epsilon) {
  return Parameters{{"fingerprints", whole(count)},
                    {"fingerprints_per_step", whole(perStep)},
                    {"fingerprint_epsilon", epsilon},
                    {"fingerprint_weight", 1.0},
                    {"dx_law", text("uniform_positive")},
                    {"dy_sign", text("minus")},
                    {"alpha", 0.25},
                    {"beta", 0.75},
                    {"dy_scale", 1.0}};
}

/// Of CIFAR-10's kind: pixels uniform in [-epsilon, epsilon], the authors' last values.
Parameters colourFingerprints(std::int64_t count, std::int64_t perStep, double epsilon) {
  return with(greyFingerprints(count, perStep, epsilon),
              {{"dx_law", text("uniform")}, {"alpha", 0.254}, {"beta", 0.70}, {"dy_scale", 1.5}});
}

Parameters joined(Parameters base, const Parameters& more) {
  for (const auto& [name, value] : more.values()) base.set(name, value);
  return base;
}

Parameters cifarPublished(std::int64_t epochs) {
  return Parameters{{"epochs", whole(epochs)},
                    {"batch_size", whole(128)},
                    {"optimizer", text("sgd")},
                    {"learning_rate", 0.01},
                    {"momentum", 0.9},
                    {"weight_decay", 1e-6},
                    {"schedule", text("cosine")},
                    {"augmentation", text("crop_flip")},
                    {"crop_padding", whole(4)},
                    {"validation_fraction", 0.1},
                    {"probe_epsilon", 0.05}};
}

/// Stability's defaults (docs/training.md).
Parameters stability() {
  return Parameters{{"noise", text("gaussian")},
                    {"noise_sigma", 0.04},
                    {"stability_divergence", text("cross_entropy")},
                    {"stability_weight", 1.0}};
}

std::vector<TrainingPreset> makePresets() {
  const Parameters augmented = Parameters{{"augmentation", text("crop_flip")}, {"crop_padding", whole(4)}};
  std::vector<TrainingPreset> presets;
  const auto add = [&](const char* name, const char* title, const char* data, const char* architecture,
                       const char* objective, Parameters parameters) {
    presets.push_back({name, title, data, architecture, objective, std::move(parameters)});
  };

  add("mnist-fingerprint", "MNIST, fingerprinted: 3 of 10 fingerprints a step", "mnist", "nfp-mnist", "fingerprint",
      joined(quick(4, 2e-3, 0.02, 0.4), greyFingerprints(10, 3, 0.1)));
  add("mnist-fingerprint-published", "MNIST, fingerprinted as published: all 10 a step", "mnist", "nfp-mnist",
      "fingerprint",
      joined(Parameters{{"epochs", whole(10)},
                        {"batch_size", whole(128)},
                        {"optimizer", text("adam")},
                        {"learning_rate", 1e-3},
                        {"schedule", text("constant")},
                        {"precision", text("float32")},
                        {"validation_fraction", 0.0},
                        {"probe_epsilon", 0.4}},
             greyFingerprints(10, 0, 0.1)));
  add("mnist-plain", "MNIST, plain", "mnist", "nfp-mnist", "plain", quick(4, 2e-3, 0.02, 0.4));
  add("mnist-adversarial", "MNIST, adversarial training (PGD, 0.3)", "mnist", "nfp-mnist", "adversarial",
      joined(quick(10, 2e-3, 0.02, 0.3), Parameters{{"epsilon", 0.3},
                                                    {"step_size", 0.05},
                                                    {"steps", whole(10)},
                                                    {"random_start", true},
                                                    {"adversarial_weight", 1.0}}));

  add("mnist-stability", "MNIST, stability: the shipped plain network's fully connected layers, tuned", "mnist",
      "nfp-mnist", "stability",
      with(joined(quick(5, 2e-4, 0.02, 0.4), stability()),
           {{"start_from", text("mnist-plain")}, {"trained_layers", whole(3)}, {"schedule", text("cosine")}}));
  add("mnist-noisy", "MNIST, half of the images with Gaussian noise", "mnist", "nfp-mnist", "plain+noisy",
      with(quick(4, 2e-3, 0.02, 0.4), {{"noise_sigma", 0.04}}));
  add("mnist-embedding", "MNIST, an embedding for near-duplicates (JPEG, crops, thumbnails)", "mnist",
      "embedding-small", "triplet",
      with(quick(4, 2e-3, 0.02, 0.4), {{"noise", text("jpeg+crop+thumbnail")}, {"noise_severity", whole(3)}}));

  add("fashion-mnist-stability", "Fashion-MNIST, stability", "fashion-mnist", "nfp-mnist", "stability",
      joined(quick(8, 2e-3, 0.02, 0.2), stability()));
  add("fashion-mnist-fingerprint", "Fashion-MNIST, fingerprinted", "fashion-mnist", "nfp-mnist", "fingerprint",
      joined(quick(8, 2e-3, 0.02, 0.2), greyFingerprints(10, 3, 0.1)));
  add("fashion-mnist-plain", "Fashion-MNIST, plain", "fashion-mnist", "nfp-mnist", "plain", quick(8, 2e-3, 0.02, 0.2));

  add("cifar10-fingerprint", "CIFAR-10, fingerprinted: 30 fingerprints, 80 epochs (needs a GPU)", "cifar10",
      "nfp-cifar", "fingerprint", joined(cifarPublished(80), colourFingerprints(30, 0, 0.006)));
  add("cifar10-fingerprint-quick", "CIFAR-10, fingerprinted: 3 of 10 a step, 10 epochs", "cifar10", "nfp-cifar",
      "fingerprint", joined(joined(quick(10, 2e-3, 0.1, 0.05), augmented), colourFingerprints(10, 3, 0.006)));
  add("cifar10-plain", "CIFAR-10, plain", "cifar10", "nfp-cifar", "plain",
      joined(quick(20, 2e-3, 0.1, 0.05), augmented));

  add("cifar10-stability", "CIFAR-10, stability", "cifar10", "nfp-cifar", "stability",
      joined(joined(quick(20, 2e-3, 0.1, 0.05), augmented), stability()));
  add("cifar10-embedding", "CIFAR-10, an embedding for near-duplicates (JPEG, crops, thumbnails)", "cifar10",
      "embedding-small", "triplet",
      with(quick(10, 2e-3, 0.1, 0.05), {{"noise", text("jpeg+crop+thumbnail")}, {"noise_severity", whole(3)}}));

  const Parameters large =
      Parameters{{"augmentation", text("crop_flip")}, {"crop_padding", whole(8)}, {"batch_size", whole(64)}};
  add("miniimagenet20-fingerprint", "MiniImagenet-20, fingerprinted (better with a GPU)", "miniimagenet20", "conv-84",
      "fingerprint",
      with(joined(joined(quick(40, 1e-3, 0.1, 0.05), large), colourFingerprints(20, 3, 0.03)),
           {{"alpha", 0.254}, {"beta", 0.60}, {"dy_scale", 1.0}}));
  add("miniimagenet20-plain", "MiniImagenet-20, plain (better with a GPU)", "miniimagenet20", "conv-84", "plain",
      joined(quick(40, 1e-3, 0.1, 0.05), large));

  add("glyphs-fingerprint", "Glyphs, fingerprinted", "glyphs", "nfp-mnist", "fingerprint",
      joined(quick(6, 2e-3, 0.05, 0.3), greyFingerprints(10, 3, 0.1)));
  add("glyphs-plain", "Glyphs, plain", "glyphs", "nfp-mnist", "plain", quick(4, 2e-3, 0.05, 0.3));
  add("shapes-fingerprint", "Shapes, fingerprinted", "shapes", "nfp-cifar", "fingerprint",
      joined(quick(8, 2e-3, 0.05, 0.05), colourFingerprints(10, 3, 0.03)));
  add("shapes-plain", "Shapes, plain", "shapes", "nfp-cifar", "plain", quick(6, 2e-3, 0.05, 0.05));
  return presets;
}

}  // namespace

const std::vector<TrainingPreset>& trainingPresets() {
  static const std::vector<TrainingPreset> presets = makePresets();
  return presets;
}

}  // namespace whorl
