// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLineEdit>

#include <cstdint>

namespace whorl::ui {

/// A seed: any whole number from 0 to 2^64 - 1, which no spin box holds. The arrow keys count. What can't be a seed
/// isn't taken; an empty field goes back to what it was.
class SeedBox : public QLineEdit {
  Q_OBJECT

 public:
  explicit SeedBox(QWidget* parent = nullptr);

  std::uint64_t seed() const { return m_seed; }
  /// Doesn't emit edited.
  void setSeed(std::uint64_t seed);

 Q_SIGNALS:
  /// A person gave another one.
  void edited();

 protected:
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void take();
  void change(std::uint64_t seed);

  std::uint64_t m_seed = 0;
};

}  // namespace whorl::ui
