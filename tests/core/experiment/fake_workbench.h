// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/sha256.h"
#include "core/experiment/recipe.h"
#include "core/experiment/workbench.h"

namespace whorl::test {

/// Computes nothing: results are drawn from what was asked for, and calls are counted. "lid" must be fitted.
class FakeWorkbench : public Workbench {
 public:
  std::map<std::string, int> calls;
  std::vector<std::vector<std::int64_t>> slices;  ///< that were attacked
  std::function<void(const std::string& step)> onStep;
  int failAttacks = 0;  ///< so many attacks fail, the first ones
  bool dataThere = true;
  std::int64_t testImages = 1000;

  TrainingTask resolve(const RecipeModel& model) const override {
    return {model.name, model.data, "net", "plain", model.parameters, model.seed, model.limitTrain};
  }
  AttackTask resolve(const RecipeAttack& attack) const override {
    if (attack.attack == "unheard-of") throw Error(ErrorKind::Usage, "there is no attack \"unheard-of\"", "attack");
    return {attack.attack, attack.parameters, attack.threatModel.empty() ? "grey-box" : attack.threatModel,
            attack.precision, -1};
  }
  DetectorTask resolve(const RecipeDetector& detector) const override {
    return {detector.detector, detector.parameters, detector.detector == "kd", detector.detector == "lid"};
  }
  ModelFile model(const std::string& id) const override { return {"/models/" + id, sha256Of(id), "net"}; }
  std::optional<std::string> dataChecksum(const std::string& data, bool fetch, const JobContext&) override {
    if (!dataThere && fetch) throw Error(ErrorKind::Failed, "can't be fetched", data);
    if (!dataThere) return std::nullopt;
    return sha256Of(data);
  }

  void check(const DetectorTask& detector, const std::vector<std::filesystem::path>&,
             std::int64_t images) const override {
    if (detector.detector == "impossible") throw Error(ErrorKind::BadInput, "the network has no dropout", "net");
    if (images < 2) throw Error(ErrorKind::Usage, "too few images", detector.detector);
  }

  std::string train(const TrainingTask& task, const std::filesystem::path& output, const std::filesystem::path&,
                    const JobContext& context) override {
    begin("train", context);
    write(output, "model " + task.name + toJson(task.parameters).dump());
    return "{\"seconds\": 5}";
  }
  ChosenImages choose(const std::filesystem::path&, const ImageChoice& choice, std::int64_t,
                      const JobContext& context) override {
    begin("choose", context);
    ChosenImages images;
    for (std::int64_t i = 0; i < choice.count; ++i) images.indices.push_back(choice.fromEnd ? testImages - 1 - i : i);
    images.examined = choice.count;
    images.cleanAccuracy = 1;
    return images;
  }
  AttackedSlice attack(const AttackTask& task, const std::filesystem::path& model, const ImageChoice&,
                       const std::vector<std::int64_t>& indices, const std::filesystem::path& output,
                       const JobContext& context) override {
    begin("attack", context);
    if (failAttacks > 0) {
      --failAttacks;
      throw Error(ErrorKind::Failed, "the attack broke", task.attack);
    }
    slices.push_back(indices);
    std::string text = task.attack + " on " + model.filename().string() + ":";
    for (const auto index : indices) text += " " + std::to_string(index);
    write(output, text + "\n");
    return {0, "{}"};
  }
  void join(const std::vector<std::filesystem::path>& parts, const std::filesystem::path& output) override {
    ++calls["join"];
    std::string all;
    for (const auto& part : parts) all += readFile(part, 1 << 20);
    write(output, all);
  }
  void fit(const FitWork& work, const std::filesystem::path& output, const JobContext& context) override {
    begin("fit", context);
    write(output, "fit of " + work.detector.detector + " to " + work.attacked.filename().string());
  }
  ScoredSet score(const ScoreWork& work, const JobContext& context) override {
    begin("score", context);
    // One number of the text that lies there, however it was cut into slices.
    std::istringstream text(readFile(work.attacked, 1 << 20));
    ScoredSet set;
    for (std::string word; text >> word;) {
      if (word.find_first_not_of("0123456789") != std::string::npos) continue;
      const double value = std::stod(word);
      Random random(mixSeed(7, static_cast<std::uint64_t>(value)));
      if (work.detector) set.clean.push_back(random.uniform());
      if (work.detector) set.adversarial.push_back(random.uniform() + 0.5);
      set.success.push_back(random.bernoulli(0.8));
      set.right.push_back(!set.success.back());
      set.l2.push_back(1);
      set.linf.push_back(0.3);
    }
    return set;
  }
  std::optional<double> attackSeconds(const AttackTask&, const std::optional<ModelFile>&, const TrainingTask*,
                                      const JobContext&) override {
    return 0.5;
  }
  std::optional<double> trainSeconds(const TrainingTask&, const JobContext&) override { return 100; }

  static std::string sha256Of(const std::string& text) { return sha256Hex(text.data(), text.size()); }

 private:
  void begin(const std::string& step, const JobContext& context) {
    if (onStep) onStep(step);
    context.step();
    ++calls[step];
  }
  static void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
};

}  // namespace whorl::test
