// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/image/image.h"
#include "core/image/image_file.h"
#include "core/retrieval/feature_index.h"
#include "core/retrieval/neighbour_search.h"
#include "core/service/similar_types.h"

namespace whorl {

struct DataSplit;
struct Dataset;

/// An index in memory. Immutable; any thread.
class OpenIndex {
 public:
  /// Error(OutOfMemory) where its features would take more than half of the free memory, Error(BadInput) for an index
  /// without images.
  explicit OpenIndex(const std::filesystem::path& path);
  OpenIndex(const OpenIndex&) = delete;
  OpenIndex& operator=(const OpenIndex&) = delete;

  const std::filesystem::path& path() const { return m_path; }
  const IndexIdentity& identity() const { return m_identity; }
  const IndexRows::Row& row(std::int64_t place) const { return m_rows.rows[static_cast<std::size_t>(place)]; }
  const NeighbourSearch& search() const { return *m_search; }
  std::int64_t imageCount() const { return m_images; }
  /// Whether the file is what it was.
  bool isCurrent() const;

 private:
  std::filesystem::path m_path;
  FileStamp m_stamp;
  IndexIdentity m_identity;
  IndexRows m_rows;
  std::int64_t m_images = 0;
  std::unique_ptr<NeighbourSearch> m_search;
};

/// Error(OutOfMemory) where a benchmark's distances would take more than half of the free memory: they are kept for
/// each network and distortion, and once more for all distortions together; sorting doubles them.
void checkPairMemory(std::int64_t images, std::int64_t negatives, std::int64_t distortions, std::int64_t networks);

/// Size and time of a file; Error(BadInput) if it is gone.
FileStamp stampOf(const std::filesystem::path& path);

/// "fit", "crop", "stretch"
std::string fitName(InputFit fit);
FitMode fitMode(const std::string& fit);
/// An image as a network's input.
Image fittedImage(const Image& image, const ImageShape& shape, const std::string& fit);

/// The split by name. Error(Usage) for another than test and train.
const DataSplit& splitOf(const Dataset& data, const std::string& split);

/// A stack of natural perturbations, one after the other, on the image with that number: the pixels that Explore shows
/// for the same stack, number and seed. Steps that are switched off are left out.
Image distorted(const Image& image, const std::vector<StepRequest>& steps, std::uint64_t seed, std::int64_t number);
/// Error(Usage) for a step that is no natural perturbation, or parameters that it doesn't take.
void checkDistortion(const std::vector<StepRequest>& steps);
/// "jpeg quality 50, crop offset 2 place random": what is given of each step.
std::string distortionName(const std::vector<StepRequest>& steps);
nlohmann::json distortionDocument(const std::vector<StepRequest>& steps);
/// `recalls`, `distortions` and `all` of docs/json.md.
nlohmann::json similarFiguresDocument(const SimilarBenchmarkResult& result);

}  // namespace whorl
