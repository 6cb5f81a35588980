// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/trainer.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <stop_token>

#include <QTemporaryDir>
#include <QTest>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/nn/device.h"
#include "core/nn/safetensors.h"
#include "core/train/checkpoint.h"
#include "core/train/training_loss.h"

using namespace whorl;

namespace {

constexpr int kClasses = 4;
constexpr int kSide = 16;

void addImages(DataSplit& split, int count, Random& random, int side) {
  split.shape = {1, side, side};
  for (int i = 0; i < count; ++i) {
    const int label = i % kClasses;
    split.labels.push_back(label);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const bool bright = y / (side / 2) == label / 2 && x / (side / 2) == label % 2;
        split.pixels.push_back(static_cast<std::uint8_t>(random.below(100) + (bright ? 120 : 0)));
      }
    }
  }
}

/// Four classes: which quarter of a noisy image is bright.
DatasetPtr quarters(int train = 96, int side = kSide) {
  auto dataset = std::make_shared<Dataset>();
  dataset->name = "quarters";
  dataset->checksum = "none";
  for (int i = 0; i < kClasses; ++i) dataset->classNames.push_back(std::to_string(i));
  Random random(5);
  addImages(dataset->train, train, random, side);
  addImages(dataset->test, 40, random, side);
  return dataset;
}

TrainingPlan plan(const char* objective = "plain", Parameters more = {}) {
  TrainingPlan made;
  made.dataset = quarters();
  made.architecture = "nfp-mnist";
  made.objective = objective;
  made.parameters = {{"epochs", std::int64_t{2}}, {"batch_size", std::int64_t{16}}, {"checkpoint_seconds", 0.0}};
  for (const auto& [name, value] : more.values()) made.parameters.set(name, value);
  made.seed = 11;
  made.threads = 1;
  return made;
}

Parameters fingerprintSettings() {
  return {{"fingerprints", std::int64_t{4}}, {"fingerprints_per_step", std::int64_t{2}},
          {"validation_fraction", 0.125},    {"augmentation", std::string("crop_flip")},
          {"crop_padding", std::int64_t{1}}, {"schedule", std::string("one_cycle")}};
}

std::map<std::string, torch::Tensor> tensorsOf(const TrainingOutcome& outcome) {
  return outcome.model.network()->tensors();
}

bool sameWeights(const TrainingOutcome& a, const TrainingOutcome& b) {
  const auto left = tensorsOf(a);
  const auto right = tensorsOf(b);
  for (const auto& [name, tensor] : left) {
    if (!tensor.equal(right.at(name))) return false;
  }
  return left.size() == right.size();
}

/// Trains until step `stopAt` and cancels there.
void trainAndCancel(const TrainingPlan& made, std::int64_t stopAt) {
  std::stop_source stop;
  const JobContext context(stop.get_token(), {});
  try {
    train(made, context, [&](const TrainingEvent& event) {
      if (event.step == stopAt && !event.epochEnd) stop.request_stop();
    });
  } catch (const Error& error) {
    QVERIFY(error.kind() == ErrorKind::Cancelled);
    QVERIFY(std::filesystem::exists(made.checkpoint));
    return;
  }
  QFAIL("it was not cancelled");
}

