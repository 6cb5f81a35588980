// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/result_file.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cstring>
#include <map>

#include "core/base/error.h"
#include "core/data/archive.h"

using namespace whorl;
namespace fs = std::filesystem;

class ResultFileTest : public QObject {
  Q_OBJECT

 private:
  fs::path path(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }
  QTemporaryDir m_folder;

  static TensorFile sample() {
    TensorFile file;
    file.tensors["adversarial"] = torch::arange(24).reshape({2, 3, 2, 2}).to(torch::kFloat32) / 24;
    file.tensors["label"] = torch::tensor({3, 1}, torch::kInt64);
    file.tensors["success"] = torch::tensor({true, false});
    file.tensors["score"] = torch::tensor({0.25, 0.5}, torch::kFloat64);
    file.metadata["whorl"] = "{}";
    return file;
  }

 private Q_SLOTS:
  void safetensorsReadBack() {
    writeResultFile(sample(), path("a.safetensors"));
    const TensorFile back = readSafetensors(path("a.safetensors"));
    QCOMPARE(back.metadata.at("whorl"), std::string("{}"));
    for (const auto& [name, tensor] : sample().tensors) QVERIFY2(back.tensors.at(name).equal(tensor), name.c_str());
  }

  void npzHoldsNumpyArrays() {
    writeResultFile(sample(), path("a.npz"));
    std::map<std::string, std::string> members;
    visitArchive(path("a.npz"), 1 << 20, JobContext{},
                 [&](const std::string& name, std::string bytes) { members[name] = std::move(bytes); });
    QCOMPARE(members.size(), std::size_t{4});
    const auto check = [&](const std::string& name, const std::string& header, const torch::Tensor& tensor) {
      const std::string& bytes = members.at(name + ".npy");
      QVERIFY(bytes.starts_with(std::string("\x93NUMPY\x01\x00", 8)));
      const std::size_t length = std::uint8_t(bytes[8]) | std::uint8_t(bytes[9]) << 8;
      QCOMPARE((10 + length) % 64, std::size_t{0});
      const std::string text = bytes.substr(10, length);
      QVERIFY2(text.find(header) != std::string::npos, text.c_str());
      QVERIFY(text.ends_with('\n'));
      QCOMPARE(bytes.size(), 10 + length + tensor.nbytes());
      QVERIFY(std::memcmp(bytes.data() + 10 + length, tensor.const_data_ptr(), tensor.nbytes()) == 0);
    };
    const auto tensors = sample().tensors;
    check("adversarial", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,3,2,2,), }", tensors.at("adversarial"));
    check("label", "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", tensors.at("label"));
    check("success", "'descr': '|b1'", tensors.at("success"));
    check("score", "'descr': '<f8'", tensors.at("score"));
  }

  void rowsComeBackAndGoAway() {
    const auto hidden = [&] {
      int files = 0;
      for (const auto& entry : fs::directory_iterator(m_folder.path().toStdString())) {
        files += entry.path().filename().string().starts_with(".whorl-rows");
      }
      return files;
    };
    {
      ResultRows rows(path("rows.safetensors"));
      const auto images = torch::rand({5, 3, 2, 2});
      rows.append("images", images.narrow(0, 0, 2));
      rows.append("images", images.narrow(0, 2, 3));
      rows.append("label", torch::tensor({1, 2}, torch::kInt64));
      QCOMPARE(hidden(), 2);
      QVERIFY(rows.rows("images").equal(images));
      QVERIFY(rows.rows("label").equal(torch::tensor({1, 2}, torch::kInt64)));
      QCOMPARE(rows.all().size(), std::size_t{2});
      QVERIFY_EXCEPTION_THROWN(rows.append("images", images), Error);         // it has been read
      QVERIFY_EXCEPTION_THROWN(rows.append("label", images), Error);          // another shape
      QVERIFY_EXCEPTION_THROWN(rows.append("label", torch::ones(2)), Error);  // another type
    }
    QCOMPARE(hidden(), 0);
  }

  void fullDisksAreToldOf() {
    ResultRows rows("/proc/none/rows.npz");
    QVERIFY_EXCEPTION_THROWN(rows.append("images", torch::zeros({1, 2})), Error);
  }

  void refusesOtherEndings() {
    QVERIFY_EXCEPTION_THROWN(checkResultFile(path("a.txt")), Error);
    QVERIFY_EXCEPTION_THROWN(checkResultFile("/proc/none/a.npz"), Error);
    checkResultFile(path("new.npz"));
    QVERIFY(!fs::exists(path("new.npz")));  // only asked
  }
};

QTEST_APPLESS_MAIN(ResultFileTest)
#include "result_file_test.moc"
