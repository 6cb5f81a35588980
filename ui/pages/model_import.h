// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include <memory>
#include <vector>

#include "core/service/types.h"

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace whorl::ui {

class EngineSession;
class InlineMessage;

/// Reads "0.5, 0.5, 0.5" (commas, semicolons or spaces; C locale). Empty text is no numbers; throws Error(Usage).
std::vector<double> parseNumbers(const QString& text);

/// The inline form that turns a file from elsewhere into a model: weights of a known network, or a TorchScript module.
class ModelImport : public QFrame {
  Q_OBJECT

 public:
  explicit ModelImport(EngineSession* session, QWidget* parent = nullptr);
  /// Asks an import that is under way to stop.
  ~ModelImport() override;

  void setArchitectures(const std::vector<ArchitectureInfo>& architectures);
  void setFile(const QString& path);
  /// What the form says. Throws Error(Usage) that names the field.
  ImportModelRequest request() const;

 Q_SIGNALS:
  void imported(const QString& modelId);
  void closed();

 private:
  void buildRows();
  QWidget* makeFileRow();
  QWidget* makeShapeRow();
  void chooseFile();
  void kindChosen();
  void start();
  void ended();

  EngineSession* m_session;
  std::vector<ArchitectureInfo> m_architectures;
  std::shared_ptr<Job> m_job;
  QFormLayout* m_rows;
  QLineEdit* m_file;
  QComboBox* m_kind;
  QSpinBox* m_channels;
  QSpinBox* m_height;
  QSpinBox* m_width;
  QLineEdit* m_mean;
  QLineEdit* m_scale;
  QLineEdit* m_classes;
  QLabel* m_warning;
  QCheckBox* m_allow;
  QPushButton* m_import;
  InlineMessage* m_problem;
};

}  // namespace whorl::ui
