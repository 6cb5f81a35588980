// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <span>

#include "core/theory/toys.h"
#include "tests/ui/fake_engine.h"

namespace whorl::test {

/// A fake engine whose plane is the real one: it has no torch in it.
class TheoryEngine : public FakeEngine {
 public:
  /// Called after each frame of learning.
  std::function<void(const JobContext&)> onFrame;
  std::atomic<int> learned{0};
  /// Called before each attack.
  std::function<void(const JobContext&)> onAttack;
  std::atomic<int> attacked{0};  ///< attacks that came to an end

  TheoryLists theoryLists() const override {
    TheoryLists lists;
    for (const ToyEntry& entry : toys()) lists.toys.push_back(entry.spec);
    lists.models = theoryModels();
    lists.lineModels = {"svm", "logistic"};
    lists.attacks = planarAttacks();
    lists.fingerprints = planarFingerprintParameters();
    return lists;
  }
  PlanarData theoryData(const TheoryRequest& request, const JobContext&) override { return whorl::theoryData(request); }
  TheoryResult theory(const TheoryRequest& request, const JobContext& context, const TheoryHooks& hooks) override {
    TheoryResult result = runTheory(request, context, {[&](const TheoryFrame& frame) {
                                      if (hooks.onFrame) hooks.onFrame(frame);
                                      if (onFrame) onFrame(context);
                                    }});
    ++learned;
    return result;
  }
  PlanarTrajectory theoryAttack(const TheoryAttackRequest& request, const JobContext& context) override {
    if (onAttack) onAttack(context);
    context.throwIfStopped();
    const int label = request.label.value_or(request.network.predicted(std::span(&request.start, 1)).front());
    auto path = planarAttack(request.network, request.fingerprints, request.threshold, request.attack,
                             request.parameters, request.start, label, request.seed);
    ++attacked;
    return path;
  }
};

}  // namespace whorl::test
