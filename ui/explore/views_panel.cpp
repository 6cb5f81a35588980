// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/views_panel.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/explore/image_panel.h"
#include "ui/image/qimage_convert.h"
#include "ui/style/theme.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/image_view.h"
#include "ui/widgets/view_state.h"

namespace whorl::ui {

ViewsPanel::ViewsPanel(QWidget* parent) : QWidget(parent), m_state(new ViewState(this)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  m_busy = new QProgressBar(this);
  m_busy->setRange(0, 0);
  m_busy->setTextVisible(false);
  m_busy->setFixedHeight(3);
  QSizePolicy policy = m_busy->sizePolicy();
  policy.setRetainSizeWhenHidden(true);
  m_busy->setSizePolicy(policy);
  m_busy->hide();
  column->addWidget(m_busy);

  auto* row = new QHBoxLayout;
  row->setSpacing(10);
  m_original = new ImagePanel(tr("Original"), m_state, this);
  m_changed = new ImagePanel(tr("Result"), m_state, this);
  m_difference = new ImagePanel(tr("Difference"), m_state, this);
  m_original->view()->setObjectName(QStringLiteral("view_original"));
  m_changed->view()->setObjectName(QStringLiteral("view_result"));
  m_difference->view()->setObjectName(QStringLiteral("view_difference"));
  for (ImagePanel* panel : {m_original, m_changed, m_difference}) {
    row->addWidget(panel, 1);
    connect(panel->view(), &ImageView::neighbourWanted, this, &ViewsPanel::neighbourWanted);
    connect(panel->view(), &ImageView::blinkWanted, this, &ViewsPanel::setBlink);
  }
  m_changed->view()->setToolTip(tr(
      "<p>Hold the space bar to see the original in this place. Wheel zooms, drag moves, double click shows all.</p>"));
  addDifferenceTools(m_difference->header());
  column->addLayout(row, 1);

  m_pixel = new QLabel(this);
  m_pixel->setObjectName(QStringLiteral("pixel_values"));
  m_pixel->setForegroundRole(QPalette::PlaceholderText);
  m_pixel->setAlignment(Qt::AlignHCenter);
  column->addWidget(m_pixel);
  connect(m_state, &ViewState::hoverChanged, this, &ViewsPanel::showPixel);
  showPixel();
}

void ViewsPanel::addDifferenceTools(QHBoxLayout* header) {
  m_channels = new QComboBox(this);
  m_channels->setAccessibleName(tr("Channels of the difference"));
  m_channels->setToolTip(tr("Which channels the difference is drawn from"));
  m_channels->addItems({tr("RGB"), tr("Red"), tr("Green"), tr("Blue")});
  m_channels->hide();
  m_amplify = new QComboBox(this);
  m_amplify->setObjectName(QStringLiteral("amplify"));
  m_amplify->setAccessibleName(tr("Amplification of the difference"));
  m_amplify->setToolTip(
      tr("<p>How much the difference is amplified. Blue: the pixel became darker; orange: brighter. "
         "<i>Auto</i> makes the largest change fill the scale.</p>"));
  m_amplify->addItem(tr("Auto"), 0.0);
  for (int factor : {1, 2, 5, 10, 20, 50}) m_amplify->addItem(QStringLiteral("×%1").arg(factor), double(factor));
  for (QComboBox* combo : {m_channels, m_amplify}) combo->setFixedHeight(24);
  header->addWidget(m_channels);
  header->addWidget(m_amplify);
  connect(m_channels, &QComboBox::currentIndexChanged, this, &ViewsPanel::showDifference);
  connect(m_amplify, &QComboBox::currentIndexChanged, this, &ViewsPanel::showDifference);
}

void ViewsPanel::setResult(const ExploreResult& result, const QStringList& classNames, const QString& detail) {
  m_result = result;
  m_classNames = classNames;
  m_original->view()->setImage(toQImage(result.input));
  m_original->setDetail(detail);
  m_channels->setVisible(result.input.shape.channels >= 3);
  setBlink(m_blink);
  showDifference();
  showCaptions();
  showPixel();
}

void ViewsPanel::clear(const QString& placeholder) {
  m_result.reset();
  for (ImagePanel* panel : {m_original, m_changed, m_difference}) {
    panel->view()->setImage({});
    panel->setCaption({});
    panel->setDetail({});
    panel->chip()->set({}, Chip::Kind::Neutral);
  }
  m_original->view()->setPlaceholder(placeholder);
  showPixel();
}

void ViewsPanel::setBusy(bool busy) { m_busy->setVisible(busy); }

void ViewsPanel::setBlink(bool on) {
  m_blink = on;
  showResultTitle();
  if (m_result) m_changed->view()->setImage(toQImage(on ? m_result->input : m_result->result));
}

void ViewsPanel::setResultTitle(const QString& title) {
  m_resultTitle = title;
  showResultTitle();
}

void ViewsPanel::showResultTitle() {
  m_changed->setTitle(m_blink ? tr("Original (blink)") : m_resultTitle.isEmpty() ? tr("Result") : m_resultTitle);
}

void ViewsPanel::focusResult() { m_changed->view()->setFocus(); }

double ViewsPanel::amplification() const {
  const double chosen = m_amplify->currentData().toDouble();
  if (chosen > 0) return chosen;
  const double largest = m_result ? largestDifference(m_result->input, m_result->result) : 0;
  return largest > 1e-6 ? 1 / largest : 1;
}

void ViewsPanel::showDifference() {
  if (!m_result) return;
  const auto channels = m_result->input.shape.channels >= 3
                            ? static_cast<DifferenceChannels>(m_channels->currentIndex())
                            : DifferenceChannels::All;
  const double factor = amplification();
  m_difference->view()->setImage(
      differenceImage(m_result->input, m_result->result, factor, channels, isDark(palette())));
  m_difference->setDetail(QStringLiteral("×%1").arg(factor, 0, 'g', 3));
  const Colours ink = colours(palette());
  const double largest = largestDifference(m_result->input, m_result->result);
  m_difference->setCaption(
      largest == 0 ? QStringLiteral("<span style='color:%1'>%2</span>").arg(ink.muted.name(), tr("no pixel changed"))
                   : QStringLiteral("<span style='color:%1'>%2</span>")
                         .arg(ink.muted.name(), tr("largest change %1").arg(largest, 0, 'f', 3)));
}

void ViewsPanel::showCaptions() {
  if (!m_result) return;
  const Colours ink = colours(palette());
  const auto caption = [&](ImagePanel* panel, const Verdict& verdict, const QColor& colour) {
    if (verdict.probabilities.empty()) {
      panel->setCaption(QStringLiteral("…"));
      panel->chip()->set({}, Chip::Kind::Neutral);
      return;
    }
    const auto k = static_cast<std::size_t>(verdict.predicted);
    const double probability = k < verdict.probabilities.size() ? verdict.probabilities[k] : 0;
    const QString name = m_classNames.value(verdict.predicted, QString::number(verdict.predicted));
    panel->setCaption(QStringLiteral("<span style='font-size:large;font-weight:bold;color:%1'>%2</span>&nbsp; %3 %")
                          .arg(colour.name(), name.toHtmlEscaped(), QLocale().toString(100 * probability, 'f', 1)));
    if (verdict.fingerprintDistances.empty() || !verdict.threshold) {
      panel->chip()->set({}, Chip::Kind::Neutral);
    } else if (verdict.accepted) {
      panel->chip()->set(tr("✓ accepted"), Chip::Kind::Good);
    } else {
      panel->chip()->set(tr("✗ rejected"), Chip::Kind::Bad);
    }
  };
  caption(m_original, m_result->before, ink.before);
  caption(m_changed, m_result->after, ink.after);
}

void ViewsPanel::showPixel() {
  const QPoint at = m_state->hover();
  if (!m_result || at.x() < 0 || at.x() >= m_result->input.shape.width || at.y() >= m_result->input.shape.height) {
    m_pixel->setText(m_result ? tr("Point at a pixel to read its values · hold space to blink · wheel to zoom")
                              : QString());
    return;
  }
  const auto values = [&](const Image& image) {
    QStringList parts;
    for (int c = 0; c < image.shape.channels; ++c) {
      parts << QStringLiteral("%1").arg(double(image.at(c, at.y(), at.x())), 0, 'f', 3);
    }
    return parts.join(QStringLiteral("  "));
  };
  QStringList change;
  for (int c = 0; c < m_result->input.shape.channels; ++c) {
    const double d = double(m_result->result.at(c, at.y(), at.x())) - m_result->input.at(c, at.y(), at.x());
    change << QStringLiteral("%1%2").arg(d < 0 ? QStringLiteral("−") : QStringLiteral("+")).arg(std::abs(d), 0, 'f', 3);
  }
  m_pixel->setText(tr("column %1, row %2:  original %3  →  result %4   (%5)")
                       .arg(at.x())
                       .arg(at.y())
                       .arg(values(m_result->input), values(m_result->result), change.join(QStringLiteral("  "))));
}

void ViewsPanel::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange && m_result) {
    showDifference();
    showCaptions();
  }
  QWidget::changeEvent(event);
}

}  // namespace whorl::ui