std::optional<Error> failure(const TrainingPlan& made) {
  try {
    train(made, JobContext());
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

double metric(const TrainingEvent& event, const std::string& name) {
  for (const Metric& m : event.metrics) {
    if (m.name == name) return m.value;
  }
  return std::nan("");
}

}  // namespace

class TrainerTest : public QObject {
  Q_OBJECT

  QTemporaryDir m_folder;
  std::filesystem::path path(const char* name) const { return (m_folder.path() + "/" + name).toStdString(); }

 private Q_SLOTS:
  void learnsAndReports() {
    TrainingPlan made =
        plan("plain", {{"epochs", std::int64_t{10}}, {"learning_rate", 3e-3}, {"schedule", std::string("one_cycle")}});
    std::vector<TrainingEvent> events;
    std::vector<Progress> progress;
    const JobContext context({}, [&](const Progress& p) { progress.push_back(p); });
    const TrainingOutcome outcome = train(made, context, [&](const TrainingEvent& e) { events.push_back(e); });
    QVERIFY2(outcome.testAccuracy >= 0.95, qPrintable(QString::number(outcome.testAccuracy)));
    QCOMPARE(events.size(), std::size_t{10 * 6 + 10});
    QCOMPARE(progress.size(), events.size());
    QCOMPARE(progress.back().done, progress.back().total);
    QCOMPARE(outcome.history.size(), std::size_t{10});
    QVERIFY(metric(outcome.history.back(), "loss") < 0.5 * metric(outcome.history.front(), "loss"));
    QCOMPARE(metric(outcome.history.back(), "test_accuracy"), outcome.testAccuracy);
    QCOMPARE(metric(events.front(), "loss"), metric(events.front(), "cross_entropy"));
    QVERIFY(outcome.imagesPerSecond > 0 && outcome.seconds > 0);
    QVERIFY(!outcome.model.threshold && !outcome.model.fingerprintDx);
  }

  void fingerprintsCompleteTheModel() {
    const TrainingOutcome outcome = train(plan("fingerprint", fingerprintSettings()), JobContext());
    const Model& model = outcome.model;
    QVERIFY(model.threshold.has_value());
    QCOMPARE(model.fingerprintDx->sizes().vec(), (std::vector<std::int64_t>{4, 1, kSide, kSide}));
    QCOMPARE(model.fingerprintDy->sizes().vec(), (std::vector<std::int64_t>{4, kClasses, kClasses}));
    QCOMPARE(model.past["threshold"]["from"].get<std::string>(), std::string("validation images"));
    QCOMPARE(model.past["seed"].get<int>(), 11);
    QCOMPARE(model.past["data"]["validation_images"].get<int>(), 12);
    QCOMPARE(model.past["recipe"]["parameters"]["fingerprints_per_step"].get<int>(), 2);
    QVERIFY(std::abs(outcome.copiesPerSecond / outcome.imagesPerSecond - 3) < 1e-9);
    const std::string file = path("model.safetensors").string();
    writeModel(model, file);
    QCOMPARE(*readModel(file, torch::kCPU).threshold, *model.threshold);
  }

  void sameSeedSameNumbers() {
    const TrainingPlan made = plan("fingerprint", fingerprintSettings());
    TrainingPlan other = made;
    other.seed = 12;
    const TrainingOutcome first = train(made, JobContext());
    QVERIFY(sameWeights(first, train(made, JobContext())));
    QVERIFY(!sameWeights(first, train(other, JobContext())));
  }

  /// A GPU sums in another order: the run is the same one, but for rounding that a few steps haven't blown up yet.
  void aGpuAgreesWithTheCpu() {
    if (!cudaAvailable()) QSKIP("no CUDA device");
    TrainingPlan made = plan("fingerprint", fingerprintSettings());
    made.parameters.set("epochs", std::int64_t{1});
    const TrainingOutcome host = train(made, JobContext());
    made.device = parseDevice("cuda");
    const TrainingOutcome device = train(made, JobContext());
    const auto left = tensorsOf(host);
    for (const auto& [name, tensor] : tensorsOf(device)) {
      QVERIFY2(tensor.device().is_cpu(), name.c_str());  // models come back to the host
      const double distance = (tensor - left.at(name)).norm().item<double>();
      QVERIFY2(distance <= 1e-2 * (1 + left.at(name).norm().item<double>()), name.c_str());
    }
    QVERIFY(device.model.fingerprintDx->equal(*host.model.fingerprintDx));
    QVERIFY(std::abs(*device.model.threshold - *host.model.threshold) < 1e-2);
  }

  void resumedRunsEndWithTheSameBits_data() {
    QTest::addColumn<int>("stopAt");
    QTest::addColumn<QString>("precision");
    QTest::addColumn<QString>("optimizer");
    QTest::newRow("within an epoch") << 2 << "float32"
                                     << "adam";
    QTest::newRow("at an epoch's end, before it was evaluated") << 6 << "float32"
                                                                << "adam";
    QTest::newRow("bfloat16, sgd") << 7 << "bfloat16"
                                   << "sgd";
  }
  void resumedRunsEndWithTheSameBits() {
    QFETCH(int, stopAt);
    QFETCH(QString, precision);
    QFETCH(QString, optimizer);
    TrainingPlan made = plan("fingerprint", fingerprintSettings());
    made.parameters.set("precision", precision.toStdString());
    made.parameters.set("optimizer", optimizer.toStdString());
    const TrainingOutcome straight = train(made, JobContext());
    made.checkpoint = path("resume.checkpoint");
    std::filesystem::remove(made.checkpoint);  // the row before this one's
    trainAndCancel(made, stopAt);
    made.resume = true;
    std::int64_t firstStep = 0;
    const TrainingOutcome resumed = train(made, JobContext(), [&](const TrainingEvent& event) {
      if (firstStep == 0 && !event.epochEnd) firstStep = event.step;
    });
    QCOMPARE(firstStep, std::int64_t{stopAt + 1});
    QVERIFY(sameWeights(straight, resumed));
    QCOMPARE(*resumed.model.threshold, *straight.model.threshold);
    QCOMPARE(resumed.history.size(), straight.history.size());
    for (std::size_t i = 0; i < straight.history.size(); ++i) {
      QCOMPARE(resumed.history[i].metrics.size(), straight.history[i].metrics.size());
      for (std::size_t k = 0; k < straight.history[i].metrics.size(); ++k) {
        QVERIFY(resumed.history[i].metrics[k] == straight.history[i].metrics[k]);
      }
    }
  }

  void checkpointOfAnotherPlanIsRefused() {
    TrainingPlan made = plan();
    made.checkpoint = path("other.checkpoint");
    trainAndCancel(made, 3);
    made.resume = true;
    TrainingPlan batch = made;
    batch.parameters.set("batch_size", std::int64_t{8});
    const std::optional<Error> error = failure(batch);
    QVERIFY(error && error->kind() == ErrorKind::BadInput);
    QVERIFY2(error->message().find("batch_size is 16 there and 8 here") != std::string::npos, error->what());
    TrainingPlan seed = made;
    seed.seed = 99;
    QVERIFY(failure(seed)->message().find("seed is 11 there and 99 here") != std::string::npos);
    TrainingPlan rarely = made;
    rarely.parameters.set("checkpoint_seconds", 5.0);
    QVERIFY(!failure(rarely));
  }

  void damagedCheckpointIsRefused() {
    TrainingPlan made = plan();
    made.checkpoint = path("damaged.checkpoint");
    trainAndCancel(made, 3);
    std::filesystem::resize_file(made.checkpoint, std::filesystem::file_size(made.checkpoint) / 2);
    made.resume = true;
    const std::optional<Error> error = failure(made);
    QVERIFY(error && error->kind() == ErrorKind::BadInput);
    QVERIFY2(std::string(error->what()).find("damaged.checkpoint") != std::string::npos, error->what());
  }

  void changedCheckpointIsRefused() {
    TrainingPlan made = plan();
    made.checkpoint = path("changed.checkpoint");
    trainAndCancel(made, 6);  // at an epoch's end: resuming begins with its figures
    made.resume = true;
    const TensorFile written = readSafetensors(made.checkpoint);
    const auto refusal = [&](const std::function<void(std::string&)>& change) {
      TensorFile file = written;
      change(file.metadata.at("whorl_checkpoint"));
      writeSafetensors(file, made.checkpoint);
      const std::optional<Error> error = failure(made);
      return error && error->kind() == ErrorKind::BadInput ? error->message() : std::string("it was accepted");
    };
    const std::string contradiction = refusal([](std::string& text) {
      nlohmann::json json = nlohmann::json::parse(text);
      json["figures"]["terms"] = std::vector<std::string>(1000, "loss");
      text = json.dump();
    });
    QCOMPARE(contradiction, std::string("the checkpoint's figures contradict each other"));
    const std::string deep = refusal([](std::string& text) {
      text = R"({"format":1,"step":6,"plan":)" + std::string(300'000, '[') + std::string(300'000, ']') + "}";
    });
    QCOMPARE(deep, std::string("the checkpoint's description is nested too deeply"));
  }

  void otherFilesAreNotWrittenOver() {
    TrainingPlan made = plan();
    made.checkpoint = path("precious.safetensors");
    std::ofstream(made.checkpoint) << "a model";
    const std::optional<Error> error = failure(made);
    QVERIFY(error && error->kind() == ErrorKind::BadInput);
    QCOMPARE(std::filesystem::file_size(made.checkpoint), std::uintmax_t{7});
  }

  void earlierRunsCheckpointIsNotWrittenOver() {
    TrainingPlan made = plan();
    made.checkpoint = path("earlier.checkpoint");
    trainAndCancel(made, 3);
    const std::optional<Error> error = failure(made);
    QVERIFY(error && error->kind() == ErrorKind::Usage);
    QVERIFY2(error->message().find("3 steps in") != std::string::npos, error->what());
    QVERIFY2(error->hint().find("--resume") != std::string::npos, error->what());
    QCOMPARE(*checkpointStep(made.checkpoint), std::int64_t{3});
    made.resume = true;
    QVERIFY(!failure(made));
    // Of a run that never made a step nothing is lost.
    TrainingPlan fresh = plan();
    fresh.checkpoint = path("unbegun.checkpoint");
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_THROWS_EXCEPTION(Error, train(fresh, JobContext(stop.get_token(), {})));
    QCOMPARE(*checkpointStep(fresh.checkpoint), std::int64_t{0});
    QVERIFY(!failure(fresh));
  }

  void placeThatCantBeWrittenIsKnownAtOnce() {
    std::ofstream(path("file")) << "x";
    TrainingPlan made = plan();
    made.checkpoint = path("file") / "below.checkpoint";
    int events = 0;
    try {
      train(made, JobContext(), [&](const TrainingEvent&) { ++events; });
      QFAIL("it was written");
    } catch (const Error& error) {
      QVERIFY2(error.kind() == ErrorKind::Failed, error.what());
      QVERIFY2(std::string(error.what()).find("below.checkpoint") != std::string::npos, error.what());
    }
    QCOMPARE(events, 0);
  }

  void divergenceSaysWhereAndKeepsTheCheckpoint() {
    TrainingPlan made = plan("plain", {{"optimizer", std::string("sgd")}, {"learning_rate", 100.0}});
    made.dataset = quarters(96, 28);
    made.architecture = "nfp-mnist-paper";
    made.checkpoint = path("diverged.checkpoint");
    const std::optional<Error> error = failure(made);
    QVERIFY(error && error->kind() == ErrorKind::Failed);
    QVERIFY2(error->message().find("diverged") != std::string::npos, error->what());
    QVERIFY2(error->where().find("step ") == 0 && error->where().find("epoch 1") != std::string::npos, error->what());
    QVERIFY2(error->hint().find("learning_rate") != std::string::npos, error->what());
    QVERIFY(std::filesystem::exists(made.checkpoint));
  }

  void stopAndKeepKeepsWhatIsThere() {
    int asked = 0;
    const TrainingOutcome outcome = train(plan(), JobContext(), {}, [&] { return ++asked > 4; });
    QVERIFY(outcome.stoppedEarly);
    QCOMPARE(outcome.model.past["steps"].get<int>(), 4);
    QVERIFY(outcome.model.classifier != nullptr);
  }

  void bfloat16IsCloseToFloat32() {
    const auto firstLoss = [](const char* precision) {
      double loss = 0;
      TrainingPlan made = plan("fingerprint", fingerprintSettings());
      made.parameters.set("precision", std::string(precision));
      train(
          made, JobContext(), [&](const TrainingEvent& event) { loss = loss == 0 ? metric(event, "loss") : loss; },
          [&] { return loss != 0; });
      return loss;
    };
    const double exact = firstLoss("float32");
    const double reduced = firstLoss("bfloat16");
    QVERIFY(exact != reduced);
    QVERIFY2(std::abs(exact - reduced) < 0.02 * exact, qPrintable(QString("%1 %2").arg(exact).arg(reduced)));
  }

  void presetsResolve() {
    for (const TrainingPreset& preset : trainingPresets()) {
      std::vector<ParameterSpec> specs = trainerParameters();
      for (const ParameterSpec& spec : objectiveParameters(preset.objective)) specs.push_back(spec);
      resolve(preset.name, specs, preset.parameters);
      findArchitecture(preset.architecture);
    }
  }
};

QTEST_GUILESS_MAIN(TrainerTest)
#include "trainer_test.moc"
