// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/checks_text.h"

#include <QCoreApplication>

#include <algorithm>

#include "ui/evaluate/metric.h"

namespace whorl::ui {

namespace {

QString tr(const char* text) { return QCoreApplication::translate("checks_text", text); }

QString plain(const std::string& text) { return QString::fromStdString(text).toHtmlEscaped(); }

QString figureText(const std::optional<Figure>& figure) {
  if (!figure) return QStringLiteral("–");
  const QString value = QStringLiteral("%1 %").arg(hundredths(figure->value));
  const QString interval = intervalText(*figure);
  return interval.isEmpty() ? value : QStringLiteral("%1 (%2)").arg(value, interval);
}

QString boundText(const CheckedClaim& check) {
  const QString words = check.atLeast ? tr("at least %1") : tr("at most %1");
  if (check.other.empty()) {
    return words.arg(check.bound ? QStringLiteral("%1 %").arg(hundredths(check.bound->value)) : QStringLiteral("–"));
  }
  return tr("%1, as %2").arg(words.arg(figureText(check.bound)), plain(check.other));
}

/// A mark for those who see no colours, and a word for those who see no marks.
QString verdict(const CheckedClaim& check) {
  if (!check.holds) return tr("… open");
  return *check.holds ? tr("✓ holds") : QStringLiteral("<b>%1</b>").arg(tr("✗ does not hold"));
}

int rank(const CheckedClaim& check) { return !check.holds ? 1 : *check.holds ? 2 : 0; }

QString cell(const QString& tag, const QString& text) {
  return QStringLiteral("<%1 align='left' style='padding:2px 16px 2px 0'>%2</%1>").arg(tag, text);
}

QString line(const QString& tag, const QStringList& texts) {
  QString cells;
  for (const QString& text : texts) cells += cell(tag, text);
  return QStringLiteral("<tr>%1</tr>").arg(cells);
}

}  // namespace

QString checksText(const std::vector<CheckedClaim>& checks) {
  std::vector<const CheckedClaim*> sorted;
  sorted.reserve(checks.size());
  for (const CheckedClaim& check : checks) sorted.push_back(&check);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return rank(*a) < rank(*b); });
  QString rows = line(QStringLiteral("th"), {tr("Verdict"), tr("Claim"), tr("Figure"), tr("Here"), tr("Must be")});
  for (const CheckedClaim* check : sorted) {
    rows += line(QStringLiteral("td"),
                 {verdict(*check), plain(check->claim), tr("%1 of %2").arg(plain(check->figure), plain(check->cell)),
                  figureText(check->value), boundText(*check)});
  }
  return QStringLiteral("<p>%1</p><table>%2</table>")
      .arg(
          tr("What must hold if the figures are to be believed. One that doesn’t hold says that an attack is weak or a "
             "figure wrong, not that the detector is good. Beside another cell’s figure its 95 % interval is allowed."),
          rows);
}

QString checksTitle(const std::vector<CheckedClaim>& checks) {
  const auto failed =
      std::count_if(checks.begin(), checks.end(), [](const CheckedClaim& check) { return check.holds == false; });
  return failed == 0 ? tr("Checks") : tr("Checks (%1 ✗)").arg(failed);
}

}  // namespace whorl::ui
