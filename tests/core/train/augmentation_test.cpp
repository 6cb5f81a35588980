// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/augmentation.h"

#include <set>

#include <QTest>

#include "core/base/error.h"
#include "core/train/training_run.h"

using namespace whorl;

namespace {

/// Image i has the pixels 20 i, 20 i + 1, … and the label i.
DataSplit counted(int count) {
  DataSplit split;
  split.shape = {1, 3, 4};
  for (int i = 0; i < count; ++i) {
    split.labels.push_back(i);
    for (int k = 0; k < 12; ++k) split.pixels.push_back(static_cast<std::uint8_t>(20 * i + k + 1));
  }
  return split;
}

Parameters settings(const char* augmentation, std::int64_t padding = 0) {
  return {{"augmentation", std::string(augmentation)}, {"crop_padding", padding}};
}

std::vector<std::int64_t> indices(std::int64_t count) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < count; ++i) all.push_back(i);
  return all;
}

torch::Tensor bytes(const TrainingBatch& batch) { return batch.images.mul(255).round().to(torch::kInt64); }

}  // namespace

class AugmentationTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void epochsShowEachImageOnce() {
    const DataSplit split = counted(10);
    BatchSource source(split, indices(10), settings("none"), 7, torch::kCPU);
    QCOMPARE(source.stepsPerEpoch(4), std::int64_t{3});
    std::vector<std::vector<std::int64_t>> orders;
    for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
      std::vector<std::int64_t> seen;
      for (std::int64_t position = 0; position < 3; ++position) {
        const TrainingBatch batch = source.batch(epoch, position, 4);
        QCOMPARE(batch.images.size(0), batch.labels.size(0));
        for (std::int64_t i = 0; i < batch.labels.size(0); ++i) {
          const auto label = batch.labels[i].item<std::int64_t>();
          seen.push_back(label);
          QVERIFY(bytes(batch)[i].flatten().equal(torch::arange(20 * label + 1, 20 * label + 13)));
        }
      }
      QCOMPARE(seen.size(), std::size_t{10});
      QCOMPARE(std::set<std::int64_t>(seen.begin(), seen.end()).size(), std::size_t{10});
      orders.push_back(seen);
    }
    QVERIFY(orders[0] != orders[1]);
    // Going back gives the same order: it hangs on the epoch, not on what was asked before.
    QCOMPARE(source.batch(0, 0, 4).labels[0].item<std::int64_t>(), orders[0][0]);
  }

  void aSingleImageJoinsTheBatchBefore() {
    const DataSplit split = counted(9);
    BatchSource source(split, indices(9), settings("none"), 7, torch::kCPU);
    QCOMPARE(source.stepsPerEpoch(4), std::int64_t{2});
    QCOMPARE(source.batch(0, 1, 4).images.size(0), std::int64_t{5});
    QCOMPARE(source.stepsPerEpoch(100), std::int64_t{1});
    QCOMPARE(source.batch(0, 0, 100).images.size(0), std::int64_t{9});
  }

  void cropsAndFlipsComeFromSeedEpochAndImage() {
    const DataSplit split = counted(8);
    BatchSource source(split, indices(8), settings("crop_flip", 2), 7, torch::kCPU);
    BatchSource same(split, indices(8), settings("crop_flip", 2), 7, torch::kCPU);
    const TrainingBatch first = source.batch(3, 0, 8);
    QVERIFY(first.images.equal(same.batch(3, 0, 8).images));
    std::set<std::string> views;
    for (std::int64_t epoch = 0; epoch < 40; ++epoch) {
      const TrainingBatch batch = source.batch(epoch, 0, 8);
      const torch::Tensor pixels = bytes(batch);
      for (std::int64_t i = 0; i < 8; ++i) {
        const auto label = batch.labels[i].item<std::int64_t>();
        std::string view;
        for (std::int64_t k = 0; k < 12; ++k) {
          const auto value = pixels[i].flatten()[k].item<std::int64_t>();
          // Black border, or a pixel of that image: never another's.
          QVERIFY(value == 0 || (value > 20 * label && value <= 20 * label + 12));
          view += std::to_string(value == 0 ? 0 : value - 20 * label) + " ";
        }
        views.insert(view);
      }
    }
    // 5 x 5 places, mirrored or not.
    QVERIFY2(views.size() > 40 && views.size() <= 50, qPrintable(QString::number(views.size())));
    QVERIFY(views.contains("1 2 3 4 5 6 7 8 9 10 11 12 "));
    QVERIFY(views.contains("4 3 2 1 8 7 6 5 12 11 10 9 "));
  }

  void splitsAreApartSeededAndLimited() {
    const TrainingSplit split = splitForTraining(100, 0, 0.2, 1);
    QCOMPARE(split.validation.size(), std::size_t{20});
    std::set<std::int64_t> all(split.train.begin(), split.train.end());
    all.insert(split.validation.begin(), split.validation.end());
    QCOMPARE(all.size(), std::size_t{100});
    QVERIFY(split.validation == splitForTraining(100, 0, 0.2, 1).validation);
    QVERIFY(split.validation != splitForTraining(100, 0, 0.2, 2).validation);
    const TrainingSplit limited = splitForTraining(100, 10, 0.5, 1);
    QCOMPARE(limited.train.size() + limited.validation.size(), std::size_t{10});
    QVERIFY_THROWS_EXCEPTION(Error, splitForTraining(2, 0, 0.5, 1));
  }
};

QTEST_APPLESS_MAIN(AugmentationTest)
#include "augmentation_test.moc"
