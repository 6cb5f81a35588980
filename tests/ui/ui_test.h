// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QRegularExpression>
#include <QStandardPaths>
#include <QtTest>

#include <condition_variable>
#include <ctime>
#include <mutex>
#include <stop_token>
#include <utility>

namespace whorl::test {

/// For init(): a warning that nobody expects fails the test. The offscreen platform's own remarks are let through.
inline void failOnWarnings() {
  QStandardPaths::setTestModeEnabled(true);
  QTest::failOnWarning(
      QRegularExpression(QStringLiteral("^(?!.*(propagateSizeHints|This plugin does not support)).*$")));
}

/// Processor time that this thread has used: what a budget is about, whatever else the machine does.
inline double threadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

/// A door that work waits at until the test opens it, or until the work is cancelled.
class Door {
 public:
  void open() {
    const std::lock_guard lock(m_mutex);
    m_open = true;
    m_changed.notify_all();
  }
  /// Returns whether it was opened.
  bool wait(std::stop_token stop) {
    std::unique_lock lock(m_mutex);
    return m_changed.wait(lock, std::move(stop), [this] { return m_open; });
  }

 private:
  std::mutex m_mutex;
  std::condition_variable_any m_changed;
  bool m_open = false;
};

}  // namespace whorl::test
