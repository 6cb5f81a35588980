// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/model_import.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSpinBox>
#include <QVBoxLayout>

#include <cmath>

#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

std::vector<double> parseNumbers(const QString& text) {
  static const QRegularExpression kBetween(QStringLiteral("[,;\\s]+"));
  std::vector<double> numbers;
  for (const QString& part : text.split(kBetween, Qt::SkipEmptyParts)) {
    bool ok = false;
    const double number = part.toDouble(&ok);
    if (!ok || !std::isfinite(number)) {
      throw Error(ErrorKind::Usage, "“" + part.toStdString() + "” is not a number", {},
                  "give a number for each channel, such as 0.5, 0.5, 0.5");
    }
    numbers.push_back(number);
  }
  return numbers;
}

ModelImport::ModelImport(EngineSession* session, QWidget* parent)
    : QFrame(parent),
      m_session(session),
      m_rows(new QFormLayout),
      m_file(new QLineEdit),
      m_kind(new QComboBox),
      m_channels(new QSpinBox),
      m_height(new QSpinBox),
      m_width(new QSpinBox),
      m_mean(new QLineEdit),
      m_scale(new QLineEdit),
      m_classes(new QLineEdit),
      m_warning(new QLabel),
      m_allow(new QCheckBox(tr("I trust where this file comes from"))),
      m_import(new QPushButton(tr("Import"))),
      m_problem(new InlineMessage) {
  setFrameShape(QFrame::StyledPanel);
  auto* title =
      new QLabel(tr("<b>Import a model</b>: .safetensors, a PyTorch file of weights, or a TorchScript module"));
  auto* close = new QPushButton(tr("Close"));
  auto* buttons = new QHBoxLayout;
  buttons->addStretch(1);
  buttons->addWidget(close);
  buttons->addWidget(m_import);
  auto* column = new QVBoxLayout(this);
  column->addWidget(title);
  buildRows();
  column->addLayout(m_rows);
  column->addWidget(m_problem);
  column->addLayout(buttons);
  connect(close, &QPushButton::clicked, this, &ModelImport::closed);
  connect(m_import, &QPushButton::clicked, this, &ModelImport::start);
  connect(m_kind, &QComboBox::currentIndexChanged, this, &ModelImport::kindChosen);
  kindChosen();
}

ModelImport::~ModelImport() {
  if (m_job) m_job->cancel();
}

void ModelImport::buildRows() {
  m_file->setObjectName(QStringLiteral("importFile"));
  m_kind->setObjectName(QStringLiteral("importKind"));
  m_allow->setObjectName(QStringLiteral("importAllow"));
  m_import->setObjectName(QStringLiteral("importStart"));
  m_mean->setObjectName(QStringLiteral("importMean"));
  m_mean->setPlaceholderText(QStringLiteral("0"));
  m_scale->setPlaceholderText(QStringLiteral("1"));
  m_classes->setPlaceholderText(tr("0, 1, 2, …"));
  m_mean->setToolTip(
      tr("What is subtracted from pixels in [0, 1] before the network sees them: one number a channel."));
  m_scale->setToolTip(tr("What the difference is divided by, often called “std”: one number a channel."));
  m_classes->setToolTip(tr("Names of the classes in the order of the network's outputs, with commas between."));
  m_warning->setText(
      tr("A TorchScript file is a program: importing it can run anything on this computer, "
         "with your rights. Import it only if you know who made it."));
  m_warning->setWordWrap(true);
  m_warning->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Minimum);
  m_kind->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  m_rows->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
  m_rows->addRow(tr("&File"), makeFileRow());
  m_rows->addRow(tr("&Network"), m_kind);
  m_rows->addRow(QString(), m_warning);
  m_rows->addRow(QString(), m_allow);
  m_rows->addRow(tr("Input"), makeShapeRow());
  auto* both = new QHBoxLayout;
  auto* scaleLabel = new QLabel(tr("&Scale"));
  scaleLabel->setBuddy(m_scale);
  both->addWidget(m_mean, 1);
  both->addWidget(scaleLabel);
  both->addWidget(m_scale, 1);
  auto* meanLabel = new QLabel(tr("&Mean"));
  meanLabel->setBuddy(m_mean);
  m_rows->addRow(meanLabel, both);
  m_rows->addRow(tr("&Classes"), m_classes);
}

QWidget* ModelImport::makeFileRow() {
  auto* box = new QWidget;
  box->setFocusProxy(m_file);
  auto* browse = new QPushButton(tr("Browse…"));
  auto* line = new QHBoxLayout(box);
  line->setContentsMargins(0, 0, 0, 0);
  line->addWidget(m_file, 1);
  line->addWidget(browse);
  connect(browse, &QPushButton::clicked, this, &ModelImport::chooseFile);
  return box;
}

