// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/sha256.h"

#include <QtTest/QtTest>
#include <fstream>

#include "core/base/error.h"

using namespace whorl;

class Sha256Test : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  // FIPS 180-4's examples and NIST's long one.
  void knownAnswers_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("expected");
    QTest::newRow("empty") << QByteArray() << "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    QTest::newRow("abc") << QByteArray("abc") << "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    QTest::newRow("two blocks") << QByteArray("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                                << "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    QTest::newRow("a million a") << QByteArray(1000000, 'a')
                                 << "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
  }
  void knownAnswers() {
    QFETCH(const QByteArray, text);
    QFETCH(const QString, expected);
    QCOMPARE(QString::fromStdString(sha256Hex(text.data(), static_cast<std::size_t>(text.size()))), expected);
  }

  // Each length around the padding's corners, against an implementation that isn't ours.
  void agreesWithQtAtEveryLengthAndInPieces() {
    const QByteArray bytes = QByteArray("The quick brown fox; ").repeated(20);
    for (qsizetype length = 0; length <= 260; ++length) {
      const QByteArray text = bytes.left(length);
      const std::string expected = QCryptographicHash::hash(text, QCryptographicHash::Sha256).toHex().toStdString();
      QCOMPARE(sha256Hex(text.data(), static_cast<std::size_t>(length)), expected);
      Sha256 pieces;
      for (qsizetype at = 0; at < length; at += 7) {
        pieces.update(text.data() + at, static_cast<std::size_t>(std::min<qsizetype>(7, length - at)));
      }
      QCOMPARE(pieces.hex(), expected);
    }
  }

  void filesAreReadInPieces() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("big").toStdString();
    const QByteArray bytes(3'000'001, 'w');
    std::ofstream(path, std::ios::binary).write(bytes.data(), bytes.size());
    QCOMPARE(sha256File(path), QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex().toStdString());
  }

  void missingFilesAndFoldersAreRefused() {
    QTemporaryDir folder;
    for (const QString& path : {folder.filePath("missing"), folder.path()}) {
      try {
        sha256File(path.toStdString());
        QFAIL("accepted");
      } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::BadInput);
        QCOMPARE(error.where(), path.toStdString());
      }
    }
  }
};

QTEST_APPLESS_MAIN(Sha256Test)
#include "sha256_test.moc"
