// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <fstream>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"
#include "core/nn/fused_classifier.h"
#include "core/nn/model.h"
#include "core/nn/safetensors.h"
#include "core/nn/torchscript_probe.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

at::Tensor images() { return at::rand({3, 1, 28, 28}, at::make_generator<at::CPUGeneratorImpl>(1)); }

Model sample() {
  const Architecture& architecture = findArchitecture("nfp-mnist");
  Network network(architecture, architecture.input, 10, 5);
  Model model;
  model.architecture = architecture.name;
  model.input = architecture.input;
  model.mean = {0};
  model.scale = {1};
  model.classifier = classifierOf(network, model.mean, model.scale);
  return model;
}

// What Python files are made of: a network of other names, with the weights of ours.
constexpr const char* kPython =
    "import sys, torch\n"
    "torch.set_num_threads(1)\n"
    "folder = sys.argv[1]\n"
    "nn = torch.nn\n"
    "own = torch.load(folder + '/export.pt', weights_only=True)\n"
    "assert type(own) is dict and list(own)[:5] == ['conv1.weight', 'conv1.bias', 'bn1.weight', 'bn1.bias', "
    "'bn1.running_mean'], list(own)\n"
    "def block(i, o): return [nn.Conv2d(i, o, 3), nn.ReLU(), nn.BatchNorm2d(o)]\n"
    "def dense(i, o): return [nn.Linear(i, o), nn.ReLU(), nn.BatchNorm1d(o)]\n"
    "net = nn.Sequential(*block(1, 32), *block(32, 32), nn.MaxPool2d(2), *block(32, 64), *block(64, 64),\n"
    "  nn.MaxPool2d(2), nn.Flatten(), *dense(1024, 200), *dense(200, 200), nn.Linear(200, 10)).eval()\n"
    "keys = [k for k in net.state_dict() if not k.endswith('num_batches_tracked')]\n"
    "assert len(keys) == len(own)\n"
    "net.load_state_dict(dict(zip(keys, own.values())), strict=False)\n"
    "state = dict(net.state_dict())\n"
    "torch.save(state, folder + '/dict.pt')\n"
    "torch.save({'state_dict': {'module.' + k: v for k, v in own.items()}, 'epoch': 3}, folder + '/nested.pt')\n"
    "own['state_dict'] = own\n"  // a dict that holds itself
    "torch.save(own, folder + '/self.pt')\n"
    "torch.save(net.state_dict(), folder + '/ordered.pt')\n"
    "torch.save({k: v for k, v in list(state.items())[:-1]}, folder + '/short.pt')\n"
    "torch.save({'a': 3}, folder + '/numbers.pt')\n"
    "torch.save(state, folder + '/old.pt', _use_new_zipfile_serialization=False)\n"
    "x = torch.rand(2, 1, 28, 28)\n"
    "torch.jit.trace(net, x).save(folder + '/traced.pt')\n"
    "torch.jit.script(nn.Conv2d(1, 4, 3)).save(folder + '/map.pt')\n"
    "class Two(nn.Module):\n"
    "  def forward(self, x): return x, x\n"
    "torch.jit.trace(Two(), x).save(folder + '/two.pt')\n";

// Modules that a process doesn't survive. TorchScript's parser wants their source in a file.
constexpr const char* kHostile =
    "import sys, torch\n"
    "class Endless(torch.nn.Module):\n"
    "  def forward(self, x):\n"
    "    while bool(x.sum() > 0): x = x + 1\n"
    "    return x.flatten(1)\n"
    "class Crash(torch.nn.Module):\n"
    "  def forward(self, x):\n"
    "    least = -9223372036854775807 - x.size(1)\n"  // its quotient by -1 is the processor's exception
    "    return x.flatten(1) * (least // (-x.size(1)))\n"
    "class Greedy(torch.nn.Module):\n"
    "  def forward(self, x):\n"
    "    return x.flatten(1) + torch.ones([x.size(0), 784, 4194304]).sum(2)\n"  // 26 GB
    "class Writer(torch.nn.Module):\n"
    "  def __init__(self):\n"
    "    super().__init__()\n"
    "    self.path: str = sys.argv[1] + '/written'\n"
    "  def forward(self, x):\n"
    "    torch.save(x, self.path)\n"
    "    return x.flatten(1)\n"
    "for module in [Endless, Crash, Greedy, Writer]:\n"
    "  torch.jit.script(module()).save(sys.argv[1] + '/' + module.__name__ + '.pt')\n";

}  // namespace

class ImportTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir m_folder;
  bool m_python = false;
  fs::path file(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }

  ImportRequest request(const char* name, const char* architecture) const {
    ImportRequest result;
    result.path = file(name);
    result.architecture = architecture;
    return result;
  }

  QString refusal(const ImportRequest& wanted, ErrorKind kind = ErrorKind::BadInput) const {
    try {
      importModel(wanted, torch::kCPU);
    } catch (const Error& error) {
      return error.kind() == kind ? QString(error.what()) + " " + QString::fromStdString(error.hint()) : "wrong kind";
    }
    return "accepted";
  }

  Error probeFailure(const char* name, const TorchScriptLimits& limits, const std::stop_token& stop = {}) const {
    try {
      probeTorchScript(file(name), {1, 28, 28}, {}, {}, limits, stop);
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::Internal, "accepted");
  }

 private Q_SLOTS:
  void initTestCase() {
    at::set_num_threads(1);
    exportPyTorch(sample(), file("export.pt"));
    QProcess process;
    process.start(QStringLiteral(WHORL_SOURCE_DIR "/build/torch/bin/python"),
                  {"-W", "ignore", "-c", kPython, m_folder.path()});
    if (!process.waitForStarted()) return;
    QVERIFY(process.waitForFinished(240000));
    QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
    std::ofstream(file("hostile.py")) << kHostile;
    process.start(QStringLiteral(WHORL_SOURCE_DIR "/build/torch/bin/python"),
                  {"-W", "ignore", QString::fromStdString(file("hostile.py").string()), m_folder.path()});
    QVERIFY(process.waitForFinished(240000));
    QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
    m_python = true;
  }

  void whatIsExportedIsImported() {
    const Model copy = importModel(request("export.pt", "nfp-mnist"), torch::kCPU);
    QVERIFY(copy.classifier->logits(images()).equal(sample().classifier->logits(images())));
    QCOMPARE(copy.classNames.back(), std::string("9"));
    QVERIFY(!copy.sha256.empty());
  }

  void dictsFromPython_data() {
    QTest::addColumn<QByteArray>("name");
    QTest::newRow("names of nn.Sequential, by order") << QByteArray("dict.pt");
    QTest::newRow("state_dict with DataParallel's prefix") << QByteArray("nested.pt");
  }
  void dictsFromPython() {
    QFETCH(QByteArray, name);
    if (!m_python) QSKIP("no Python with torch");
    const Model copy = importModel(request(name.constData(), "nfp-mnist"), torch::kCPU);
    QVERIFY(at::allclose(copy.classifier->logits(images()), sample().classifier->logits(images())));
  }

  void otherPyTorchFilesAreRefused_data() {
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QString>("words");
    QTest::newRow("OrderedDict") << QByteArray("ordered.pt") << "net.state_dict().items()";
    QTest::newRow("numbers") << QByteArray("numbers.pt") << "plain dict";
    QTest::newRow("a tensor is missing") << QByteArray("short.pt") << "tensor";
    QTest::newRow("a dict that holds itself") << QByteArray("self.pt") << "by name";
    QTest::newRow("old format") << QByteArray("old.pt") << "old pickle";
  }
  void otherPyTorchFilesAreRefused() {
    QFETCH(QByteArray, name);
    QFETCH(QString, words);
    if (!m_python) QSKIP("no Python with torch");
    const QString reason = refusal(request(name.constData(), "nfp-mnist"));
    QVERIFY2(reason.contains(words), qPrintable(reason));
  }

  void aWrongArchitectureIsRefused() {
    QVERIFY(refusal(request("export.pt", "nfp-cifar")).contains("shape"));
    QVERIFY(refusal(request("export.pt", ""), ErrorKind::Usage).contains("architecture"));
    QVERIFY(refusal(request("export.pt", "nothing"), ErrorKind::Usage).contains("nfp-cifar"));
  }

  void aFileCutAnywhereIsRefused() {
    std::ifstream in(file("export.pt"), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    QVERIFY(bytes.size() > 1000);
    for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 40) {
      std::ofstream(file("cut.pt"), std::ios::binary) << bytes.substr(0, length);
      const QString reason = refusal(request("cut.pt", "nfp-mnist"));
      QVERIFY2(reason != "accepted" && reason != "wrong kind", qPrintable(reason));
    }
    QVERIFY(refusal(request("nowhere.pt", "nfp-mnist")).contains("read"));
    QCOMPARE(::mkfifo(file("pipe.pt").c_str(), 0600), 0);
    QVERIFY(refusal(request("pipe.pt", "nfp-mnist")).contains("read"));  // at once
    ImportRequest huge = request("export.pt", "nfp-mnist");
    huge.input = {64, 8192, 8192};
    QVERIFY(refusal(huge, ErrorKind::Usage).contains("too large"));
  }

  void safetensorsNeedNoMetadata() {
    TensorFile plain;
    plain.tensors = sample().network()->tensors();
    writeSafetensors(plain, file("plain.safetensors"));
    const Model copy = importModel(request("plain.safetensors", "nfp-mnist"), torch::kCPU);
    QVERIFY(copy.classifier->logits(images()).equal(sample().classifier->logits(images())));
  }

  void classNamesMustFit() {
    ImportRequest wanted = request("export.pt", "nfp-mnist");
    wanted.classNames = {"a", "b"};
    QVERIFY(refusal(wanted, ErrorKind::Usage).contains("10 classes"));
  }

  void torchScriptIsOptIn() {
    if (!m_python) QSKIP("no Python with torch");
    ImportRequest wanted = request("traced.pt", "");
    wanted.input = {1, 28, 28};
    QVERIFY(refusal(wanted, ErrorKind::Usage).contains("run code"));
    wanted.allowTorchScript = true;
    const Model model = importModel(wanted, torch::kCPU);
    QCOMPARE(model.classNames.size(), std::size_t{10});
    QCOMPARE(model.architecture, std::string("torchscript"));
    QVERIFY(model.network() == nullptr && model.classifier->differentiable());
    QVERIFY(at::allclose(model.classifier->logits(images()), sample().classifier->logits(images()), 1e-4, 1e-5));
    // Gradients are those of our own network.
    const auto gradient = [](const Classifier& classifier) {
      at::Tensor x = images().set_requires_grad(true);
      return torch::autograd::grad({classifier.logits(x).select(1, 3).sum()}, {x})[0];
    };
    QVERIFY(at::allclose(gradient(*model.classifier), gradient(*sample().classifier), 1e-3, 1e-5));
    QVERIFY_EXCEPTION_THROWN(exportPyTorch(model, file("no.pt")), Error);
    // It becomes a model file, which is as much a program as the module was.
    const std::string sha = writeModel(model, file("traced.safetensors"));
    ImportRequest own;
    own.path = file("traced.safetensors");
    QVERIFY(refusal(own, ErrorKind::Usage).contains("run code"));
    own.allowTorchScript = true;
    const Model again = importModel(own, torch::kCPU);
    QCOMPARE(again.sha256, sha);
    QVERIFY(again.input == model.input && again.classNames == model.classNames && again.past == model.past);
    QVERIFY(again.classifier->logits(images()).equal(model.classifier->logits(images())));
    std::stop_source stopped;
    stopped.request_stop();
    QVERIFY_EXCEPTION_THROWN(importModel(own, torch::kCPU, stopped.get_token()), Error);
  }

  void modulesThatAreNoClassifierAreRefused_data() {
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<int>("channels");
    QTest::addColumn<QString>("words");
    QTest::newRow("other input") << QByteArray("traced.pt") << 3 << "[2,3,28,28]";
    QTest::newRow("maps instead of logits") << QByteArray("map.pt") << 1 << "[2,4,26,26]";
    QTest::newRow("two results") << QByteArray("two.pt") << 1 << "Tuple";
    QTest::newRow("no input") << QByteArray("traced.pt") << 0 << "wrong kind";
  }
  void modulesThatAreNoClassifierAreRefused() {
    QFETCH(QByteArray, name);
    QFETCH(int, channels);
    QFETCH(QString, words);
    if (!m_python) QSKIP("no Python with torch");
    ImportRequest wanted = request(name.constData(), "");
    wanted.input = {channels, 28, 28};
    wanted.allowTorchScript = true;
    const QString reason = refusal(wanted);
    QVERIFY2(reason.contains(words), qPrintable(reason));
  }

  // Each would take this test down with it, were it not tried in another process.
  void hostileModulesAreTriedElsewhere_data() {
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<double>("seconds");
    QTest::addColumn<QString>("words");
    QTest::newRow("never ends") << QByteArray("Endless.pt") << 3.0 << "within 3 s";
    QTest::newRow("crashes") << QByteArray("Crash.pt") << 60.0 << "crashed";
    QTest::newRow("takes all memory") << QByteArray("Greedy.pt") << 60.0 << "memory";
    QTest::newRow("writes a file") << QByteArray("Writer.pt") << 60.0 << "Writer.pt";
  }
  void hostileModulesAreTriedElsewhere() {
    QFETCH(QByteArray, name);
    QFETCH(double, seconds);
    QFETCH(QString, words);
    if (!m_python) QSKIP("no Python with torch");
    TorchScriptLimits limits;
    limits.seconds = seconds;
    std::ofstream(file("written")) << "precious";
    const Error error = probeFailure(name.constData(), limits);
    QVERIFY2(error.kind() == ErrorKind::BadInput, error.what());
    QVERIFY2(QString(error.what()).contains(words), error.what());
    QCOMPARE(fs::file_size(file("written")), std::uintmax_t{8});
  }

  void aTrialCanBeStopped() {
    if (!m_python) QSKIP("no Python with torch");
    std::stop_source stop;
    stop.request_stop();
    QVERIFY(probeFailure("Endless.pt", {}, stop.get_token()).kind() == ErrorKind::Cancelled);
  }

  void withoutTheHelperNothingIsLoaded() {
    qputenv(kTorchScriptProbeVariable, "/nowhere/helper");
    const Error missing = probeFailure("traced.pt", {});
    qputenv(kTorchScriptProbeVariable, WHORL_SOURCE_DIR "/CMakeLists.txt");  // a file, but no program
    const Error wrong = probeFailure("traced.pt", {});
    qunsetenv(kTorchScriptProbeVariable);
    QVERIFY2(missing.kind() == ErrorKind::Failed, missing.what());
    QVERIFY2(missing.message().find(kTorchScriptProbeVariable) != std::string::npos, missing.what());
    QVERIFY2(wrong.kind() == ErrorKind::Failed, wrong.what());
    QVERIFY2(wrong.message().find("can't be started") != std::string::npos, wrong.what());
  }

  void theReferenceWeightsLoad() {
    const QByteArray folder = qgetenv("WHORL_REFERENCE");
    if (folder.isEmpty()) QSKIP("WHORL_REFERENCE names no folder");
    ImportRequest wanted;
    wanted.path = fs::path(folder.toStdString()) / "reference-cnn-mnist.safetensors";
    wanted.architecture = "reference-cnn";
    const Model model = importModel(wanted, torch::kCPU);
    QCOMPARE(model.classifier->classCount(), 10);
    // A vertical stroke is a one for any network that knows digits.
    at::Tensor one = at::zeros({1, 1, 28, 28});
    one.slice(2, 5, 23).slice(3, 13, 16).fill_(1);
    QCOMPARE(model.classifier->logits(one).argmax(1).item<std::int64_t>(), std::int64_t{1});
  }
};

QTEST_APPLESS_MAIN(ImportTest)
#include "import_test.moc"
