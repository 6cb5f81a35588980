// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/trainer.h"

#include <ATen/Context.h>

#include "core/base/error.h"
#include "core/nn/device.h"
#include "core/nn/thread_scope.h"
#include "core/train/training_run.h"

namespace whorl {
namespace {

/// Deterministic kernels for the length of a run. Warnings only: torch also objects to the backward pass of
/// max-pooling, which adds where windows overlap; ours don't.
class DeterministicKernels {
 public:
  explicit DeterministicKernels(bool wanted)
      : m_before(at::globalContext().deterministicAlgorithms()),
        m_beforeWarnOnly(at::globalContext().deterministicAlgorithmsWarnOnly()) {
    if (wanted) at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
  }
  ~DeterministicKernels() { at::globalContext().setDeterministicAlgorithms(m_before, m_beforeWarnOnly); }
  DeterministicKernels(const DeterministicKernels&) = delete;
  DeterministicKernels& operator=(const DeterministicKernels&) = delete;

 private:
  bool m_before;
  bool m_beforeWarnOnly;
};

}  // namespace

const std::vector<ParameterSpec>& trainerParameters() {
  static const std::vector<ParameterSpec> specs = [] {
    std::vector<ParameterSpec> made = {
        ParameterSpec::integer("epochs", 4, 1, 10000, "", "Times that each training image is seen"),
        ParameterSpec::integer("batch_size", 128, 1, 65536, "images", "Training images in one step"),
        ParameterSpec::choice("optimizer", "adam", {"adam", "sgd", "adadelta"},
                              "How weights follow their gradients; adadelta wants a learning_rate of about 1"),
        ParameterSpec::real("learning_rate", 1e-3, 1e-8, 100, "", "Size of a step; the peak of a schedule"),
        ParameterSpec::real("momentum", 0.9, 0, 0.9999, "", "Momentum of SGD, beta1 of Adam"),
        ParameterSpec::real("beta2", 0.999, 0, 0.99999, "",
                            "Memory of Adam and Adadelta for squared gradients (published for Adadelta: 0.95)"),
        ParameterSpec::boolean("nesterov", false, "SGD looks ahead by its momentum (Nesterov)"),
        ParameterSpec::real("weight_decay", 0, 0, 1, "", "Pull of all weights towards 0, added to the gradient"),
        ParameterSpec::choice("schedule", "constant", {"constant", "cosine", "one_cycle", "steps"},
                              "How the learning rate changes over the run"),
        ParameterSpec::boolean("cycle_momentum", true, "one_cycle: momentum falls while the learning rate rises"),
        ParameterSpec::text("milestones", "", "steps: epochs at which the learning rate falls, as in 40,60"),
        ParameterSpec::real("decay_factor", 0.1, 1e-6, 1, "", "steps: factor on the learning rate at each milestone"),
        ParameterSpec::choice("precision", "float32", {"float32", "bfloat16"},
                              "Type that layers compute in; bfloat16 is faster only where the processor has bfloat16 "
                              "instructions, and slower elsewhere"),
        ParameterSpec::choice("augmentation", "none", {"none", "crop_flip"},
                              "crop_flip: random crop after padding with black, and random mirror image"),
        ParameterSpec::integer("crop_padding", 4, 0, 64, "pixels", "crop_flip: padding on each side"),
        ParameterSpec::real("validation_fraction", 0, 0, 0.9, "", "Share of training images kept apart to validate"),
        ParameterSpec::real("probe_epsilon", 0.3, 0, 1, "[0,1]",
                            "Size of the FGSM attack that the detector is tried on after each epoch"),
        ParameterSpec::real("checkpoint_seconds", 60, 0, 86400, "s",
                            "Time between checkpoints within an epoch, 0 for none"),
        ParameterSpec::text("start_from", "",
                            "Model (by name or file) or checkpoint whose weights training starts from; empty: random "
                            "ones"),
        ParameterSpec::integer(
            "trained_layers", 0, 0, 100, "",
            "Train so many last layers alone (convolutions and fully connected ones), the others stay as they "
            "are; 0: all"),
        ParameterSpec::boolean("deterministic", false, "GPU: only kernels that give the same numbers each time"),
    };
    for (ParameterSpec& spec : made) {
      spec.logarithmic = spec.name == "learning_rate" || spec.name == "batch_size";
    }
    return made;
  }();
  return specs;
}

TrainingOutcome train(const TrainingPlan& plan, const JobContext& context,
                      const std::function<void(const TrainingEvent&)>& onEvent,
                      const std::function<bool()>& stopAndKeep) {
  const ThreadScope threads(plan.threads > 0 ? plan.threads : hardwareThreads());
  try {
    TrainingRun run(plan, context, onEvent, stopAndKeep);
    const DeterministicKernels deterministic(run.deterministic());
    return run.run();
  } catch (...) {
    rethrowTorchError(std::current_exception(), "training on " + plan.device.str());
  }
}

}  // namespace whorl
