// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QObject>
#include <QString>

#include "core/service/types.h"

namespace whorl::ui {

class MainWindow;

/// The numbers beside a picture: request and result as one JSON object (docs/json.md).
QByteArray pictureJson(const MainWindow& window);

/// Waits for the window's first attacked picture, writes it and its numbers, and then says so.
class FirstPicture : public QObject {
  Q_OBJECT

 public:
  /// `path` of the PNG; the JSON lies beside it with its ending changed. `page`: what the picture is to show.
  FirstPicture(MainWindow* window, const QString& path, const QString& page, QObject* parent = nullptr);

 Q_SIGNALS:
  /// `problem` "" if both files were written.
  void done(const QString& problem);

 private:
  void write();
  void end(const QString& problem);

  MainWindow* m_window;
  QString m_path;
  QString m_page;
  bool m_ended = false;
};

}  // namespace whorl::ui
