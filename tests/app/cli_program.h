// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>

#include <filesystem>
#include <string>

namespace whorl::test {

/// whorl-cli as it was built, run in a process of its own with a folder of its own: there a test keeps its files, and
/// the program its user's. It knows no data sets but those that a test names.
class CliProgram {
 public:
  static constexpr int kTimeout = 240'000;  ///< ms; a busy machine, sanitizers

  struct Outcome {
    int code = -1;  ///< -1: it crashed, or was still running after kTimeout
    QString out;
    QString err;

    QJsonObject json() const { return QJsonDocument::fromJson(out.toUtf8()).object(); }
  };

  /// The folder exists.
  bool valid() const { return m_folder.isValid(); }
  // A file in the folder.
  std::filesystem::path path(const std::string& name) const {
    return std::filesystem::path(m_folder.path().toStdString()) / name;
  }
  QString text(const std::string& name) const { return QString::fromStdString(path(name).string()); }

  /// Ready to be started.
  void prepare(QProcess& process, const QStringList& arguments) const {
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("XDG_DATA_HOME"), text("user"));
    environment.insert(QStringLiteral("WHORL_ENGINE"), QStringLiteral(WHORL_BINARY_DIR "/lib/libwhorl-engine.so"));
    environment.insert(QStringLiteral("OMP_NUM_THREADS"), QStringLiteral("1"));
    environment.remove(QStringLiteral("WHORL_DATA"));
    process.setProcessEnvironment(environment);
    process.setProgram(QStringLiteral(WHORL_BINARY_DIR "/bin/whorl-cli"));
    process.setArguments(arguments);
  }

  Outcome run(const QStringList& arguments) const {
    QProcess process;
    prepare(process, arguments);
    process.start();
    if (!process.waitForFinished(kTimeout)) process.kill();
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1,
            QString::fromUtf8(process.readAllStandardOutput()), QString::fromUtf8(process.readAllStandardError())};
  }

 private:
  QTemporaryDir m_folder;
};

}  // namespace whorl::test
