// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/point_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

#include "ui/image/qimage_convert.h"
#include "ui/jobs/format.h"
#include "ui/landscape/point_tip.h"
#include "ui/style/icons.h"

namespace whorl::ui {
namespace {

constexpr int kSide = 112;

/// How far an image is from another of its size.
struct Distances {
  double linf = 0;
  double l2 = 0;
};

Distances distancesBetween(const Image& a, const Image& b) {
  Distances found;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    const double change = std::abs(double{b.pixels[i]} - double{a.pixels[i]});
    found.linf = std::max(found.linf, change);
    found.l2 += change * change;
  }
  found.l2 = std::sqrt(found.l2);
  return found;
}

bool leavesTheBox(const Image& image) {
  return std::any_of(image.pixels.begin(), image.pixels.end(), [](float pixel) { return pixel < 0 || pixel > 1; });
}

}  // namespace

PointPanel::PointPanel(QWidget* parent)
    : QWidget(parent),
      m_heading(new QLabel),
      m_picture(new QLabel),
      m_verdict(new QLabel),
      m_figures(new QLabel),
      m_open(new QPushButton(icon(QStringLiteral("explore")), tr("Open in Explore"))) {
  m_heading->setObjectName(QStringLiteral("point_heading"));
  m_heading->setForegroundRole(QPalette::PlaceholderText);
  m_verdict->setObjectName(QStringLiteral("point_verdict"));
  m_verdict->setTextFormat(Qt::RichText);
  m_verdict->setWordWrap(true);
  m_figures->setObjectName(QStringLiteral("point_figures"));
  m_figures->setTextFormat(Qt::RichText);
  m_figures->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_figures->setWordWrap(true);
  m_picture->setFixedSize(kSide, kSide);
  m_picture->setAlignment(Qt::AlignCenter);
  m_picture->setAccessibleName(tr("Image of the point"));
  m_open->setObjectName(QStringLiteral("open_point"));
  m_open->setToolTip(
      tr("Makes the picked point the image of the Explore page (double click on the map, or Enter). Pixels outside "
         "[0,1] are brought to its edge."));
  auto* words = new QVBoxLayout;
  words->addWidget(m_verdict);
  words->addStretch(1);
  words->addWidget(m_open);
  auto* row = new QHBoxLayout;
  row->setSpacing(10);
  row->addWidget(m_picture, 0, Qt::AlignTop);
  row->addLayout(words, 1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  column->addWidget(m_heading);
  column->addLayout(row);
  column->addWidget(m_figures);
  connect(m_open, &QPushButton::clicked, this, &PointPanel::openWanted);
  clear();
}

void PointPanel::showPoint(const QString& heading, const LandscapeResult& plane, const Surface& surface,
                           const LandscapePoint& point, const QStringList& classNames,
                           std::optional<double> threshold) {
  const Image image = plane.images.at(point.x, point.y);
  m_heading->setText(QStringLiteral("%1 %2").arg(heading, placeText(point)));
  m_picture->setPixmap(magnified(toQImage(image), kSide, devicePixelRatioF()));
  const auto confidence = valueAt(surface, "confidence", point);
  QString verdict = tr("The model sees<br><b>%1</b>").arg(classAt(surface, point, classNames).toHtmlEscaped());
  if (confidence) verdict += QStringLiteral(" (%1)").arg(percentText(*confidence, 1));
  const auto distance = valueAt(surface, "fingerprint_distance", point);
  if (distance && threshold)
    verdict += QStringLiteral("<br>") + (*distance < *threshold ? tr("✓ accepted") : tr("✗ rejected"));
  m_verdict->setText(verdict);

  QStringList figures;
  const auto add = [&](const QString& name, const char* layer) {
    if (const auto value = valueAt(surface, layer, point)) {
      figures << QStringLiteral("%1 <b>%2</b>").arg(name, numberText(*value, 3));
    }
  };
  add(tr("cross-entropy"), "cross_entropy");
  add(tr("margin"), "margin");
  add(tr("fingerprint distance"), "fingerprint_distance");
  const Distances away = distancesBetween(plane.images.middle, image);
  figures << tr("from the image L∞ <b>%1</b>, L2 <b>%2</b>").arg(numberText(away.linf, 3), numberText(away.l2, 3));
  if (leavesTheBox(image)) figures << tr("pixels leave [0,1]");
  m_figures->setText(figures.join(QStringLiteral(" · ")));
  m_open->setEnabled(true);
}

void PointPanel::clear() {
  m_heading->clear();
  m_picture->clear();
  m_verdict->clear();
  m_figures->clear();
  m_open->setEnabled(false);
}

}  // namespace whorl::ui
