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
    : QFrame(parent), m_id(step.id), m_operation(step.request.operation) {
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

  m_form = new ParameterForm(this);
  m_form->setSpecs(spec.parameters, step.request.parameters);
  column->addWidget(m_form);
  m_note = new QLabel(this);
  m_note->setWordWrap(true);
  m_note->setObjectName(QStringLiteral("note"));
  m_note->hide();
  column->addWidget(m_note);

  connect(m_enabled, &QCheckBox::toggled, this, &StepCard::enabledChanged);
  connect(m_form, &ParameterForm::valueChanged, this,
          [this](const QString& name) { Q_EMIT parametersChanged(m_form->values(), name); });
  connect(m_up, &QToolButton::clicked, this, [this] { Q_EMIT moveWanted(-1); });
  connect(m_down, &QToolButton::clicked, this, [this] { Q_EMIT moveWanted(1); });
  connect(duplicate, &QToolButton::clicked, this, &StepCard::duplicateWanted);
  connect(remove, &QToolButton::clicked, this, &StepCard::removeWanted);
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
  m_form->setValues(step.request.parameters);
  showTarget(step.request.parameters);
  m_form->setEnabled(step.request.enabled);
  m_up->setEnabled(!first);
  m_down->setEnabled(!last);
  if (!step.request.enabled) setOutcome(std::nullopt);
}

void StepCard::showTarget(const Parameters& parameters) {
  if (!parameters.has("targeted")) return;
  for (const char* name : {"target", "target_slider"}) {
    if (auto* editor = m_form->findChild<QWidget*>(QLatin1String(name))) {
      editor->setEnabled(parameters.boolean("targeted"));
    }
  }
}

void StepCard::setOutcome(const std::optional<StepOutcome>& outcome) {
  m_outcome = outcome;
  showOutcome();
}

void StepCard::showOutcome() {
  if (!m_outcome) {
    m_note->hide();
    return;
  }
  const Colours ink = colours(palette());
  QString text;
  if (m_outcome->success) {
    text = QStringLiteral("<b style='color:%1'>%2</b>")
               .arg((*m_outcome->success ? ink.after : ink.muted).name(),
                    *m_outcome->success ? tr("✓ Fooled the model") : tr("✗ Didn’t fool the model"));
  }
  QString note = QString::fromStdString(m_outcome->note).toHtmlEscaped();
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
