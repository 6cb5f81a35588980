// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/report_samples.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <fstream>

#include "core/image/image_file.h"
#include "core/nn/safetensors.h"

using namespace whorl;

class ReportSamplesTest : public QObject {
  Q_OBJECT

  QTemporaryDir m_folder;

  std::string path(const char* name) const { return m_folder.filePath(name).toStdString(); }

  /// `count` grey images of 2x2; every image from the second on was attacked with success, by ±0.2 in two pixels.
  std::string write(const char* name, std::int64_t count) const {
    TensorFile file;
    const auto original = torch::full({count, 1, 2, 2}, 0.4F);
    const auto change = torch::tensor({0.2F, -0.2F, 0.0F, 0.0F}).view({1, 1, 2, 2});
    auto success = torch::ones({count}, torch::kBool);
    success[0] = false;
    file.tensors = {{"original", original},
                    {"adversarial", original + change},
                    {"label", torch::full({count}, 3, torch::kInt64)},
                    {"success", success},
                    {"index", torch::arange(count, torch::kInt64) + 100}};
    writeSafetensors(file, path(name));
    return path(name);
  }
  static RecipeCell cell(const std::string& attack, const std::string& file) {
    RecipeCell cell;
    cell.detector = "KD";
    cell.attack = attack;
    cell.attackedImages = file;
    return cell;
  }
  static Image decoded(const std::string& png) { return decodeImage(png.data(), png.size(), "sample").image; }

 private Q_SLOTS:
  void showsSuccessesOfEachAttack() {
    RecipeResult result;
    result.attacks = {"FGSM", "waiting", "BIM"};
    result.cells = {cell("BIM", write("bim.safetensors", 20)), cell("waiting", ""),
                    cell("FGSM", write("fgsm.safetensors", 3)), cell("FGSM", path("fgsm.safetensors"))};
    const auto samples = reportSamples(result);
    QCOMPARE(samples.size(), std::size_t{2 + 6});
    QCOMPARE(samples[0].attack, std::string("FGSM"));
    QCOMPARE(samples[0].caption, std::string("no. 101, class 3"));  // the first attack has failed
    QCOMPARE(samples[2].attack, std::string("BIM"));
    const auto level = [](const std::string& png, int y, int x) { return std::lround(255 * decoded(png).at(0, y, x)); };
    QCOMPARE(level(samples[0].original, 0, 0), 102L);
    QCOMPARE(level(samples[0].adversarial, 0, 1), 51L);
    QCOMPARE(level(samples[0].difference, 0, 0), 255L);
    QCOMPARE(level(samples[0].difference, 0, 1), 0L);
    QCOMPARE(level(samples[0].difference, 1, 1), 128L);
  }

  void filesThatAreGoneAreLeftOut() {
    std::ofstream(path("broken.safetensors")) << "nothing";
    RecipeResult result;
    result.attacks = {"A", "B", "C"};
    result.cells = {cell("A", path("gone.safetensors")), cell("B", path("broken.safetensors")),
                    cell("C", write("c.safetensors", 2))};
    const auto samples = reportSamples(result);
    QCOMPARE(samples.size(), std::size_t{1});
    QCOMPARE(samples[0].attack, std::string("C"));
  }
};

QTEST_GUILESS_MAIN(ReportSamplesTest)
#include "report_samples_test.moc"
