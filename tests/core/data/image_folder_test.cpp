// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/data/readers.h"
#include "core/image/image_file.h"
#include "tests/core/data/archive_builder.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

Image plain(int channels, int height, int width, float value) {
  return {{channels, height, width}, std::vector<float>(std::size_t(channels) * height * width, value)};
}

QString refusal(const fs::path& folder) {
  try {
    readUserFolder(folder, {});
  } catch (const Error& error) {
    return error.kind() == ErrorKind::BadInput ? QString(error.what()) : "another kind: " + QString(error.what());
  }
  return "accepted";
}

}  // namespace

class ImageFolderTest : public QObject {
  Q_OBJECT

 private:
  std::unique_ptr<QTemporaryDir> m_folder;
  fs::path root() const { return m_folder->path().toStdString(); }

 private Q_SLOTS:
  void init() { m_folder = std::make_unique<QTemporaryDir>(); }

  void trainAndTest() {
    writeImage(plain(3, 4, 6, 0.2f), root() / "train" / "cat" / "1.png");
    writeImage(plain(3, 8, 12, 0.4f), root() / "train" / "dog" / "1.bmp");
    writeImage(plain(1, 4, 6, 0.6f), root() / "test" / "dog" / "1.png");
    writeImage(plain(3, 4, 6, 0.8f), root() / "test" / "cat" / "1.png");
    std::ofstream(root() / "train" / "cat" / ".hidden") << "not an image";
    const Dataset dataset = readUserFolder(root(), {});
    QVERIFY(dataset.classNames == (std::vector<std::string>{"cat", "dog"}));
    QVERIFY(dataset.train.shape == (ImageShape{3, 4, 6}));
    QVERIFY(dataset.train.labels == (std::vector<std::int32_t>{0, 1}));
    QVERIFY(dataset.test.labels == (std::vector<std::int32_t>{0, 1}));
    QCOMPARE(dataset.train.image(1).at(2, 3, 5), 0.4f);
    QCOMPARE(dataset.test.image(1).at(2, 0, 0), 0.6f);
    QCOMPARE(dataset.checksum, datasetChecksum(dataset));
  }

  void classesAloneAreSplit() {
    for (int i = 0; i < 10; ++i) {
      writeImage(plain(1, 3, 3, 0.1f), root() / "a" / (std::to_string(i) + ".png"));
      writeImage(plain(1, 3, 3, 0.9f), root() / "b" / (std::to_string(i) + ".png"));
    }
    const Dataset dataset = readUserFolder(root(), {});
    QCOMPARE(dataset.train.count(), 16);
    QVERIFY(dataset.test.labels == (std::vector<std::int32_t>{0, 0, 1, 1}));
  }

  void largeImagesAreCapped() {
    for (const char* part : {"train", "val"}) {
      for (const char* name : {"a", "b"}) writeImage(plain(1, 300, 600, 0.5f), root() / part / name / "1.png");
    }
    QVERIFY(readUserFolder(root(), {}).train.shape == (ImageShape{1, 112, 224}));
  }

  void refusals() {
    QVERIFY(refusal(root()).contains("at least two classes"));
    writeImage(plain(1, 3, 3, 0.1f), root() / "train" / "a" / "1.png");
    QVERIFY(refusal(root()).contains("no test or val folder"));
    writeImage(plain(1, 3, 3, 0.1f), root() / "train" / "b" / "1.png");
    writeImage(plain(1, 3, 3, 0.1f), root() / "test" / "a" / "1.png");
    QVERIFY(refusal(root()).contains("class \"b\" is missing"));
    fs::create_directories(root() / "test" / "b");
    QVERIFY(refusal(root()).contains("holds no files"));
    std::ofstream(root() / "test" / "b" / "notes.txt") << "hello";
    const QString message = refusal(root());
    QVERIFY2(message.contains("no image") && message.contains("notes.txt"), qPrintable(message));
    fs::resize_file(root() / "test" / "b" / "notes.txt", 0);
    QVERIFY(refusal(root()).contains("empty"));
    fs::create_directories(root() / "train" / "caf\xe9");  // Latin-1: no JSON and no model file can hold it
    QVERIFY(refusal(root()).contains("not UTF-8"));
  }

  void archiveAndFolderAgree() {
    std::vector<test::TarEntry> entries{{"top/classes.tsv", "n1\tlion\nn2\tant\n", {}}};
    float value = 0.1f;
    for (const char* place : {"val/n2", "val/n1", "train/n2", "train/n1"}) {
      const fs::path file = root() / "top" / place / "x.png";
      writeImage(plain(3, 5, 5, value += 0.1f), file);
      entries.push_back({"top/" + std::string(place) + "/x.png", readFile(file, 1 << 20), {}});
    }
    std::ofstream(root() / "top" / "classes.tsv") << entries[0].bytes;
    test::writeTar(root() / "set.tar", entries, "");
    const Dataset packed = readImageArchive(root() / "set.tar", {}, {3, 4, 4}, {});
    const Dataset unpacked = readImageArchive(root() / "top", {}, {3, 4, 4}, {});
    QVERIFY(packed.classNames == (std::vector<std::string>{"lion", "ant"}));
    QVERIFY(unpacked.classNames == packed.classNames);
    QCOMPARE(datasetChecksum(packed), datasetChecksum(unpacked));
    QVERIFY(packed.train.labels == (std::vector<std::int32_t>{0, 1}));
  }
};

QTEST_APPLESS_MAIN(ImageFolderTest)
#include "image_folder_test.moc"