QWidget* ModelImport::makeShapeRow() {
  auto* box = new QWidget;
  auto* line = new QHBoxLayout(box);
  line->setContentsMargins(0, 0, 0, 0);
  m_channels->setRange(1, 3);
  m_height->setRange(1, 4096);
  m_width->setRange(1, 4096);
  m_height->setValue(32);
  m_width->setValue(32);
  m_channels->setSingleStep(2);  // grey or colour
  m_channels->setAccessibleName(tr("Channels"));
  m_height->setAccessibleName(tr("Rows"));
  m_width->setAccessibleName(tr("Columns"));
  line->addWidget(m_channels);
  line->addWidget(new QLabel(tr("channels ×")));
  line->addWidget(m_height);
  line->addWidget(new QLabel(tr("rows ×")));
  line->addWidget(m_width);
  line->addWidget(new QLabel(tr("columns")));
  line->addStretch(1);
  return box;
}

void ModelImport::setArchitectures(const std::vector<ArchitectureInfo>& architectures) {
  m_architectures = architectures;
  m_kind->clear();
  for (const ArchitectureInfo& architecture : architectures) {
    m_kind->addItem(tr("Weights of %1").arg(QString::fromStdString(architecture.title)),
                    QString::fromStdString(architecture.name));
  }
  m_kind->addItem(tr("TorchScript module"), QString());
  kindChosen();
}

void ModelImport::setFile(const QString& path) { m_file->setText(path); }

void ModelImport::chooseFile() {
  auto* dialog = new QFileDialog(this, tr("Model to import"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFile);
  dialog->setNameFilters({tr("Models (*.safetensors *.pt *.pth *.bin *.ts)"), tr("All files (*)")});
  connect(dialog, &QFileDialog::fileSelected, this, &ModelImport::setFile);
  dialog->open();
}

void ModelImport::kindChosen() {
  const std::string name = m_kind->currentData().toString().toStdString();
  const bool script = name.empty();
  m_warning->setVisible(script && m_kind->count() > 0);
  m_allow->setVisible(script && m_kind->count() > 0);
  for (const ArchitectureInfo& architecture : m_architectures) {
    if (architecture.name != name) continue;
    m_channels->setValue(architecture.input.channels);
    m_height->setValue(architecture.input.height);
    m_width->setValue(architecture.input.width);
  }
}

ImportModelRequest ModelImport::request() const {
  ImportModelRequest request;
  request.path = m_file->text().trimmed().toStdString();
  if (request.path.empty()) throw Error(ErrorKind::Usage, "No file is chosen", {}, "Choose one with “Browse…”");
  request.architecture = m_kind->currentData().toString().toStdString();
  request.allowTorchScript = request.architecture.empty() && m_allow->isChecked();
  if (request.architecture.empty() && !request.allowTorchScript) {
    throw Error(ErrorKind::Usage, "A TorchScript module can run anything on this computer", {},
                "Tick “I trust where this file comes from” if you do");
  }
  request.input = {m_channels->value(), m_height->value(), m_width->value()};
  const auto perChannel = [&](const QLineEdit* edit, const char* field) {
    std::vector<double> numbers = parseNumbers(edit->text());
    const auto channels = static_cast<std::size_t>(request.input.channels);
    if (numbers.size() == 1) numbers.resize(channels, numbers.front());
    if (!numbers.empty() && numbers.size() != channels) {
      throw Error(ErrorKind::Usage,
                  std::string(field) + " has " + std::to_string(numbers.size()) + " numbers for " +
                      std::to_string(channels) + " channels",
                  {}, "Give one number for all, or one for each channel");
    }
    return numbers;
  };
  request.mean = perChannel(m_mean, "Mean");
  request.scale = perChannel(m_scale, "Scale");
  for (const QString& name : m_classes->text().split(u',', Qt::SkipEmptyParts)) {
    request.classNames.push_back(name.trimmed().toStdString());
  }
  return request;
}

void ModelImport::start() {
  if (m_job || !m_session->ready()) return;
  ImportModelRequest wanted;
  try {
    wanted = request();
  } catch (const Error& error) {
    m_problem->setText(errorText(error));
    return;
  }
  m_problem->setText({});
  m_import->setEnabled(false);
  m_import->setText(tr("Importing…"));
  m_job = m_session->run(
      this, Lane::Batch, tr("Import %1").arg(m_file->text().section(u'/', -1)),
      [wanted](Engine& engine, const JobContext& context) { return engine.importModel(wanted, context); },
      [this](const ModelInfo& info) {
        ended();
        m_session->announceModels();
        Q_EMIT imported(QString::fromStdString(info.id));
      },
      [this](const Error& error) {
        ended();
        if (error.kind() != ErrorKind::Cancelled) m_problem->setText(errorText(error));
      });
}

void ModelImport::ended() {
  m_job.reset();
  m_import->setEnabled(true);
  m_import->setText(tr("Import"));
}

}  // namespace whorl::ui
