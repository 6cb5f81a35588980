// SPDX-License-Identifier: GPL-3.0-or-later
// The real program, as a person or a script meets it.
#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QtTest>

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "tests/app/cli_program.h"
#include "tests/core/service/tiny_data.h"

using namespace whorl;
namespace fs = std::filesystem;

class CliTest : public QObject, test::CliProgram {
  Q_OBJECT

 private:
  QStringList train(const QString& output) const {
    return {"train",
            "--data",
            text("data"),
            "--arch",
            "nfp-mnist",
            "--objective",
            "fingerprint",
            "--epochs",
            "12",
            "--output",
            output,
            "--batch-size",
            "20",
            "--seed",
            "7",
            "--fingerprints=2",
            "--threads",
            "1",
            "--device",
            "cpu",
            "--learning_rate",
            "0.001",
            "--json",
            "-"};
  }

  /// The error line names what was wrong, and is one line.
  void expectError(const QStringList& arguments, int code, const QStringList& parts) const {
    const Outcome outcome = run(arguments);
    QVERIFY2(outcome.code == code, qPrintable(QStringLiteral("%1: %2").arg(outcome.code).arg(outcome.err)));
    QVERIFY2(outcome.err.startsWith("whorl-cli: "), qPrintable(outcome.err));
    QCOMPARE(outcome.err.count('\n'), 1);
    for (const QString& part : parts) QVERIFY2(outcome.err.contains(part), qPrintable(part + " not in " + outcome.err));
  }

