// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>
#include <fstream>

#include "core/nn/safetensors.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using test::kindOf;

/// Reading what an attack wrote. The engine needs no model for it.
class AttackedImagesTest : public QObject {
  Q_OBJECT

  static constexpr std::int64_t kCount = 7;

  test::TinyEngine m_engine;

  /// Colour images of 2x4 whose pixels are all different, so that a row read from the wrong place is noticed.
  static TensorFile sample() {
    TensorFile file;
    const auto pixels = torch::arange(kCount * 3 * 2 * 4, torch::kFloat32).view({kCount, 3, 2, 4}) / 1000;
    file.tensors = {{"original", pixels},
                    {"adversarial", pixels + 0.5},
                    {"label", torch::arange(kCount, torch::kInt64).remainder(3)},
                    {"success", torch::arange(kCount, torch::kInt64).remainder(2).eq(1)},
                    {"index", torch::arange(kCount, torch::kInt64) * 10},
                    {"score", torch::rand({kCount}, torch::kFloat64)}};
    return file;
  }
  std::string write(const TensorFile& file) const {
    const auto path = m_engine.path("attacked.safetensors");
    writeSafetensors(file, path);
    return path.string();
  }

 private Q_SLOTS:
  void readsTheImagesThatAreAskedFor() {
    const TensorFile file = sample();
    const AttackedImages some = m_engine->attackedImages(write(file), 2, 3, JobContext{});
    QCOMPARE(some.total, kCount);
    QCOMPARE(some.images.size(), std::size_t{3});
    for (std::int64_t i = 0; i < 3; ++i) {
      const AttackedImage& image = some.images[static_cast<std::size_t>(i)];
      QCOMPARE(image.original.shape, (ImageShape{3, 2, 4}));
      for (const auto& [name, got] : {std::pair{"original", &image.original}, {"adversarial", &image.adversarial}}) {
        const auto wanted = file.tensors.at(name)[2 + i].contiguous();
        QVERIFY(torch::from_blob(const_cast<float*>(got->pixels.data()), wanted.sizes()).equal(wanted));
      }
      QCOMPARE(image.label, int((2 + i) % 3));
      QCOMPARE(image.success, (2 + i) % 2 == 1);
      QCOMPARE(image.index, (2 + i) * 10);
    }
  }

  void theEndIsTheEnd() {
    const std::string path = write(sample());
    QCOMPARE(m_engine->attackedImages(path, 5, 100, JobContext{}).images.size(), std::size_t{2});
    QCOMPARE(m_engine->attackedImages(path, 7, 1, JobContext{}).images.size(), std::size_t{0});
    QCOMPARE(m_engine->attackedImages(path, -3, 1, JobContext{}).images.front().index, std::int64_t{0});
  }

  void otherFilesAreRefused_data() {
    QTest::addColumn<QString>("change");
    for (const char* change : {"no index", "labels too few", "float labels", "flat images", "different sizes"}) {
      QTest::newRow(change) << QString(change);
    }
  }
  void otherFilesAreRefused() {
    QFETCH(QString, change);
    TensorFile file = sample();
    if (change == "no index") file.tensors.erase("index");
    if (change == "labels too few") file.tensors["label"] = torch::zeros({kCount - 1}, torch::kInt64);
    if (change == "float labels") file.tensors["label"] = torch::zeros({kCount});
    if (change == "flat images") file.tensors["original"] = torch::zeros({kCount, 24});
    if (change == "different sizes") file.tensors["adversarial"] = torch::zeros({kCount, 3, 4, 4});
    std::string message;
    const auto read = [&, path = write(file)] { m_engine->attackedImages(path, 0, 1, JobContext{}); };
    QCOMPARE(kindOf(read, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("attacked.safetensors") != std::string::npos, message.c_str());
  }

  void missingAndForeignFilesAreRefused() {
    QCOMPARE(kindOf([&] { m_engine->attackedImages("/nowhere", 0, 1, JobContext{}); }), ErrorKind::BadInput);
    const auto path = m_engine.path("text.safetensors");
    std::ofstream(path) << "no tensors at all";
    QCOMPARE(kindOf([&] { m_engine->attackedImages(path.string(), 0, 1, JobContext{}); }), ErrorKind::BadInput);
  }

  void unknownRecipesAreRefused() {
    QCOMPARE(kindOf([&] { m_engine->recipe("no-such-recipe"); }), ErrorKind::BadInput);
  }
};

QTEST_GUILESS_MAIN(AttackedImagesTest)
#include "attacked_images_test.moc"
