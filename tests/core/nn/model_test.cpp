// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/model.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <fstream>
#include <functional>
#include <sstream>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/nn/fused_classifier.h"
#include "core/nn/import_torchscript.h"
#include "core/nn/safetensors.h"
#include "tests/core/nn/tiny_module.h"

using namespace whorl;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

Model sample(bool fingerprinted) {
  const Architecture& architecture = findArchitecture("nfp-mnist-paper");
  Network network(architecture, architecture.input, 10, 5);
  Model model;
  model.name = "Tëst";
  model.architecture = architecture.name;
  model.input = architecture.input;
  for (int i = 0; i < 10; ++i) model.classNames.push_back("digit " + std::to_string(i));
  model.mean = {.5};
  model.scale = {1};
  if (fingerprinted) {
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(2);
    model.fingerprintDx = at::rand({3, 1, 28, 28}, generator);
    model.fingerprintDy = at::rand({3, 10, 10}, generator);
    model.threshold = .125;
  }
  model.past = {{"seed", 7}, {"recipe", {{"epochs", 4}}}};
  model.classifier = classifierOf(network, model.mean, model.scale);
  return model;
}

// A module with logits for two classes.
Model sampleModule(const fs::path& path) {
  test::writeTinyModule(path);
  Model model;
  model.name = "Halves";
  model.architecture = kTorchScript;
  model.input = {1, 16, 16};
  model.classNames = {"left", "right"};
  model.mean = {.5};
  model.scale = {.5};
  model.module = std::make_shared<const std::string>(readModuleArchive(path));
  model.classifier = loadTorchScript(*model.module, path, model.input, model.mean, model.scale, torch::kCPU);
  return model;
}

std::string bytesOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

class ModelTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir m_folder;
  fs::path file(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }

  // Why a file with changed contents is refused, by reading it and by reading its header; "" if it is read.
  QString refusal(const std::function<void(TensorFile&, json&)>& change, bool headerToo = true) {
    const fs::path path = file("changed.safetensors");
    writeModel(sample(true), path);
    TensorFile contents = readSafetensors(path);
    json metadata = json::parse(contents.metadata.at("whorl"));
    change(contents, metadata);
    if (contents.metadata.contains("whorl")) contents.metadata["whorl"] = metadata.dump();
    writeSafetensors(contents, path);
    if (headerToo) {
      try {
        readModelHeader(path);
        return "the header was accepted";
      } catch (const Error&) {
      }
    }
    try {
      readModel(path, torch::kCPU);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::BadInput) return "wrong kind";
      return error.what();
    }
    return "";
  }

 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(1); }

  void roundTrip_data() {
    QTest::addColumn<bool>("fingerprinted");
    QTest::newRow("plain") << false;
    QTest::newRow("fingerprinted") << true;
  }
  void roundTrip() {
    QFETCH(bool, fingerprinted);
    const Model model = sample(fingerprinted);
    const std::string sha = writeModel(model, file("a.safetensors"));
    QCOMPARE(sha, sha256File(file("a.safetensors")));
    const Model copy = readModel(file("a.safetensors"), torch::kCPU);
    QCOMPARE(copy.sha256, sha);
    QCOMPARE(copy.name, model.name);
    QCOMPARE(copy.architecture, model.architecture);
    QVERIFY(copy.input == model.input && copy.classNames == model.classNames && copy.mean == model.mean);
    QVERIFY(copy.scale == model.scale && copy.threshold == model.threshold && copy.past == model.past);
    QCOMPARE(copy.fingerprintDx.has_value(), fingerprinted);
    if (fingerprinted) {
      QVERIFY(copy.fingerprintDx->equal(*model.fingerprintDx));
      QVERIFY(copy.fingerprintDy->equal(*model.fingerprintDy));
    }
    const at::Tensor images = at::rand({4, 1, 28, 28}, at::make_generator<at::CPUGeneratorImpl>(1));
    QVERIFY(copy.classifier->logits(images).equal(model.classifier->logits(images)));
    QVERIFY(copy.network() != nullptr);
    // Written again it is the same file.
    QCOMPARE(writeModel(copy, file("b.safetensors")), sha);
  }

  void headerIsEnoughForLists() {
    writeModel(sample(true), file("a.safetensors"));
    const Model header = readModelHeader(file("a.safetensors"));
    QCOMPARE(header.name, std::string("Tëst"));
    QCOMPARE(header.classNames.size(), std::size_t{10});
    QCOMPARE(header.fingerprintDx->size(0), std::int64_t{3});
    QVERIFY(header.classifier == nullptr);
  }

  void theNameOfANamelessModelIsItsFile() {
    Model model = sample(false);
    model.name.clear();
    writeModel(model, file("nameless.safetensors"));
    QCOMPARE(readModelHeader(file("nameless.safetensors")).name, std::string("nameless"));
  }

  void channelsLastWeightsAreWrittenInPlainOrder() {
    Model model = sample(false);
    Network network = model.network()->clone();
    network.toChannelsLast();
    const std::string plain = writeModel(model, file("plain.safetensors"));
    model.classifier = classifierOf(network, model.mean, model.scale);
    QCOMPARE(writeModel(model, file("last.safetensors")), plain);
  }

  void changedFilesAreRefused() {
    const auto refused = [this](const std::function<void(TensorFile&, json&)>& change, const char* words,
                                bool headerToo = true) {
      const QString reason = refusal(change, headerToo);
      if (!reason.contains(words)) qWarning("expected '%s', got '%s'", words, qPrintable(reason));
      return reason.contains(words);
    };
    QVERIFY(refused([](auto& f, json&) { f.metadata.clear(); }, "no Whorl model"));
    QVERIFY(refused([](auto&, json& m) { m["format_version"] = 2; }, "newer"));
    QVERIFY(refused([](auto&, json& m) { m["format_version"] = 4294967297; }, "newer"));
    QVERIFY(refused([](auto&, json& m) { m["format_version"] = 1e300; }, "newer"));
    QVERIFY(refused([](auto&, json& m) { m["format_version"] = "1"; }, "newer"));
    QVERIFY(refused([](auto&, json& m) { m = json::array(); }, "understood"));
    QVERIFY(refused([](auto&, json& m) { m.erase("input"); }, "input"));
    QVERIFY(refused([](auto&, json& m) { m["architecture"] = "resnet"; }, "nfp-mnist"));
    QVERIFY(refused([](auto&, json& m) { m["input"] = {1, 28}; }, "input"));
    QVERIFY(refused([](auto&, json& m) { m["input"] = {1, -28, 28}; }, "input"));
    QVERIFY(refused([](auto&, json& m) { m["input"] = {1, 28.5, 28}; }, "input"));
    QVERIFY(refused([](auto&, json& m) { m["input"] = {1, 1e9, 28}; }, "input"));
    QVERIFY(refused([](auto&, json& m) { m["input"] = {1, 18446744073709551615ULL, 28}; }, "input"));
    QVERIFY(refused(
        [](auto& f, json& m) {
          f.tensors.erase("fingerprint.dx");
          f.tensors.erase("fingerprint.dy");
          m["input"] = {1, 8192, 8192};
        },
        "trainable parameters"));
    QVERIFY(refused([](auto&, json& m) { m["mean"] = {.5, .5}; }, "mean"));
    QVERIFY(refused([](auto&, json& m) { m["scale"] = {0}; }, "scale"));
    QVERIFY(refused([](auto&, json& m) { m["scale"] = {1e-300}; }, "scale"));  // 0 in float32
    QVERIFY(refused([](auto&, json& m) { m["mean"] = {1e300}; }, "mean"));
    QVERIFY(refused([](auto&, json& m) { m["scale"] = {nullptr}; }, "understood"));
    QVERIFY(refused([](auto&, json& m) { m["class_names"] = {"one"}; }, "class names"));
    QVERIFY(refused([](auto&, json& m) { m["class_names"].push_back("eleven"); }, "fingerprint.dy"));
    QVERIFY(refused([](auto&, json& m) { m["threshold"] = -1; }, "threshold"));
    QVERIFY(refused([](auto&, json& m) { m["past"] = 3; }, "past"));
    QVERIFY(refused([](auto& f, json&) { f.tensors.erase("fc2.bias"); }, "fc2.bias"));
    QVERIFY(refused([](auto& f, json&) { f.tensors["fc4.bias"] = at::zeros({10}); }, "fc4.bias"));
    QVERIFY(refused([](auto& f, json&) { f.tensors["fc2.bias"] = at::zeros({199}); }, "[199]"));
    QVERIFY(refused([](auto& f, json&) { f.tensors["conv1.bias"][0] = std::nan(""); }, "conv1.bias", false));
    QVERIFY(refused([](auto& f, json&) { f.tensors["fingerprint.dx"][0] = INFINITY; }, "fingerprint.dx", false));
    QVERIFY(refused([](auto& f, json&) { f.tensors.erase("fingerprint.dx"); }, "missing"));
    QVERIFY(refused([](auto& f, json&) { f.tensors.erase("fingerprint.dy"); }, "missing"));
    QVERIFY(refused([](auto& f, json&) { f.tensors["fingerprint.dx"] = at::zeros({3, 1, 28, 27}); }, "fingerprint.dx"));
    QVERIFY(refused([](auto& f, json&) { f.tensors["fingerprint.dx"] = at::zeros({0, 1, 28, 28}); }, "fingerprint.dx"));
    QVERIFY(refused([](auto& f, json&) { f.tensors["fingerprint.dy"] = at::zeros({2, 10, 10}); }, "fingerprint.dy"));
  }

  void deepOrBrokenMetadataIsRefused() {
    writeModel(sample(false), file("deep.safetensors"));
    TensorFile contents = readSafetensors(file("deep.safetensors"));
    for (const std::string& text :
         {std::string(100'000, '['), std::string("{"), std::string(R"({"past": {"a": 1, "a": 2}})"), std::string()}) {
      contents.metadata["whorl"] = text;
      writeSafetensors(contents, file("deep.safetensors"));
      QVERIFY_EXCEPTION_THROWN(readModel(file("deep.safetensors"), torch::kCPU), Error);
    }
  }

  void aModuleIsATensorOfBytes() {
    const Model model = sampleModule(file("halves.pt"));
    const fs::path path = file("halves.safetensors");
    const std::string sha = writeModel(model, path);
    const TensorFile contents = readSafetensors(path);
    QCOMPARE(contents.tensors.size(), std::size_t{1});
    const at::Tensor& bytes = contents.tensors.at("torchscript.module");
    QVERIFY(bytes.scalar_type() == torch::kUInt8 && bytes.dim() == 1);
    QCOMPARE(std::string(bytes.const_data_ptr<std::uint8_t>(), bytes.const_data_ptr<std::uint8_t>() + bytes.numel()),
             bytesOf(file("halves.pt")));
    const Model header = readModelHeader(path);
    QVERIFY(header.classifier == nullptr && header.module == nullptr && header.differentiable);
    QCOMPARE(header.architecture, std::string(kTorchScript));
    std::string asked;
    const Model copy = readModel(path, torch::kCPU, [&asked](const std::string& sha256) {
      asked = sha256;
      return true;
    });
    QCOMPARE(asked, sha);
    QCOMPARE(copy.sha256, sha);
    const at::Tensor images = at::rand({4, 1, 16, 16}, at::make_generator<at::CPUGeneratorImpl>(1));
    QVERIFY(copy.classifier->logits(images).equal(model.classifier->logits(images)));
    QCOMPARE(writeModel(copy, file("again.safetensors")), sha);
    // Nobody is trusted by default.
    QVERIFY_EXCEPTION_THROWN(readModel(path, torch::kCPU), Error);
    QVERIFY_EXCEPTION_THROWN(readModel(path, torch::kCPU, [](const std::string&) { return false; }), Error);
  }

  void changedModulesAreRefused() {
    const Model model = sampleModule(file("halves.pt"));
    const fs::path path = file("changed.safetensors");
    const auto refused = [&](const std::function<void(at::Tensor&, TensorFile&, json&)>& change, const char* words,
                             bool headerToo = true) {
      writeModel(model, path);
      TensorFile contents = readSafetensors(path);
      json metadata = json::parse(contents.metadata.at("whorl"));
      change(contents.tensors.at("torchscript.module"), contents, metadata);
      contents.metadata["whorl"] = metadata.dump();
      writeSafetensors(contents, path);
      QString reason = "accepted";
      try {
        readModelHeader(path);
        if (headerToo) return false;
      } catch (const Error&) {
        if (!headerToo) return false;
      }
      try {
        readModel(path, torch::kCPU, [](const std::string&) { return true; });
      } catch (const Error& error) {
        reason = error.kind() == ErrorKind::BadInput ? error.what() : "wrong kind";
      }
      if (!reason.contains(words)) qWarning("expected '%s', got '%s'", words, qPrintable(reason));
      return reason.contains(words);
    };
    const char* one = "has one tensor";
    const char* bytes = "list of bytes";
    QVERIFY(refused([](auto& t, auto&, json&) { t = t.view({1, -1}); }, bytes));
    QVERIFY(refused([](auto& t, auto&, json&) { t = t.to(torch::kInt32); }, bytes));
    QVERIFY(refused([](auto& t, auto&, json&) { t = t.narrow(0, 0, 0); }, bytes));
    QVERIFY(refused([](auto&, auto& f, json&) { f.tensors["fc1.bias"] = at::zeros({2}); }, one));
    QVERIFY(refused([](auto&, auto& f, json&) { f.tensors = {{"module", at::zeros({2}, torch::kUInt8)}}; }, one));
    QVERIFY(refused([](auto&, auto& f, json&) { f.tensors["fingerprint.dx"] = at::zeros({1, 1, 16, 16}); }, one));
    QVERIFY(refused([](auto&, auto&, json& m) { m["architecture"] = "nfp-mnist"; }, "conv1.weight"));
    QVERIFY(refused([](auto&, auto&, json& m) { m.erase("differentiable"); }, "understood"));
    QVERIFY(refused([](auto&, auto&, json& m) { m["differentiable"] = 1; }, "understood"));
    QVERIFY(refused([](auto&, auto&, json& m) { m["input"] = {1, 16}; }, "input"));
    QVERIFY(refused([](auto&, auto&, json& m) { m["class_names"].push_back("third"); }, "2 classes", false));
    QVERIFY(refused([](auto&, auto&, json& m) { m["input"] = {1, 16, 4}; }, "logits", false));
    QVERIFY(refused([](auto& t, auto&, json&) { t = t.narrow(0, 0, 300); }, "can't be loaded", false));
    QVERIFY(
        refused([](auto& t, auto&, json&) { t.narrow(0, t.numel() - 300, 300).zero_(); }, "can't be loaded", false));
    QVERIFY(refused([](auto& t, auto&, json&) { t = t.slice(0, 0, -1); }, "can't be loaded", false));
  }

  void aModelCutAnywhereIsRefused() {
    writeModel(sample(true), file("a.safetensors"));
    const std::string bytes = bytesOf(file("a.safetensors"));
    for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 300) {
      std::ofstream(file("cut.safetensors"), std::ios::binary) << bytes.substr(0, length);
      QVERIFY_EXCEPTION_THROWN(readModel(file("cut.safetensors"), torch::kCPU), Error);
    }
  }

  void brokenModelsAreNotWritten() {
    Model diverged = sample(false);
    {
      const c10::AutoGradMode noGrad(false);
      diverged.network()->parameters()[0].second[0].fill_(std::nan(""));
    }
    QVERIFY_EXCEPTION_THROWN(writeModel(diverged, file("broken.safetensors")), Error);
    Model other = sample(true);
    other.fingerprintDy.reset();
    QVERIFY_EXCEPTION_THROWN(writeModel(other, file("broken.safetensors")), Error);
    Model renamed = sample(false);
    renamed.architecture = "nfp-cifar";
    QVERIFY_EXCEPTION_THROWN(writeModel(renamed, file("broken.safetensors")), Error);
    QVERIFY(!fs::exists(file("broken.safetensors")));
  }

  void aFailedWriteKeepsTheOldModel() {
    const std::string sha = writeModel(sample(false), file("kept.safetensors"));
    // A limit on the size of files stands for a full disk.
    signal(SIGXFSZ, SIG_IGN);
    rlimit old{};
    getrlimit(RLIMIT_FSIZE, &old);
    rlimit small = old;
    small.rlim_cur = 100'000;
    setrlimit(RLIMIT_FSIZE, &small);
    ErrorKind kind = ErrorKind::Internal;
    try {
      writeModel(sample(true), file("kept.safetensors"));
    } catch (const Error& error) {
      kind = error.kind();
    }
    setrlimit(RLIMIT_FSIZE, &old);
    QCOMPARE(kind, ErrorKind::Failed);
    QCOMPARE(sha256File(file("kept.safetensors")), sha);
    for (const auto& entry : fs::directory_iterator(m_folder.path().toStdString())) {
      const fs::path extension = entry.path().extension();  // no left-over neighbour
      QVERIFY2(extension == ".safetensors" || extension == ".pt", entry.path().c_str());
    }
  }

  void anUnwritableFolderIsAnError() {
    if (geteuid() == 0) QSKIP("root may write everywhere");
    const fs::path folder = file("locked");
    fs::create_directory(folder);
    fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec);
    QVERIFY_EXCEPTION_THROWN(writeModel(sample(false), folder / "a.safetensors"), Error);
    fs::permissions(folder, fs::perms::owner_all);
  }
};

QTEST_APPLESS_MAIN(ModelTest)
#include "model_test.moc"
