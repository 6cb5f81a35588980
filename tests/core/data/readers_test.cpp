// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/readers.h"

#include <QtTest>

#include "core/base/error.h"

using namespace whorl;

namespace {

std::string big(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/// Two images of 3 rows and 2 columns, pixels counted from 0.
std::string images() {
  std::string bytes = big(0x803) + big(2) + big(3) + big(2);
  for (int i = 0; i < 12; ++i) bytes += static_cast<char>(i * 20);
  return bytes;
}
std::string labels() { return big(0x801) + big(2) + "\x01\x02"; }

template <class Work>
QString refusal(Work work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::BadInput || error.where().find("the-file") == std::string::npos) {
      return "wrong error: " + QString(error.what());
    }
    return QString::fromStdString(error.message());
  }
  return "accepted";
}

QString idxRefusal(const std::string& imageBytes, const std::string& labelBytes) {
  return refusal([&] { readIdx(imageBytes, labelBytes, 3, "the-file"); });
}

}  // namespace

class ReadersTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void idxKnownAnswer() {
    const DataSplit split = readIdx(images(), labels(), 3, "the-file");
    QVERIFY(split.shape == (ImageShape{1, 3, 2}));
    QVERIFY(split.labels == (std::vector<std::int32_t>{1, 2}));
    QCOMPARE(int(split.pixels[7]), 140);
    QCOMPARE(split.image(1).at(0, 0, 1), 140.0f / 255);
    QVERIFY_THROWS_EXCEPTION(Error, split.image(2));
    QVERIFY_THROWS_EXCEPTION(Error, split.image(-1));
  }

  void idxCutAnywhere() {
    for (std::size_t length = 0; length < images().size(); ++length) {
      const QString message = idxRefusal(images().substr(0, length), labels());
      QVERIFY2(message.contains(length < 16 ? "cut off" : "announces"), qPrintable(message));
    }
    for (std::size_t length = 0; length < labels().size(); ++length) {
      const QString message = idxRefusal(images(), labels().substr(0, length));
      QVERIFY2(message.contains(length < 8 ? "cut off" : "announces"), qPrintable(message));
    }
  }

  void idxNonsense() {
    QVERIFY(idxRefusal(labels() + std::string(20, 'x'), labels()).contains("magic"));
    QVERIFY(idxRefusal(images(), images()).contains("magic"));
    QVERIFY(idxRefusal(images() + "x", labels()).contains("announces"));
    QVERIFY(idxRefusal(images(), big(0x801) + big(3) + "\x01\x02\x01").contains("2 images, but 3 labels"));
    QVERIFY(idxRefusal(images(), big(0x801) + big(2) + "\x01\x03").contains("image 1 has label 3"));
    QVERIFY(idxRefusal(big(0x803) + big(0) + big(3) + big(2), big(0x801) + big(0)).contains("no images"));
    QVERIFY(idxRefusal(big(0x803) + big(2) + big(0) + big(2), labels()).contains("2 x 0"));
  }

  void idxThatClaimsFourGigabytesAllocatesNothing() {
    QVERIFY(idxRefusal(big(0x803) + big(0xFFFFFFFF) + big(4096) + big(4096), labels()).contains("announces"));
    QVERIFY(idxRefusal(big(0x803) + big(0xFFFFFFFF) + big(0xFFFFFFFF) + big(0xFFFFFFFF), labels()).contains("pixels"));
    QVERIFY(idxRefusal(images(), big(0x801) + big(0xFFFFFFFF)).contains("announces"));
  }

  void cifarKnownAnswer() {
    std::string record(3073, '\0');
    record[0] = 7;
    record[1] = static_cast<char>(255);             // red, first pixel
    record[1 + 1024 + 33] = static_cast<char>(51);  // green, second row, second column
    DataSplit split;
    appendCifarBatch(record + record, 10, "the-file", split);
    appendCifarBatch(record, 10, "the-file", split);
    QCOMPARE(split.count(), 3);
    QCOMPARE(split.labels[2], 7);
    QCOMPARE(split.image(2).at(0, 0, 0), 1.0f);
    QCOMPARE(split.image(2).at(1, 1, 1), 0.2f);
    QCOMPARE(split.image(2).at(2, 31, 31), 0.0f);
  }

  void cifarNonsense() {
    DataSplit split;
    const auto append = [&](const std::string& bytes) {
      return refusal([&] { appendCifarBatch(bytes, 10, "the-file", split); });
    };
    QVERIFY(append("").contains("records of 3073"));
    QVERIFY(append(std::string(3072, '\0')).contains("records of 3073"));
    QVERIFY(append(std::string(3074, '\0')).contains("records of 3073"));
    QVERIFY(append(std::string(3073, '\x0A')).contains("label 10"));
    QCOMPARE(split.count(), 0);
  }

  void checksumSeesEverything() {
    Dataset dataset;
    dataset.train = readIdx(images(), labels(), 3, "the-file");
    dataset.test = dataset.train;
    const std::string first = datasetChecksum(dataset);
    QCOMPARE(first.size(), std::size_t{64});
    QCOMPARE(datasetChecksum(dataset), first);
    dataset.test.labels[0] = 0;
    QVERIFY(datasetChecksum(dataset) != first);
    dataset.test.labels[0] = 1;
    dataset.test.pixels[11] ^= 1;
    QVERIFY(datasetChecksum(dataset) != first);
    dataset.test.pixels[11] ^= 1;
    QCOMPARE(datasetChecksum(dataset), first);
    std::swap(dataset.test.shape.height, dataset.test.shape.width);
    QVERIFY(datasetChecksum(dataset) != first);
  }
};

QTEST_APPLESS_MAIN(ReadersTest)
#include "readers_test.moc"
