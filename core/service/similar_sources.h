// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/data/catalogue.h"
#include "core/data/dataset.h"
#include "core/retrieval/feature_index.h"

namespace whorl {

/// An image to be indexed: a file by its name in the folder, or a place in a data set. No whole path: there may be
/// millions of them.
struct IndexSource {
  std::string name;
  FileStamp stamp;
  std::int64_t place = -1;
};

struct IndexSources {
  std::vector<IndexSource> images;  ///< by name
  std::vector<IndexProblem> problems;
};

/// All files below a folder; hidden ones, links to folders, and the index with its journals are left out. Folders and
/// links that lead nowhere are problems. Error(BadInput) for a folder that isn't there, can't be read, or holds no
/// file; Error(Cancelled).
IndexSources filesBelow(const std::filesystem::path& folder, const std::filesystem::path& index,
                        const JobContext& context);

/// The first `count` images of a split (0: all). Error(BadInput) for one without images.
IndexSources imagesOf(const DataSplit& split, const std::string& name, std::int64_t count);

/// Whether that is a folder of images without the layout of a data set (train and test in it). A data set's name comes
/// first, as everywhere: a folder that happens to be called so is meant by ./NAME.
bool isPlainFolder(const std::string& nameOrFolder, const Catalogue& catalogue);

/// Images of a folder as a data set without classes.
struct FolderData {
  DatasetPtr data;
  std::vector<IndexProblem> problems;
};

/// The first `count` files (0: all) in a seeded order that are images, each fitted to `shape`: they are all that is in
/// memory. Error(BadInput) as filesBelow(), and for fewer than two images.
FolderData readPlainFolder(const std::string& folder, std::int64_t count, std::uint64_t seed, const ImageShape& shape,
                           const JobContext& context);

/// How many pixels may be decoded at once. An image with more of them than the budget is decoded alone, so that memory
/// is that of one large image, however many threads read. Any thread.
class PixelGate {
 public:
  explicit PixelGate(std::int64_t budget) : m_budget(budget) {}

  /// A place inside, for as long as it lives; made where there is room.
  class Pass {
   public:
    Pass(PixelGate& gate, std::int64_t pixels);
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    PixelGate& m_gate;
    std::int64_t m_pixels;
  };

 private:
  std::int64_t m_budget;
  std::int64_t m_inside = 0;
  std::mutex m_mutex;
  std::condition_variable m_left;
};

}  // namespace whorl
