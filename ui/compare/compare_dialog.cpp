// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compare/compare_dialog.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QHideEvent>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/session/engine_session.h"
#include "ui/style/icons.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

namespace {

// Columns that are no attack of the engine.
constexpr const char* kAsItIs = ":as it is";
constexpr const char* kSteps = ":steps";
/// Quick enough to be computed unasked.
constexpr const char* kFirstAttacks[] = {"fgsm", "bim", "pgd", "deepfool"};
constexpr std::size_t kFirstModels = 4;

/// The picture above, the words below.
class CompareDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

 protected:
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
    QStyledItemDelegate::initStyleOption(option, index);
    option->decorationPosition = QStyleOptionViewItem::Top;
    option->decorationAlignment = Qt::AlignCenter;
    option->displayAlignment = Qt::AlignHCenter | Qt::AlignTop;
    option->features |= QStyleOptionViewItem::WrapText;
  }
};

QToolButton* menuButton(const QString& text, const QString& tip, const char* name) {
  auto* button = new QToolButton;
  button->setObjectName(QString::fromLatin1(name));
  button->setText(text);
  button->setToolTip(tip);
  button->setPopupMode(QToolButton::InstantPopup);
  button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  button->setMenu(new QMenu(button));
  return button;
}

bool sameQuestion(const CompareSubject& a, const CompareSubject& b) {
  return a.image == b.image && a.fit == b.fit && a.label == b.label && a.steps == b.steps && a.seed == b.seed &&
         a.dataset == b.dataset && a.models.size() == b.models.size();
}

}  // namespace

CompareDialog::CompareDialog(EngineSession* session, QWidget* parent)
    : QDialog(parent),
      m_run(new CompareRun(session, this)),
      m_grid(new CompareGrid(this)),
      m_table(new QTableView),
      m_models(menuButton(tr("Models"), tr("Which models are compared: a row each"), "compare_models")),
      m_attacks(menuButton(tr("Attacks"), tr("What is done to the image: a column each"), "compare_attacks")),
      m_stop(new QPushButton(tr("Stop"))),
      m_words(new QLabel),
      m_problem(new InlineMessage) {
  setWindowTitle(tr("Compare"));
  setObjectName(QStringLiteral("compare"));
  build();
  connect(m_run, &CompareRun::cellChanged, m_grid, &CompareGrid::setCell);
  connect(m_run, &CompareRun::cellChanged, this, &CompareDialog::showState);
  connect(m_run, &CompareRun::busyChanged, this, &CompareDialog::showState);
  connect(m_run, &CompareRun::finished, this, &CompareDialog::showState);
  connect(m_run, &CompareRun::failed, this, [this](const QString& message) {
    m_problem->setText(message);
    m_grid->giveUp();
  });
  connect(m_stop, &QPushButton::clicked, this, [this] {
    m_run->cancel();
    m_grid->giveUp();
    showState();
  });
  connect(m_table, &QTableView::activated, this, &CompareDialog::openCell);
}

void CompareDialog::build() {
  m_stop->setIcon(icon(QStringLiteral("stop")));
  m_words->setForegroundRole(QPalette::PlaceholderText);
  m_words->setTextFormat(Qt::PlainText);
  auto* line = new QHBoxLayout;
  line->addWidget(m_models);
  line->addWidget(m_attacks);
  line->addWidget(m_words, 1);
  line->addWidget(m_stop);

  m_table->setModel(m_grid);
  m_table->setItemDelegate(new CompareDelegate(m_table));
  m_table->setAccessibleName(tr("Models against attacks"));
  m_table->setIconSize(QSize(CompareGrid::kSide, CompareGrid::kSide));
  m_table->setSelectionMode(QAbstractItemView::SingleSelection);
  m_table->setTabKeyNavigation(false);
  m_table->setCornerButtonEnabled(false);
  m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  m_table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  const int words = 2 * m_table->fontMetrics().height() + 14;
  m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  m_table->verticalHeader()->setDefaultSectionSize(CompareGrid::kSide + words);
  m_table->horizontalHeader()->setDefaultSectionSize(CompareGrid::kSide + 44);

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 10, 12, 10);
  column->addLayout(line);
  column->addWidget(m_problem);
  column->addWidget(m_table, 1);
  resize(1120, 560);
}

