// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <optional>

#include "core/service/types.h"

class QComboBox;
class QHBoxLayout;
class QLabel;
class QProgressBar;

namespace whorl::ui {

class ImagePanel;
class ViewState;

/// Original, result and difference side by side with one zoom and place, and the values of the pixel under the cursor.
class ViewsPanel : public QWidget {
  Q_OBJECT

 public:
  explicit ViewsPanel(QWidget* parent = nullptr);

  ViewState* state() const { return m_state; }
  /// `detail` says how the network's input was made of the source.
  void setResult(const ExploreResult& result, const QStringList& classNames, const QString& detail);
  void clear(const QString& placeholder);
  void setBusy(bool busy);
  /// What stands above the result: "Step 12"; "" for "Result".
  void setResultTitle(const QString& title);
  /// While on, the result's place shows the original.
  void setBlink(bool on);
  bool blinking() const { return m_blink; }
  const std::optional<ExploreResult>& result() const { return m_result; }
  void focusResult();

 Q_SIGNALS:
  void neighbourWanted(int direction);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void addDifferenceTools(QHBoxLayout* header);
  void showDifference();
  void showCaptions();
  void showPixel();
  void showResultTitle();
  double amplification() const;

  ViewState* m_state;
  ImagePanel* m_original;
  ImagePanel* m_changed;
  ImagePanel* m_difference;
  QComboBox* m_amplify;
  QComboBox* m_channels;
  QLabel* m_pixel;
  QProgressBar* m_busy;
  std::optional<ExploreResult> m_result;
  QStringList m_classNames;
  QString m_resultTitle;
  bool m_blink = false;
};

}  // namespace whorl::ui
