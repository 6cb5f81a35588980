// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/safetensors.h"

#include <sys/stat.h>

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <cstring>
#include <fstream>
#include <sstream>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "core/base/error.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

std::string bytesOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string withHeader(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

TensorFile sample() {
  TensorFile file;
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(4);
  file.tensors["weights"] = at::randn({2, 3, 4}, generator);
  file.tensors["double"] = at::randn({5}, generator).to(at::kDouble);
  file.tensors["half"] = at::randn({3}, generator).to(at::kHalf);
  file.tensors["brain"] = at::randn({3}, generator).to(at::kBFloat16);
  file.tensors["long"] = at::arange(4, at::kLong) - 2;
  file.tensors["int"] = at::arange(4, at::kInt);
  file.tensors["short"] = at::arange(3, at::kShort);
  file.tensors["signed"] = at::arange(3, at::kChar) - 1;
  file.tensors["byte"] = at::arange(3, at::kByte);
  file.tensors["bool"] = at::arange(3).gt(1);
  file.tensors["scalar"] = at::tensor(3.5f).squeeze();
  file.tensors["empty"] = at::empty({0, 7});
  file.metadata["whorl"] = "{\"name\": \"Ünïcode\"}";
  file.metadata["other"] = "";
  return file;
}

QString python() {
  const QString path = QStringLiteral(WHORL_SOURCE_DIR "/build/torch/bin/python");
  QProcess process;
  process.start(path, {"-c", "import safetensors.torch"});
  return process.waitForFinished(60000) && process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0
             ? path
             : QString();
}

}  // namespace

class SafetensorsTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir m_folder;
  fs::path file(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }

  // The reason for which the bytes are refused, "" if they are read.
  std::string refusal(const std::string& bytes) {
    const fs::path path = file("hostile.safetensors");
    put(path, bytes);
    try {
      readSafetensors(path);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::BadInput || error.where() != path.string()) return "wrong error";
      try {
        readSafetensorsHeader(path);
        if (error.message().find("truth value") == std::string::npos) return "the header alone was accepted";
      } catch (const Error&) {
      }
      return error.message();
    }
    return "";
  }

 private Q_SLOTS:
  void whatIsWrittenIsReadBack() {
    const TensorFile original = sample();
    writeSafetensors(original, file("a.safetensors"));
    const TensorFile copy = readSafetensors(file("a.safetensors"));
    QCOMPARE(copy.tensors.size(), original.tensors.size());
    for (const auto& [name, tensor] : original.tensors) {
      const at::Tensor& other = copy.tensors.at(name);
      QVERIFY(other.scalar_type() == tensor.scalar_type() && other.equal(tensor));
    }
    QVERIFY(copy.metadata == original.metadata);
    const TensorFileHeader header = readSafetensorsHeader(file("a.safetensors"));
    QVERIFY((header.tensors.at("weights").shape == std::vector<std::int64_t>{2, 3, 4}));
    QVERIFY(header.metadata == original.metadata);
    // The same contents are the same bytes.
    writeSafetensors(copy, file("b.safetensors"));
    QVERIFY(bytesOf(file("a.safetensors")) == bytesOf(file("b.safetensors")));
  }

  void dataIsAligned() {
    writeSafetensors(sample(), file("a.safetensors"));
    std::uint64_t length = 0;
    std::memcpy(&length, bytesOf(file("a.safetensors")).data(), 8);
    QCOMPARE(length % 8, std::uint64_t{0});
    for (const auto& [name, info] : readSafetensorsHeader(file("a.safetensors")).tensors) {
      QCOMPARE(info.begin % c10::elementSize(info.dtype), std::uint64_t{0});
    }
  }

  void anyLayoutIsWritten() {
    TensorFile original;
    original.tensors["t"] = at::arange(12).view({3, 4}).t();
    original.tensors["last"] = at::arange(48, at::kFloat).view({2, 4, 3, 2}).contiguous(at::MemoryFormat::ChannelsLast);
    original.tensors["grad"] = at::ones({2}).set_requires_grad(true);
    writeSafetensors(original, file("layout.safetensors"));
    const TensorFile copy = readSafetensors(file("layout.safetensors"));
    for (const auto& [name, tensor] : original.tensors) QVERIFY(copy.tensors.at(name).equal(tensor));
    QVERIFY(copy.tensors.at("last").is_contiguous());
  }

  void tensorsOutliveTheFile() {
    writeSafetensors(sample(), file("gone.safetensors"));
    const TensorFile copy = readSafetensors(file("gone.safetensors"));
    put(file("gone.safetensors"), "");
    QVERIFY(copy.tensors.at("weights").equal(sample().tensors.at("weights")));
  }

  void aFileCutAnywhereIsRefused() {
    writeSafetensors(sample(), file("a.safetensors"));
    const std::string bytes = bytesOf(file("a.safetensors"));
    QVERIFY(refusal(bytes).empty());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const std::string reason = refusal(bytes.substr(0, length));
      QVERIFY2(!reason.empty() && reason != "wrong error", qPrintable(QString::number(length)));
    }
    QVERIFY(!refusal(bytes + '\0').empty());
  }

  // Any byte of the header may be damaged: the file is read or refused, but nothing else happens.
  void aFileWithAFlippedHeaderBitIsReadOrRefused() {
    TensorFile small;
    small.tensors["a"] = at::ones({2, 2});
    small.tensors["b"] = at::ones({3}, at::kByte);
    writeSafetensors(small, file("a.safetensors"));
    const std::string bytes = bytesOf(file("a.safetensors"));
    int refused = 0;
    for (std::size_t i = 0; i < bytes.size() - 19; ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = bytes;
        damaged[i] = char(damaged[i] ^ (1 << bit));
        const std::string reason = refusal(damaged);
        QVERIFY(reason != "wrong error");
        refused += reason.empty() ? 0 : 1;
      }
    }
    QVERIFY(refused > 500);
  }

  void hostileHeadersAreRefused_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("reason");
    const auto row = [](const char* name, const std::string& header, std::size_t data, const char* reason) {
      const std::string bytes = withHeader(header, std::string(data, '\0'));
      QTest::newRow(name) << QByteArray(bytes.data(), qsizetype(bytes.size())) << QString(reason);
    };
    const auto entry = [](const std::string& name, const std::string& dtype, const std::string& shape,
                          const std::string& offsets) {
      return "\"" + name + "\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
    };
    const std::string f32 = "\"F32\"";
    row("empty header", "", 0, "begin");
    row("array", "[]", 0, "begin");
    row("space first", " {}", 0, "begin");
    row("no JSON", "{x}", 0, "JSON");
    row("two values", "{}{}", 0, "JSON");
    row("nothing but an object", "{}", 1, "belong to no tensor");
    row("not UTF-8", "{\"__metadata__\":{\"a\":\"\xff\xfe\"}}", 0, "UTF-8");
    row("overlap", "{" + entry("a", f32, "[2]", "[0,8]") + "," + entry("b", f32, "[2]", "[4,12]") + "}", 12, "overlap");
    row("same bytes twice", "{" + entry("a", f32, "[1]", "[0,4]") + "," + entry("b", f32, "[1]", "[0,4]") + "}", 4,
        "overlap");
    row("gap", "{" + entry("a", f32, "[1]", "[0,4]") + "," + entry("b", f32, "[1]", "[8,12]") + "}", 12, "gap");
    row("gap at the start", "{" + entry("a", f32, "[1]", "[4,8]") + "}", 8, "gap");
    row("left over", "{" + entry("a", f32, "[1]", "[0,4]") + "}", 8, "belong to no tensor");
    row("beyond the end", "{" + entry("a", f32, "[2]", "[0,8]") + "}", 4, "too early");
    row("too few bytes for the shape", "{" + entry("a", f32, "[2]", "[0,4]") + "}", 4, "span");
    row("end before begin", "{" + entry("a", f32, "[0]", "[4,0]") + "}", 4, "span");
    row("negative offset", "{" + entry("a", f32, "[1]", "[-4,0]") + "}", 4, "range");
    row("fractional offset", "{" + entry("a", f32, "[1]", "[0,4.0]") + "}", 4, "range");
    row("negative dimension", "{" + entry("a", f32, "[-1,-1]", "[0,4]") + "}", 4, "range");
    row("huge offset", "{" + entry("a", f32, "[1]", "[0,99999999999999999999]") + "}", 4, "range");
    row("overflow", "{" + entry("a", f32, "[4294967296,4294967296]", "[0,0]") + "}", 0, "overflow");
    row("overflow by width", "{" + entry("a", f32, "[4611686018427387905]", "[0,4]") + "}", 4, "overflow");
    row("overflow behind a zero", "{" + entry("a", f32, "[0,4294967296,4294967296]", "[0,0]") + "}", 0, "overflow");
    row("dimension over int64", "{" + entry("a", "\"U8\"", "[9223372036854775808]", "[0,0]") + "}", 0, "overflow");
    row("misaligned", "{" + entry("a", "\"U8\"", "[1]", "[0,1]") + "," + entry("b", f32, "[1]", "[1,5]") + "}", 5,
        "aligned");
    row("unknown dtype", "{" + entry("a", "\"F33\"", "[1]", "[0,4]") + "}", 4, "not known");
    row("dtype no text", "{" + entry("a", "3", "[1]", "[0,4]") + "}", 4, "not known");
    row("shape no list", "{" + entry("a", f32, "4", "[0,4]") + "}", 4, "lists");
    row("three offsets", "{" + entry("a", f32, "[1]", "[0,4,4]") + "}", 4, "lists");
    row("shape of texts", "{" + entry("a", f32, "[\"1\"]", "[0,4]") + "}", 4, "range");
    row("missing field", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "exactly");
    row("additional field", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "exactly");
    row("entry no object", "{\"a\":7}", 0, "exactly");
    row("tensor twice", "{" + entry("a", f32, "[1]", "[0,4]") + "," + entry("a", f32, "[1]", "[4,8]") + "}", 8,
        "twice");
    row("field twice", "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
        "twice");
    row("metadata twice", "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "twice");
    row("metadata no object", "{\"__metadata__\":\"x\"}", 0, "not an object");
    row("metadata no text", "{\"__metadata__\":{\"a\":1}}", 0, "not a text");
    row("truth value 2", "{" + entry("a", "\"BOOL\"", "[1]", "[0,1]") + "}", 0, "too early");
    row(
        "deep objects",
        [] {
          std::string text;
          for (int i = 0; i < 200'000; ++i) text += "{\"a\":";
          return text;
        }(),
        0, "deep");
    row("deep arrays", "{\"a\":" + std::string(1'000'000, '['), 0, "deep");
    row(
        "many dimensions",
        [] {
          std::string text = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1";
          for (int i = 0; i < 1000; ++i) text += ",1";
          return text + "],\"data_offsets\":[0,4]}}";
        }(),
        4, "too long");
    const auto lie = [](const char* name, std::uint64_t length, const char* reason) {
      std::string bytes = withHeader("{}", "");
      std::memcpy(bytes.data(), &length, 8);
      QTest::newRow(name) << QByteArray(bytes.data(), qsizetype(bytes.size())) << QString(reason);
    };
    lie("header length 3", 3, "after the end");
    lie("header length 1", 1, "JSON");
    lie("header length 2^64 - 1", ~std::uint64_t{0}, "100 MB");
    lie("header length 2^63", std::uint64_t{1} << 63, "100 MB");
    lie("header length 100,000,001", 100'000'001, "100 MB");
  }
  void hostileHeadersAreRefused() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, reason);
    const std::string actual = refusal(bytes.toStdString());
    QVERIFY2(actual.find(reason.toStdString()) != std::string::npos, actual.c_str());
  }

  void truthValuesAreZeroOrOne() {
    const std::string header = "{\"a\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]}}";
    QCOMPARE(refusal(withHeader(header, std::string("\0\1", 2))), std::string());
    QVERIFY(refusal(withHeader(header, std::string("\1\2", 2))).find("truth value") != std::string::npos);
  }

  void theOrderInTheHeaderIsFree() {
    const std::string header =
        "{\"z\":{\"data_offsets\":[4,8],\"dtype\":\"F32\",\"shape\":[1]},"
        "\"a\":{\"shape\":[],\"dtype\":\"F32\",\"data_offsets\":[0,4]}}   ";
    QCOMPARE(refusal(withHeader(header, std::string(8, '\0'))), std::string());
  }

  void whatIsNoFileIsRefused() {
    QVERIFY_EXCEPTION_THROWN(readSafetensors(file("nowhere.safetensors")), Error);
    QVERIFY_EXCEPTION_THROWN(readSafetensors(file(".")), Error);
    QVERIFY_EXCEPTION_THROWN(readSafetensors("/dev/zero"), Error);
    const fs::path pipe = file("pipe");
    QCOMPARE(mkfifo(pipe.c_str(), 0600), 0);
    QVERIFY_EXCEPTION_THROWN(readSafetensors(pipe), Error);  // and does not wait for a writer
  }

  void whatCannotBeStoredIsRefused() {
    TensorFile complex;
    complex.tensors["c"] = at::zeros({1}, at::kComplexFloat);
    QVERIFY_EXCEPTION_THROWN(writeSafetensors(complex, file("no.safetensors")), Error);
    TensorFile name;
    name.tensors["\xff"] = at::zeros({1});
    QVERIFY_EXCEPTION_THROWN(writeSafetensors(name, file("no.safetensors")), Error);
    TensorFile reserved;
    reserved.tensors["__metadata__"] = at::zeros({1});
    QVERIFY_EXCEPTION_THROWN(writeSafetensors(reserved, file("no.safetensors")), Error);
    QVERIFY(!fs::exists(file("no.safetensors")));
  }

  void aFailedWriteKeepsWhatWasThere() {
    put(file("blocker"), "I am a file, not a folder");
    try {
      writeSafetensors(sample(), file("blocker") / "a.safetensors");
      QFAIL("written below a file");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Failed);
    }
    QCOMPARE(bytesOf(file("blocker")), std::string("I am a file, not a folder"));
  }

  void pythonReadsOurs() {
    const QString interpreter = python();
    if (interpreter.isEmpty()) QSKIP("no Python with safetensors");
    writeSafetensors(sample(), file("ours.safetensors"));
    const char* code =
        "import sys, torch\n"
        "from safetensors import safe_open\n"
        "with safe_open(sys.argv[1], 'pt') as f:\n"
        "  assert f.metadata()['whorl'] == '{\"name\": \"Ünïcode\"}', f.metadata()\n"
        "  t = {k: f.get_tensor(k) for k in f.keys()}\n"
        "assert len(t) == 12, t.keys()\n"
        "assert t['long'].tolist() == [-2, -1, 0, 1]\n"
        "assert t['bool'].tolist() == [False, False, True]\n"
        "assert t['scalar'].shape == () and t['scalar'].item() == 3.5\n"
        "assert t['empty'].shape == (0, 7)\n"
        "assert t['brain'].dtype == torch.bfloat16 and t['double'].dtype == torch.float64\n"
        "print('%.9g' % t['weights'].double().sum().item())\n";
    QProcess process;
    process.start(interpreter, {"-c", code, QString::fromStdString(file("ours.safetensors").string())});
    QVERIFY(process.waitForFinished(120000));
    QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
    const double sum = sample().tensors.at("weights").to(at::kDouble).sum().item<double>();
    QVERIFY(std::abs(process.readAllStandardOutput().trimmed().toDouble() - sum) < 1e-6);
  }

  void weReadPythons() {
    const QString interpreter = python();
    if (interpreter.isEmpty()) QSKIP("no Python with safetensors");
    const char* code =
        "import sys, torch\n"
        "from safetensors.torch import save_file\n"
        "save_file({'b': torch.arange(6).reshape(2,3), 'a': torch.tensor([.5, 1.5]).half(), 'u': "
        "torch.tensor([True]),\n"
        "           'd': torch.full((3,), 1/3, dtype=torch.float64)}, sys.argv[1], metadata={'k': 'v'})\n";
    QProcess process;
    process.start(interpreter, {"-c", code, QString::fromStdString(file("theirs.safetensors").string())});
    QVERIFY(process.waitForFinished(120000));
    QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
    const TensorFile theirs = readSafetensors(file("theirs.safetensors"));
    QCOMPARE(theirs.metadata.at("k"), std::string("v"));
    QVERIFY(theirs.tensors.at("b").equal(at::arange(6).view({2, 3})));
    QVERIFY(theirs.tensors.at("a").to(at::kFloat).equal(at::tensor({.5f, 1.5f})));
    QVERIFY(theirs.tensors.at("u").item<bool>());
    QCOMPARE(theirs.tensors.at("d")[2].item<double>(), 1. / 3);
  }
};

QTEST_APPLESS_MAIN(SafetensorsTest)
#include "safetensors_test.moc"