  QString m_model;

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(valid());
    test::writeTinyDataset(path("data"));
    m_model = text("tiny.safetensors");
    const Outcome outcome = run(train(m_model));
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    const QJsonObject json = outcome.json();
    for (const char* name : {"test_accuracy", "images_per_second", "seconds", "model", "model_sha256", "parameters",
                             "seed", "version", "device", "plan", "data"}) {
      QVERIFY2(json.contains(QLatin1String(name)), name);
    }
    QVERIFY2(json["test_accuracy"].toDouble() > 0.9, qPrintable(outcome.out));
    QCOMPARE(json["model"].toString(), m_model);
    QCOMPARE(json["model_sha256"].toString().size(), 64);
    QCOMPARE(json["parameters"].toObject()["fingerprints"].toInt(), 2);
    QCOMPARE(json["seed"].toInt(), 7);
    QVERIFY(fs::exists(path("tiny.safetensors")));
  }

  void helpNeedsNoEngine() {
    QProcess process;
    prepare(process, {"--help"});
    auto environment = process.processEnvironment();
    environment.insert("WHORL_ENGINE", "/nowhere");
    process.setProcessEnvironment(environment);
    process.start();
    QVERIFY(process.waitForFinished(kTimeout));
    QCOMPARE(process.exitCode(), 0);
    const QString text = QString::fromUtf8(process.readAllStandardOutput());
    for (const char* command :
         {"datasets", "train", "predict", "perturb", "attack", "detect", "models", "info", "selftest"}) {
      QVERIFY2(text.contains(QLatin1String(command)), command);
    }
    QVERIFY(run({"--version"}).out.startsWith("whorl-cli "));
  }

  void helpExplainsTheChosenAttack() {
    const Outcome outcome = run({"attack", "--attack", "fgsm", "--help"});
    QCOMPARE(outcome.code, 0);
    for (const char* part : {"--model", "--count", "--epsilon", "default 0.", "--seed", "--json"}) {
      QVERIFY2(outcome.out.contains(QLatin1String(part)), part);
    }
    QVERIFY(run({"train", "--objective", "fingerprint", "--help"}).out.contains("--dy-sign"));
    QVERIFY(!run({"train", "--help"}).out.contains("--dy-sign"));
  }

  void usageErrors() {
    expectError({"trian"}, 2, {"trian"});
    expectError({}, 2, {});
    expectError({"info", "--bogus"}, 2, {"--bogus"});
    expectError({"attack", "--attack", "magic", "--model", m_model}, 2, {"magic", "fgsm"});
    expectError({"attack", "--attack", "fgsm", "--model", m_model, "--epsilon", "7"}, 2, {"epsilon", "0 to 1"});
    expectError({"attack", "--attack", "fgsm", "--model", m_model, "--epsilom", ".1"}, 2, {"did you mean --epsilon"});
    expectError({"attack", "--attack", "fgsm", "--model", m_model, "--norm", "l0"}, 2, {"norm must be linf"});
    expectError({"attack", "--attack", "fgsm"}, 2, {"--model"});
    expectError({"train", "--arch", "nfp-mnist"}, 2, {"--data"});
    expectError({"train", "--preset", "magic"}, 2, {"mnist-fingerprint"});
    expectError({"predict", text("data/test/left/0.png"), "--model", m_model, "--fit", "squeeze"}, 2, {"squeeze"});
    expectError({"predict", text("data/test/left/0.png"), "--model", m_model, "--device", "tpu"}, 2, {"tpu"});
    expectError({"datasets", "fetch", "no-such-set"}, 2, {"no-such-set", "mnist"});
    expectError({"info", "--seed", "minus one"}, 2, {"seed"});
    expectError({"info", "--seed", "-1"}, 2, {"seed"});
    expectError({"info", "--seed", "18446744073709551616"}, 2, {"seed"});
    expectError({"info", "--seed", "1", "--seed", "2"}, 2, {"info", "--seed is given twice", "give it once"});
    expectError({"attack", "--attack", "fgsm", "--model", m_model, "--epsilon", ".1", "--epsilon", ".2"}, 2,
                {"--epsilon is given twice"});
    expectError({"models", "list", "one", "two", "three"}, 2, {"models list", "unexpected arguments one two three"});
    expectError({"info", "--seed"}, 2, {"--seed needs a value"});
  }

  void nothingIsWrittenOverAnInput() {
    const auto bytes = [this] { return fs::file_size(path("tiny.safetensors")); };
    const auto before = bytes();
    const QStringList attack = {"attack", "--attack", "fgsm", "--model", m_model};
    expectError(attack + QStringList{"--save", m_model}, 2, {"--save would be written over --model"});
    // The error itself doesn't go there, either.
    QCOMPARE(run(attack + QStringList{"--json", text("data/../tiny.safetensors")}).code, 2);
    QCOMPARE(bytes(), before);
    expectError(attack + QStringList{"--save", text("a.npz"), "--json", text("a.npz")}, 2, {"name the same place"});
    expectError(attack + QStringList{"--save", text("a.npz"), "--save-images", text("a.npz")}, 2, {"the same place"});
    expectError(attack + QStringList{"--save", ""}, 2, {"--save is empty"});
    QVERIFY(!fs::exists(path("a.npz")));
  }

  void optionsWithoutEffectAreRefused() {
    const QStringList detect = {"detect", "--attack", "fgsm", "--model", m_model, "--detector", "max-softmax"};
    expectError(detect + QStringList{"--fit-attack", "pgd"}, 2, {"max-softmax learns from no attack"});
    expectError(detect + QStringList{"--fingerprints-from", m_model}, 2, {"max-softmax looks at no fingerprints"});
  }

  void badInput() {
    std::ofstream(path("broken.png")) << "no picture";
    expectError({"predict", text("broken.png"), "--model", m_model}, 3, {"broken.png"});
    expectError({"predict", text("missing.png"), "--model", m_model}, 3, {"missing.png"});
    std::ofstream(path("broken.safetensors")) << "no model";
    expectError({"models", "show", text("broken.safetensors")}, 3, {"broken.safetensors"});
    expectError({"predict", text("data/test/left/0.png"), "--model", "nobody"}, 3, {"nobody"});
    expectError({"train", "--data", text("missing"), "--arch", "nfp-mnist"}, 3, {"missing", "no such folder"});
    expectError({"train", "--data", "missing", "--arch", "nfp-mnist"}, 3, {"missing", "mnist"});
  }

  void failedRuns() {
    expectError({"perturb", text("data/test/left/0.png"), "--perturbation", "jpeg", "--output", "/proc/none/a.png"}, 4,
                {"/proc/none"});
    expectError({"info", "--json", "/proc/none/a.json"}, 4, {"/proc/none"});
  }

  /// A limit on file sizes kills a program that doesn't ask for an error instead.
  void aFileTooLargeIsAnError() {
    QProcess process;
    prepare(process, {"models", "export", m_model, "--output", text("large.safetensors")});
    process.setChildProcessModifier([] {
      const rlimit limit{4096, 4096};
      setrlimit(RLIMIT_FSIZE, &limit);
    });
    process.start();
    QVERIFY(process.waitForFinished(kTimeout));
    const QString err = QString::fromUtf8(process.readAllStandardError());
    QVERIFY2(process.exitStatus() == QProcess::NormalExit && process.exitCode() == 4, qPrintable(err));
    QVERIFY2(err.contains("large.safetensors"), qPrintable(err));
    QVERIFY(!fs::exists(path("large.safetensors")));
  }

  void errorsAreJsonToo() {
    const Outcome outcome = run({"predict", text("missing.png"), "--model", m_model, "--json", "-"});
    QCOMPARE(outcome.code, 3);
    const QJsonObject error = outcome.json()["error"].toObject();
    QCOMPARE(error["kind"].toString(), QStringLiteral("bad_input"));
    QCOMPARE(error["exit_code"].toInt(), 3);
    QVERIFY(!error["message"].toString().isEmpty());
    QCOMPARE(run({"train", "--json", text("error.json"), "--preset", "magic"}).code, 2);
    QFile file(text("error.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(QJsonDocument::fromJson(file.readAll()).object()["error"].toObject()["kind"].toString(),
             QStringLiteral("usage"));
  }

  void predicts() {
    const Outcome outcome = run(
        {"predict", text("data/test/left/0.png"), text("data/test/right/0.png"), "--model", m_model, "--json", "-"});
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    const QJsonArray images = outcome.json()["images"].toArray();
    QCOMPARE(images.size(), 2);
    QCOMPARE(images[0].toObject()["class"].toString(), QStringLiteral("left"));
    QCOMPARE(images[1].toObject()["class"].toString(), QStringLiteral("right"));
    QCOMPARE(images[0].toObject()["file"].toString(), text("data/test/left/0.png"));
    QCOMPARE(images[0].toObject()["probabilities"].toArray().size(), 2);
    QCOMPARE(images[0].toObject()["fingerprint_distances"].toArray().size(), 2);
    QVERIFY(images[0].toObject()["accepted"].isBool());
  }

  void docsOfAttacksAreGenerated() {
    std::ifstream file(WHORL_SOURCE_DIR "/docs/attacks.md");
    const std::string docs((std::istreambuf_iterator<char>(file)), {});
    const std::string table = run({"attacks", "table"}).out.toStdString();
    QVERIFY(table.size() > 1000);
    QVERIFY2(docs.find(table) != std::string::npos, "run scripts/update_docs.sh");
  }

  void docsOfDetectorsAreGenerated() {
    std::ifstream file(WHORL_SOURCE_DIR "/docs/detectors.md");
    const std::string docs((std::istreambuf_iterator<char>(file)), {});
    const std::string table = run({"detectors", "table"}).out.toStdString();
    QVERIFY(table.size() > 1000);
    QVERIFY2(docs.find(table) != std::string::npos, "run scripts/update_docs.sh");
  }

  void detectorsAreListedAndFitted() {
    const QJsonArray list = run({"detectors", "--json", "-"}).json()["detectors"].toArray();
    QVERIFY(list.size() >= 13);
    for (const auto& entry : list) {
      for (const char* name : {"name", "title", "summary", "reference", "parameters", "needs_training_images",
                               "needs_attacked_images", "needs_twins", "companions"}) {
        QVERIFY2(entry.toObject().contains(QLatin1String(name)), name);
      }
    }
    const QStringList common = {"detect", "--model",  m_model, "--data",      text("data"), "--count",
                                "10",     "--attack", "bim",   "--epsilon",   "0.5",        "--step_size",
                                "0.1",    "--steps",  "10",    "--device",    "cpu",        "--threads",
                                "1",      "--json",   "-",     "--fit-count", "20",         "--detector"};
    const Outcome lid = run(common + QStringList{"lid", "--neighbours", "3", "--minibatch", "6", "--fit-attack", "fgsm",
                                                 "--fit-preset", "mnist"});
    QVERIFY2(lid.code == 0, qPrintable(lid.err));
    QCOMPARE(lid.json()["fit"].toObject()["attack"].toString(), QString("fgsm"));
    QCOMPARE(lid.json()["detector_parameters"].toObject()["neighbours"].toInt(), 3);
    QVERIFY(lid.json()["average_precision"].toObject()["all"].isDouble());
    const Outcome ensemble = run(common + QStringList{"fingerprint-ensemble", "--companion", m_model});
    QVERIFY2(ensemble.code == 0, qPrintable(ensemble.err));
    QCOMPARE(ensemble.json()["companions"].toArray().size(), 1);
    QCOMPARE(run(common + QStringList{"lid", "--bandwidth", "1"}).code, 2);  // another detector's
    QCOMPARE(run(common + QStringList{"lie"}).code, 2);
    QCOMPARE(run(common + QStringList{"bu"}).code, 3);  // the network has no dropout
  }

  void attacksAndDetects() {
    const QStringList common = {"--model",  m_model,     "--data",    text("data"),  "--count", "10",      "--attack",
                                "bim",      "--epsilon", "0.5",       "--step_size", "0.1",     "--steps", "10",
                                "--device", "cpu",       "--threads", "1",           "--json",  "-"};
    const Outcome attack = run(QStringList{"attack"} + common + QStringList{"--save", text("attack.npz")});
    QVERIFY2(attack.code == 0, qPrintable(attack.err));
    for (const char* name : {"attacked", "success_rate", "mean_l2", "mean_linf", "images_per_second", "seconds"}) {
      QVERIFY2(attack.json().contains(QLatin1String(name)), name);
    }
    QCOMPARE(attack.json()["attacked"].toInt(), 10);
    QVERIFY(fs::file_size(path("attack.npz")) > 10 * 2 * 16 * 16 * 4);
    const Outcome detect = run(QStringList{"detect"} + common);
    QVERIFY2(detect.code == 0, qPrintable(detect.err));
    QVERIFY(detect.json()["auc"].toObject().contains("all") && detect.json()["auc"].toObject().contains("successful"));
    QVERIFY(detect.json()["threshold"].isDouble() && detect.json()["false_positive_rate"].isDouble());
    QCOMPARE(detect.json()["success_rate"].toDouble(), attack.json()["success_rate"].toDouble());
  }

  void theModelKnowsItsData() {
    const Outcome outcome = run({"attack", "--attack", "fgsm", "--model", m_model, "--count", "4", "--json", "-"});
    QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
    QCOMPARE(outcome.json()["data"].toObject()["name"].toString(), text("data"));
  }

  void perturbsAndExplores() {
    const QString image = text("data/test/right/1.png");
    const Outcome list = run({"perturb", "--list", "--json", "-"});
    QCOMPARE(list.code, 0);
    QVERIFY(list.json()["perturbations"].toArray().size() >= 4);
    const Outcome perturb = run(
        {"perturb", image, "--perturbation", "jpeg", "--quality", "10", "--output", text("jpeg.png"), "--json", "-"});
    QVERIFY2(perturb.code == 0, qPrintable(perturb.err));
    QCOMPARE(perturb.json()["parameters"].toObject()["quality"].toInt(), 10);
    QVERIFY(fs::exists(path("jpeg.png")));
    const Outcome explore = run({"explore", image, "--model", m_model, "--step", "jpeg:quality=30", "--step",
                                 "fgsm:epsilon=0.5", "--output", text("explored.png"), "--json", "-"});
    QVERIFY2(explore.code == 0, qPrintable(explore.err));
    QCOMPARE(explore.json()["steps"].toArray().size(), 2);
    QVERIFY(explore.json()["norms"].toObject()["linf"].toDouble() > 0);
    QVERIFY(fs::exists(path("explored.png")));
    const Outcome fromData =
        run({"explore", "--data", text("data"), "--index", "3", "--model", m_model, "--json", "-"});
    QVERIFY2(fromData.code == 0, qPrintable(fromData.err));
    QVERIFY(fromData.json()["label"].isDouble());
  }

  void listsAndModels() {
    QVERIFY(run({"datasets", "list", "--json", "-"}).json()["datasets"].toArray().size() >= 6);
    const auto attacks = run({"attacks", "--json", "-"}).json()["attacks"].toArray();
    QVERIFY(attacks.size() >= 4);
    for (const auto& value : attacks) {
      const auto attack = value.toObject();
      for (const char* name : {"name", "threat_model", "norms", "targeted", "adaptive", "reference", "parameters"}) {
        QVERIFY2(attack.contains(QLatin1String(name)), name);
      }
    }
    QCOMPARE(run({"attacks", "list", "--json", "-"}).json()["attacks"].toArray(), attacks);
    const QJsonObject info = run({"info", "--json", "-"}).json();
    QVERIFY(info["torch_version"].toString().startsWith("2."));
    QVERIFY(info["presets"].toArray().size() >= 2 && info["threads"].toInt() > 0);
    QVERIFY(run({"info", "--quiet"}).out.isEmpty());

    const Outcome exported = run({"models", "export", m_model, "--output", text("weights.safetensors")});
    QVERIFY2(exported.code == 0, qPrintable(exported.err));
    const Outcome imported = run({"models", "import", text("weights.safetensors"), "--json", "-"});
    QVERIFY2(imported.code == 0, qPrintable(imported.err));
    QCOMPARE(imported.json()["fingerprints"].toInt(), 2);
    const QString path = imported.json()["path"].toString();
    QVERIFY(run({"models", "list"}).out.contains(path));
    const Outcome deleted = run({"models", "delete", path, "--json", "-"});
    QCOMPARE(deleted.code, 0);
    QVERIFY(!fs::exists(path.toStdString()));
    QCOMPARE(run({"models", "restore", QString::fromStdString(fs::path(path.toStdString()).stem())}).code, 0);
    QVERIFY(fs::exists(path.toStdString()));
    const Outcome again = run({"models", "delete", path, "--json", "-"});
    QCOMPARE(run({"models", "restore", again.json()["trashed"].toString()}).code, 0);
    QVERIFY(fs::exists(path.toStdString()));
    QCOMPARE(run({"models", "show", m_model, "--json", "-"}).json()["fingerprints"].toInt(), 2);
  }

  void interruptKeepsACheckpointThatResumes() {
    const QString output = text("interrupted.safetensors");
    QStringList arguments = train(output);
    arguments[arguments.indexOf("12")] = "400";
    QProcess process;
    prepare(process, arguments);
    process.start();
    QString err;
    QElapsedTimer clock;
    clock.start();
    while (!err.contains("epoch 1") && clock.elapsed() < kTimeout && process.state() != QProcess::NotRunning) {
      process.waitForReadyRead(1000);
      err += QString::fromUtf8(process.readAllStandardError());
    }
    QVERIFY2(process.state() == QProcess::Running, qPrintable(err));
    QCOMPARE(::kill(static_cast<pid_t>(process.processId()), SIGINT), 0);
    QVERIFY(process.waitForFinished(kTimeout));
    err += QString::fromUtf8(process.readAllStandardError());
    QVERIFY2(process.exitStatus() == QProcess::NormalExit && process.exitCode() == 130, qPrintable(err));
    QVERIFY2(err.contains("interrupted.safetensors.checkpoint"), qPrintable(err));
    QCOMPARE(QJsonDocument::fromJson(process.readAllStandardOutput()).object()["error"].toObject()["kind"].toString(),
             QStringLiteral("cancelled"));
    QVERIFY(fs::exists(path("interrupted.safetensors.checkpoint")));
    QVERIFY(!fs::exists(path("interrupted.safetensors")));

    // Without --resume it is in the way, and stays.
    expectError(arguments, 2, {"interrupted.safetensors.checkpoint", "--resume"});
    // The second time it is interrupted right away: the checkpoint is still there and still good.
    arguments << "--resume";
    QProcess again;
    prepare(again, arguments);
    again.start();
    err.clear();
    while (!err.contains("epoch") && clock.elapsed() < 2 * kTimeout && again.state() != QProcess::NotRunning) {
      again.waitForReadyRead(1000);
      err += QString::fromUtf8(again.readAllStandardError());
    }
    QVERIFY2(again.state() == QProcess::Running, qPrintable(err));
    QVERIFY2(!err.contains("epoch 1:"), qPrintable(err));  // it went on, not back to the start
    ::kill(static_cast<pid_t>(again.processId()), SIGTERM);
    QVERIFY(again.waitForFinished(kTimeout));
    QCOMPARE(again.exitCode(), 130);
  }
};

QTEST_GUILESS_MAIN(CliTest)
#include "cli_test.moc"
