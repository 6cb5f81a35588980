// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/step_card.h"

#include <QCheckBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/explore/attack_choices.h"
#include "ui/style/icons.h"
#include "ui/style/theme.h"
#include "ui/widgets/parameter_form.h"

namespace whorl::ui {
namespace {

QString duration(double seconds) {
  if (seconds < 1) return QStringLiteral("%1 ms").arg(seconds * 1000, 0, 'f', seconds < 0.01 ? 1 : 0);
  return QStringLiteral("%1 s").arg(seconds, 0, 'f', 1);
}

}  // namespace

StepCard::StepCard(const StackStep& step, const Operation& operation, QWidget* parent)
    : QFrame(parent), m_id(step.id), m_operation(operation), m_request(step.request) {
  setObjectName(QStringLiteral("step_%1").arg(m_id));
  const OperationSpec& spec = operation.spec;
  const QString title = QString::fromStdString(spec.title);
  setAccessibleName(tr("Step %1").arg(title));

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(10, 6, 8, 8);
  column->setSpacing(6);
  auto* header = new QHBoxLayout;
  header->setSpacing(0);
  m_enabled = new QCheckBox(title, this);
  QFont bold = m_enabled->font();
  bold.setBold(true);
  m_enabled->setFont(bold);
  m_enabled->setToolTip(QStringLiteral("<p><b>%1</b>: %2</p><p><small>%3</small></p>")
                            .arg(title.toHtmlEscaped(), QString::fromStdString(spec.summary).toHtmlEscaped(),
                                 QString::fromStdString(spec.reference).toHtmlEscaped()));
  m_enabled->setAccessibleDescription(QString::fromStdString(spec.summary));
  header->addWidget(m_enabled, 1);
  m_up = button(QStringLiteral("up"), tr("Earlier"));
  m_down = button(QStringLiteral("down"), tr("Later"));
  QToolButton* duplicate = button(QStringLiteral("copy"), tr("Duplicate"));
  QToolButton* remove = button(QStringLiteral("close"), tr("Remove"));
  for (QToolButton* each : {m_up, m_down, duplicate, remove}) header->addWidget(each);
  column->addLayout(header);

  if (operation.attack) addChoices(column);
  m_form = new ParameterForm(this);
  column->addWidget(m_form);
  showSpecs();
  m_note = new QLabel(this);
  m_note->setWordWrap(true);
  m_note->setObjectName(QStringLiteral("note"));
  m_note->hide();
  column->addWidget(m_note);

  connect(m_enabled, &QCheckBox::toggled, this, &StepCard::enabledChanged);
  connect(m_form, &ParameterForm::valueChanged, this, &StepCard::parameterEdited);
  connect(m_up, &QToolButton::clicked, this, [this] { Q_EMIT moveWanted(-1); });
  connect(m_down, &QToolButton::clicked, this, [this] { Q_EMIT moveWanted(1); });
  connect(duplicate, &QToolButton::clicked, this, &StepCard::duplicateWanted);
  connect(remove, &QToolButton::clicked, this, &StepCard::removeWanted);
}

void StepCard::addChoices(QVBoxLayout* column) {
  m_choices = new AttackChoices(m_operation, this);
  column->addWidget(m_choices);
  connect(m_choices, &AttackChoices::presetChosen, this, [this](const AttackPresetInfo& preset) {
    const QString name = preset.name.empty() ? tr("defaults") : QString::fromStdString(preset.name);
    Q_EMIT requestChanged(withPreset(m_operation, m_request, preset), tr("preset %1").arg(name));
  });
  connect(m_choices, &AttackChoices::threatModelChosen, this, [this](const std::string& threatModel) {
    StepRequest changed = m_request;
    changed.threatModel = threatModel;
    Q_EMIT requestChanged(completed(m_operation, changed), tr("change the attacker"));
  });
}

QToolButton* StepCard::button(const QString& name, const QString& text) {
  auto* made = new QToolButton(this);
  made->setIcon(icon(name));
  made->setIconSize({14, 14});
  made->setAutoRaise(true);
  made->setToolTip(text);
  made->setAccessibleName(text);
  made->setObjectName(name);
  return made;
}

void StepCard::showStep(const StackStep& step, bool first, bool last) {
  {
    const QSignalBlocker quiet(m_enabled);
    m_enabled->setChecked(step.request.enabled);
  }
  m_request = step.request;
  if (m_request.threatModel != m_shownThreat) {
    showSpecs();
  } else {
    m_form->setValues(m_request.parameters);
    showTarget(m_request.parameters);
  }
  m_form->setEnabled(step.request.enabled);
  if (m_choices) {
    m_choices->showStep(step.request);
    m_choices->setEnabled(step.request.enabled);
  }
  m_up->setEnabled(!first);
  m_down->setEnabled(!last);
  if (!step.request.enabled) setOutcome(std::nullopt);
}

void StepCard::parameterEdited(const QString& name) {
  Parameters values = m_form->values();
  // A target is given up with the wish for one: the engine refuses one without the other.
  if (name == u"targeted" && !values.boolean("targeted")) {
    for (const ParameterSpec& spec : m_operation.spec.parameters) {
      if (spec.name == "target") values.set("target", spec.defaultValue);
    }
  }
  Q_EMIT parametersChanged(values, name);
}

void StepCard::showTarget(const Parameters& parameters) {
  if (parameters.has("targeted")) m_form->setRowVisible("target", parameters.boolean("targeted"));
}

void StepCard::showSpecs() {
  m_shownThreat = m_request.threatModel;
  std::vector<ParameterSpec> specs = stepParameters(m_operation, m_shownThreat);
  for (ParameterSpec& spec : specs) {
    if (spec.name == "target" && m_classes > 0) spec.maximum = m_classes - 1;
  }
  m_form->setSpecs(specs, m_request.parameters);
  showTarget(m_request.parameters);
}

void StepCard::setModel(int classes, bool fingerprinted) {
  if (m_choices) m_choices->setFingerprinted(fingerprinted);
  if (classes == m_classes) return;
  m_classes = classes;
  if (m_request.parameters.has("target")) showSpecs();
}

void StepCard::setOutcome(const std::optional<StepOutcome>& outcome) {
  m_outcome = outcome;
  showOutcome();
}

void StepCard::setRunning(const QString& text) {
  m_outcome.reset();
  m_note->setText(text);
  m_note->show();
}

void StepCard::showOutcome() {
  if (!m_outcome) {
    m_note->hide();
    return;
  }
  const Colours ink = colours(palette());
  if (!m_outcome->problem.empty()) {
    QString problem = QString::fromStdString(m_outcome->problem);
    problem[0] = problem[0].toUpper();
    m_note->setText(QStringLiteral("<b style='color:%1'>⚠ %2</b><br>%3")
                        .arg(ink.bad.name(), tr("Left out"), problem.toHtmlEscaped()));
    m_note->show();
    return;
  }
  QString text;
  QString note = QString::fromStdString(m_outcome->note).toHtmlEscaped();
  if (m_outcome->success && m_outcome->alreadyWrong) {
    // Whatever this step did, it is not what fooled the model.
    const QString said = *m_outcome->success ? tr("The model was wrong before this step") : tr("✗ Right again");
    text = QStringLiteral("<b style='color:%1'>%2</b>").arg(ink.muted.name(), said);
    if (note.startsWith(u"already misclassified")) note = note.section(QStringLiteral("; "), 1);
  } else if (m_outcome->success) {
    text = QStringLiteral("<b style='color:%1'>%2</b>")
               .arg((*m_outcome->success ? ink.after : ink.muted).name(),
                    *m_outcome->success ? tr("✓ Fooled the model") : tr("✗ Didn’t fool the model"));
  }
  if (!note.isEmpty()) {
    note[0] = note[0].toUpper();
    text += text.isEmpty() ? note : QStringLiteral("<br>") + note;
  }
  text += QStringLiteral(" <span style='color:%1'>%2%3</span>")
              .arg(ink.muted.name(), text.isEmpty() ? QString() : QStringLiteral("· "), duration(m_outcome->seconds));
  m_note->setText(text);
  m_note->show();
}

void StepCard::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange && m_note) showOutcome();
  QFrame::changeEvent(event);
}

void StepCard::paintEvent(QPaintEvent*) {
  const Colours ink = colours(palette());
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(ink.line, 1));
  painter.setBrush(ink.card);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
}

}  // namespace whorl::ui
