// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QObject>
#include <QStringList>

#include <memory>
#include <optional>
#include <vector>

#include "core/service/types.h"

class QMimeData;

namespace whorl::ui {

class EngineSession;
class ThumbnailModel;

/// The files of this machine among what is dropped or pasted.
QStringList localFiles(const QMimeData* data);

/// An image and where it is from.
struct SourceImage {
  std::shared_ptr<const Image> image;
  QString title;
  QString dataset;                               ///< "" for files and the clipboard
  std::int64_t index = 0;                        ///< in the data set
  std::optional<int> label;                      ///< in the data set
  std::vector<std::string> classNames;           ///< the data set's, which `label` counts in
  std::shared_ptr<const Image> clean = nullptr;  ///< what `image` was before it was attacked; null: it wasn't
  QString attack = {};                           ///< that did it
};

/// Where images come from: a data set's test images, or files and pasted pictures. All reading happens in jobs.
class ImageSource : public QObject {
  Q_OBJECT

 public:
  explicit ImageSource(EngineSession* session, QObject* parent = nullptr);

  ThumbnailModel* thumbnails() const { return m_model; }
  /// Name of the data set that is shown, "" for opened files.
  QString dataset() const { return QString::fromStdString(m_dataset.name); }
  bool hasFiles() const { return !m_files.empty(); }
  /// What opened attacked images are called; "" while there are none.
  QString attackedTitle() const { return m_attacked.title; }
  /// What is shown, as the list of sources names it: a data set, "" for files, kAttacked for attacked images.
  QString shown() const { return m_showsAttacked ? kAttacked : dataset(); }
  /// No name of a data set.
  static inline const QString kAttacked = QStringLiteral(":attacked");

  /// Shows a data set and asks for `row` to be selected.
  void showDataset(const DatasetInfo& info, int row = 0);
  /// Shows the opened files again.
  void showFiles();
  /// Reads the files and shows the first that is an image; each that isn't is told by failed().
  void openFiles(const QStringList& paths);
  void openPicture(const QImage& picture);
  /// Shows an image that was made here; `label`, if it is known, counts in `classNames`.
  void openMade(std::shared_ptr<const Image> image, const QString& title, std::optional<int> label,
                const std::vector<std::string>& classNames);
  /// Reads a file that an attack wrote and shows its adversarial images; `classNames` are what their labels count in.
  void openAttacked(const QString& path, const QString& title, const std::vector<std::string>& classNames);
  /// Shows them again.
  void showAttacked();
  /// imageChosen() follows, or failed().
  void choose(int row);

 Q_SIGNALS:
  void imageChosen(const whorl::ui::SourceImage& image);
  /// The thumbnails are now of something else; `row` should be selected (-1: none).
  void sourceChanged(int row);
  void failed(const QString& message);

 private:
  struct OpenedFile {
    QString path;  ///< "" for pasted pictures
    QString title;
    std::shared_ptr<const Image> image;  ///< without a file only: files are read again, they may be large
    QImage thumbnail;
    std::optional<int> label = std::nullopt;
    std::vector<std::string> classNames = {};
  };
  struct AttackedFile {
    QString path;
    QString title;
    std::vector<std::string> classNames;
    int count = 0;
  };
  struct Loaded {
    std::shared_ptr<const Image> image;
    QImage thumbnail;
  };

  void loadChunk(int first, int count);
  void loadAttackedChunk(int first, int count);
  void chooseAttacked(int row);
  void chooseDatasetImage(int row);
  void chooseFile(int row);
  void fileLoaded(const OpenedFile& file, const Loaded& loaded);
  static Loaded load(Image image);

  EngineSession* m_session;
  ThumbnailModel* m_model;
  DatasetInfo m_dataset;
  std::vector<OpenedFile> m_files;
  AttackedFile m_attacked;
  bool m_showsAttacked = false;
  int m_source = 0;  ///< grows with each change of what the thumbnails are of
  int m_choice = 0;  ///< grows with each choice; answers to older ones are dropped
  bool m_firstOfBatch = false;
};

/// A picture for a list: at most `side` pixels wide and high. Reads only as many pixels as it shows.
QImage thumbnailOf(const Image& image, int side);

}  // namespace whorl::ui
