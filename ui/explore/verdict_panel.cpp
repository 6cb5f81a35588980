// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/verdict_panel.h"

#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/service/output_divergence.h"
#include "ui/style/icons.h"
#include "ui/style/theme.h"
#include "ui/widgets/class_bars.h"

namespace whorl::ui {
namespace {

struct NormRow {
  const char* name;
  const char* tip;
};

constexpr NormRow kNormRows[] = {
    {"L0", "How many pixels differ at all"},
    {"L1", "Sum of all absolute changes; pixels are in [0,1]"},
    {"L2", "Euclidean length of the change; pixels are in [0,1]"},
    {"L∞", "The largest change of any value; pixels are in [0,1]"},
    {"PSNR", "Peak signal-to-noise ratio in decibel: higher is more alike"},
    {"SSIM", "Structural similarity (Wang et al. 2004): 1 is the same, above 0.95 hard to tell apart"},
    {"D, L2",
     "How far the answer moved (stability): Euclidean distance of the class probabilities before and after, at "
     "most √2"},
    {"D, KL",
     "How far the answer moved (stability): Kullback-Leibler divergence of the probabilities after from those "
     "before, in nats"},
    {"Time", "How long the engine took for this picture"},
};

/// D(f(x), f(x')); NaN where an answer isn't known.
double divergence(const char* name, const ExploreResult& result) {
  const auto& before = result.before.logits;
  const auto& after = result.after.logits;
  if (before.empty() || before.size() != after.size()) return std::nan("");
  return findOutputDivergence(name).measure(before, after);
}

QString digits(double value) {
  if (std::isnan(value)) return QStringLiteral("–");
  if (std::isinf(value)) return QStringLiteral("∞");
  return QLocale().toString(value, 'g', value >= 100 ? 4 : 3);
}

}  // namespace

QString summarise(const ExploreResult& result, const QStringList& names, bool attacked, std::optional<int> label) {
  const auto name = [&](int k) { return QStringLiteral("“%1”").arg(names.value(k, QString::number(k))); };
  const Verdict& before = result.before;
  const Verdict& after = result.after;
  const bool judged = after.threshold && !after.fingerprintDistances.empty();
  const bool unchanged = result.input == result.result;
  QString text;
  // A rejected result says nothing where the picture itself was rejected: that goes first.
  if (judged && !before.accepted && !unchanged) {
    text = VerdictPanel::tr("The original was rejected already, as no class’s fingerprint is near. ");
  }
  if (label && *label != before.predicted) {
    text += VerdictPanel::tr("The original was misread already: it is %1. ").arg(name(*label));
  }
  if (unchanged) {
    text += VerdictPanel::tr("The model sees %1.").arg(name(before.predicted));
    if (judged) {
      text += after.accepted ? VerdictPanel::tr(" Its fingerprint agrees.")
                             : VerdictPanel::tr(" But no class’s fingerprint is near: rejected.");
    }
    return text;
  }
  const QString doer = attacked ? VerdictPanel::tr("The attack") : VerdictPanel::tr("The change");
  const bool changed = before.predicted != after.predicted;
  text += changed ? VerdictPanel::tr("%1 turned %2 into %3").arg(doer, name(before.predicted), name(after.predicted))
                  : VerdictPanel::tr("%1 didn’t change the answer: still %2").arg(doer, name(after.predicted));
  if (!judged) return text + VerdictPanel::tr(". This model has no fingerprint that could tell.");
  if (after.accepted) {
    return text + (changed ? VerdictPanel::tr(", and the fingerprint missed it.")
                           : VerdictPanel::tr(", and the fingerprint agrees."));
  }
  if (!before.accepted) return text + VerdictPanel::tr("; the result is rejected, too.");
  return text + (changed ? VerdictPanel::tr(" – and the fingerprint gave it away.")
                         : VerdictPanel::tr(", but no class’s fingerprint agrees: rejected."));
}

VerdictPanel::VerdictPanel(QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  m_summary = new QLabel(this);
  m_summary->setObjectName(QStringLiteral("summary"));
  m_summary->setWordWrap(true);
  QFont font = m_summary->font();
  font.setPointSizeF(font.pointSizeF() * 1.2);
  font.setBold(true);
  m_summary->setFont(font);
  column->addWidget(m_summary);

  auto* row = new QHBoxLayout;
  row->setSpacing(24);
  auto* left = addColumn(row, tr("Class probabilities"), tr("What the network’s softmax says of each class"), 5,
                         &m_probabilityLegend);
  m_sort = new QToolButton(this);
  m_sort->setObjectName(QStringLiteral("sort_classes"));
  m_sort->setIcon(icon(QStringLiteral("sort")));
  m_sort->setAutoRaise(true);
  m_sort->setCheckable(true);
  m_sort->setToolTip(tr("Sort classes by the result’s probability"));
  m_sort->setAccessibleName(tr("Sort classes"));
  connect(m_sort, &QToolButton::toggled, this, &VerdictPanel::setSorted);
  static_cast<QHBoxLayout*>(left->itemAt(0)->layout())->addWidget(m_sort);
  m_probabilities = new ClassBars(ClassBars::Format::Percent, this);
  m_probabilities->setObjectName(QStringLiteral("probabilities"));
  m_probabilities->setAccessibleName(tr("Class probabilities"));
  left->addWidget(m_probabilities);
  left->addStretch(1);

  auto* middle = addColumn(
      row, tr("Fingerprint distances"),
      tr("<p><b>Neural Fingerprinting</b> (Dathathri, Zheng et al. 2018): the network was trained so that small secret "
         "shifts of a real image change its output in a known way. The distance D<sub>j</sub> says how far the answer "
         "to "
         "these shifts is from what class j’s fingerprint asks for.</p><p>An image is accepted if any class is nearer "
         "than "
         "the threshold <b>τ</b>, which is set so that few real images are refused.</p>"),
      5, &m_distanceLegend);
  m_distances = new ClassBars(ClassBars::Format::Number, this);
  m_distances->setObjectName(QStringLiteral("distances"));
  m_distances->setAccessibleName(tr("Fingerprint distances"));
  middle->addWidget(m_distances);
  middle->addStretch(1);
  addNorms(row);
  column->addLayout(row);
  column->addStretch(1);
}

QVBoxLayout* VerdictPanel::addColumn(QLayout* row, const QString& title, const QString& tip, int stretch,
                                     QLabel** legend) {
  auto* column = new QVBoxLayout;
  column->setSpacing(4);
  auto* header = new QHBoxLayout;
  auto* label = new QLabel(title, this);
  QFont bold = label->font();
  bold.setBold(true);
  label->setFont(bold);
  label->setToolTip(tip);
  label->setMinimumHeight(26);  // so that the rows of both lists are in line
  header->addWidget(label);
  if (legend) {
    *legend = new QLabel(this);
    (*legend)->setTextFormat(Qt::RichText);
    (*legend)->setToolTip(tip);
    header->addWidget(*legend, 1, Qt::AlignRight);
  }
  column->addLayout(header);
  static_cast<QHBoxLayout*>(row)->addLayout(column, stretch);
  return column;
}

void VerdictPanel::addNorms(QLayout* row) {
  auto* column = addColumn(row, tr("Change"), tr("How far the result is from the original"), 2, nullptr);
  m_norms = new QGridLayout;
  m_norms->setHorizontalSpacing(12);
  m_norms->setVerticalSpacing(3);
  int line = 0;
  for (const NormRow& each : kNormRows) {
    auto* name = new QLabel(QString::fromUtf8(each.name), this);
    auto* value = new QLabel(QStringLiteral("–"), this);
    name->setForegroundRole(QPalette::PlaceholderText);
    name->setToolTip(tr(each.tip));
    value->setToolTip(tr(each.tip));
    value->setAccessibleName(QString::fromUtf8(each.name));
    value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_norms->addWidget(name, line, 0);
    m_norms->addWidget(value, line, 1);
    m_values.push_back(value);
    ++line;
  }
  column->addLayout(m_norms);
  column->addStretch(1);
}

void VerdictPanel::setResult(const ExploreResult& result, const QStringList& names, const QString& summary) {
  m_result = result;
  m_summary->setText(summary);
  m_probabilities->setClassNames(names);
  m_probabilities->setValues(result.before.probabilities, result.after.probabilities);
  m_distances->setPlaceholder(
      tr("This model was trained without fingerprints. Choose a fingerprinted model, or train "
         "one on the Train page."));
  m_distances->setClassNames(names);
  m_distances->setThreshold(result.before.threshold);
  m_distances->setValues(result.before.fingerprintDistances, result.after.fingerprintDistances);
  showOrder();
  showLegends();
  const ImageNorms& norms = result.norms;
  const QString texts[] = {
      norms.l0 < 0 ? QStringLiteral("–") : QString::number(norms.l0),
      digits(norms.l1),
      digits(norms.l2),
      digits(norms.linf),
      digits(norms.psnr) + (std::isnan(norms.psnr) ? QString() : QStringLiteral(" dB")),
      digits(norms.ssim),
      digits(divergence("l2", result)),
      digits(divergence("kl", result)),
      result.seconds < 1 ? tr("%1 ms").arg(digits(result.seconds * 1000)) : tr("%1 s").arg(digits(result.seconds))};
  for (std::size_t i = 0; i < m_values.size(); ++i) m_values[i]->setText(texts[i]);
}

void VerdictPanel::clear(const QString& why) {
  m_result.reset();
  m_summary->clear();
  for (ClassBars* bars : {m_probabilities, m_distances}) bars->setPlaceholder(why);
  m_probabilities->setValues({}, {});
  m_distances->setValues({}, {});
  m_distances->setThreshold(std::nullopt);
  for (QLabel* value : m_values) value->setText(QStringLiteral("–"));
  showLegends();
}

void VerdictPanel::setSorted(bool sorted) {
  if (sorted == m_sorted) return;
  m_sorted = sorted;
  m_sort->setChecked(sorted);
  showOrder();
  Q_EMIT sortedChanged(sorted);
}

void VerdictPanel::showOrder() {
  std::vector<int> order;
  if (m_sorted && m_result) {
    const auto& values = m_result->after.probabilities;
    order.resize(values.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return values[static_cast<std::size_t>(a)] > values[static_cast<std::size_t>(b)];
    });
  }
  m_probabilities->setOrder(order);
  m_distances->setOrder(order);
}

void VerdictPanel::showLegends() {
  const Colours ink = colours(palette());
  m_probabilityLegend->setText(
      QStringLiteral("<span style='color:%1'>■</span> %2 &nbsp;<span style='color:%3'>■</span> %4")
          .arg(ink.before.name(), tr("original"), ink.after.name(), tr("result")));
  if (!m_result || m_result->before.fingerprintDistances.empty()) {
    m_distanceLegend->clear();
  } else if (!m_result->before.threshold) {
    m_distanceLegend->setText(tr("no threshold set"));
  } else {
    const Verdict& after = m_result->after;
    const QString nearest = after.fingerprintDistances.empty() ? QStringLiteral("–") : digits(after.score);
    m_distanceLegend->setText(
        QStringLiteral("<span style='color:%1'>┆</span> %2 %3 · %4 %5")
            .arg(ink.good.name(), tr("threshold"), digits(*m_result->before.threshold), tr("nearest"), nearest));
  }
}

void VerdictPanel::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange && m_distanceLegend) showLegends();
  QWidget::changeEvent(event);
}

}  // namespace whorl::ui