void CompareDialog::setSubject(const CompareSubject& subject) {
  const bool first = !m_subject;
  const bool same = m_subject && !m_stale && sameQuestion(*m_subject, subject);
  m_subject = subject;
  m_stale = false;
  if (first) {
    m_chosenColumns = {kAsItIs, kSteps};
    for (const char* name : kFirstAttacks) m_chosenColumns.insert(name);
    m_chosenModels = {subject.model};
    for (const ModelInfo& model : subject.models) {
      // One that doesn't know the class can't be right.
      const auto& names = model.classNames;
      const bool knows = std::find(names.begin(), names.end(), subject.label.toStdString()) != names.end();
      if ((knows || subject.label.isEmpty()) && m_chosenModels.size() < kFirstModels) m_chosenModels.insert(model.id);
    }
  }
  setWindowTitle(subject.title.isEmpty() ? tr("Compare") : tr("Compare: %1").arg(subject.title));
  fillMenus();
  if (!same) compute();
}

void CompareDialog::addChoice(QMenu* menu, const QString& title, const std::string& name,
                              std::set<std::string>& chosen) {
  QAction* action = menu->addAction(title);
  action->setCheckable(true);
  action->setChecked(chosen.contains(name));
  connect(action, &QAction::toggled, this, [this, name, &chosen](bool on) {
    if (on) {
      chosen.insert(name);
    } else {
      chosen.erase(name);
    }
    compute();
  });
}

void CompareDialog::fillMenus() {
  m_models->menu()->clear();
  for (const ModelInfo& model : m_subject->models) {
    addChoice(m_models->menu(), QString::fromStdString(model.name), model.id, m_chosenModels);
  }
  m_attacks->menu()->clear();
  addChoice(m_attacks->menu(), tr("As it is"), kAsItIs, m_chosenColumns);
  addChoice(m_attacks->menu(), tr("The steps of the Explore page"), kSteps, m_chosenColumns);
  m_attacks->menu()->addSeparator();
  for (const Operation& operation : m_subject->operations) {
    if (!operation.attack) continue;
    addChoice(m_attacks->menu(), QString::fromStdString(operation.spec.title), operation.spec.name, m_chosenColumns);
  }
}

std::vector<CompareColumn> CompareDialog::columns() const {
  std::vector<CompareColumn> list;
  if (m_chosenColumns.contains(kAsItIs)) list.push_back({tr("As it is"), {}});
  if (m_chosenColumns.contains(kSteps) && !m_subject->steps.empty())
    list.push_back({tr("Explore’s steps"), m_subject->steps});
  for (const Operation& operation : m_subject->operations) {
    if (!operation.attack || !m_chosenColumns.contains(operation.spec.name)) continue;
    list.push_back({QString::fromStdString(operation.spec.title), {firstRequest(operation, m_subject->dataset)}});
  }
  return list;
}

std::vector<ModelInfo> CompareDialog::rows() const {
  std::vector<ModelInfo> list;
  for (const ModelInfo& model : m_subject->models) {
    if (m_chosenModels.contains(model.id)) list.push_back(model);
  }
  return list;
}

void CompareDialog::compute() {
  m_problem->setText({});
  m_grid->restart(rows(), columns());
  if (!m_subject->image || m_grid->rowCount() == 0 || m_grid->columnCount() == 0) {
    m_run->cancel();
  } else {
    m_run->ask({m_grid->models(), m_grid->columns(), m_subject->image, m_subject->fit, m_subject->label,
                m_subject->imageIndex, m_subject->seed});
  }
  showState();
}

void CompareDialog::showState() {
  const int all = m_grid->rowCount() * m_grid->columnCount();
  const int done = m_grid->doneCount();
  m_stop->setEnabled(m_run->busy() && done < all);
  if (!m_subject || !m_subject->image) {
    m_words->setText(tr("There is no image on the Explore page yet."));
  } else if (all == 0) {
    m_words->setText(tr("Choose a model and an attack at least."));
  } else if (done < all) {
    m_words->setText(tr("%1 of %2").arg(done).arg(all));
  } else {
    m_words->setText(tr("✓ rightly read, ✗ not; a double click opens the cell on the Explore page"));
  }
}

void CompareDialog::openCell(const QModelIndex& index) {
  if (!index.isValid()) return;
  Q_EMIT cellWanted(QString::fromStdString(m_grid->models()[static_cast<std::size_t>(index.row())].id),
                    m_grid->columns()[static_cast<std::size_t>(index.column())].steps);
}

void CompareDialog::hideEvent(QHideEvent* event) {
  // Nobody looks any longer; a window that is only minimised will be looked at again.
  if (!event->spontaneous()) {
    m_stale = m_run->busy();
    m_run->cancel();
    m_grid->giveUp();
  }
  QDialog::hideEvent(event);
}

}  // namespace whorl::ui
