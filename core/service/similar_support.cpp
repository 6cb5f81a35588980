// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/similar_support.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/from_blob.h>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/data/dataset.h"
#include "core/image/image_file.h"
#include "core/image/perturbation.h"
#include "core/nn/device.h"
#include "core/service/engine_impl.h"

namespace whorl {

namespace fs = std::filesystem;

void checkPairMemory(std::int64_t images, std::int64_t negatives, std::int64_t distortions, std::int64_t networks) {
  const double pairs = static_cast<double>(images) * (static_cast<double>(negatives) + 1);
  const double bytes = 3 * sizeof(double) * pairs * static_cast<double>((2 * distortions + 1) * networks);
  if (bytes <= static_cast<double>(freeMemory(torch::kCPU)) / 2) return;
  throw Error(ErrorKind::OutOfMemory,
              "so many pairs need " + std::to_string(static_cast<std::int64_t>(bytes) >> 20) + " MiB of memory",
              "negatives", "ask for fewer images, negatives or distortions");
}

FileStamp stampOf(const fs::path& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  if (error) throw Error(ErrorKind::BadInput, "the file can't be read: " + error.message(), path.string());
  const auto modified = fs::last_write_time(path, error);
  if (error) throw Error(ErrorKind::BadInput, "the file can't be read: " + error.message(), path.string());
  return {static_cast<std::int64_t>(bytes), static_cast<std::int64_t>(modified.time_since_epoch().count())};
}

OpenIndex::OpenIndex(const fs::path& path) : m_path(path) {
  const FeatureIndex index(path, FeatureIndex::Mode::Read);
  m_stamp = stampOf(path);
  const auto identity = index.identity();
  m_images = index.imageCount();
  if (!identity || m_images == 0) {
    throw Error(ErrorKind::BadInput, "the index holds no images", path.string(), "whorl-cli similar index fills it");
  }
  m_identity = *identity;
  const std::int64_t bytes = index.rowCount() * identity->dimension * static_cast<std::int64_t>(sizeof(float));
  if (bytes > freeMemory(torch::kCPU) / 2) {
    throw Error(ErrorKind::OutOfMemory, "the index's features need " + std::to_string(bytes >> 20) + " MiB of memory",
                path.string(), "index a layer with fewer numbers");
  }
  m_rows = index.rows();
  const std::int64_t rows = std::ssize(m_rows.rows);
  try {
    m_search = std::make_unique<NeighbourSearch>(
        at::from_blob(m_rows.features.data(), {rows, m_rows.dimension}, torch::kFloat32));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::BadInput) throw;
    throw Error(ErrorKind::BadInput, error.message(), path.string(),
                "index another layer, or normalised features; if it was searched before, it is damaged: index again");
  }
}

bool OpenIndex::isCurrent() const {
  try {
    return stampOf(m_path) == m_stamp;
  } catch (const Error&) {
    return false;
  }
}

std::shared_ptr<const OpenIndex> EngineImpl::openIndex(const std::string& path) {
  constexpr std::size_t kKept = 2;  // two models side by side
  const fs::path file = fs::absolute(path).lexically_normal();
  const std::lock_guard lock(m_indexMutex);
  auto found =
      std::find_if(m_openIndexes.begin(), m_openIndexes.end(), [&](const auto& each) { return each->path() == file; });
  if (found != m_openIndexes.end() && (*found)->isCurrent()) {
    std::rotate(m_openIndexes.begin(), found, found + 1);
    return m_openIndexes.front();
  }
  if (found != m_openIndexes.end()) m_openIndexes.erase(found);
  if (m_openIndexes.size() >= kKept) m_openIndexes.pop_back();
  m_openIndexes.insert(m_openIndexes.begin(), std::make_shared<const OpenIndex>(file));
  return m_openIndexes.front();
}

std::string fitName(InputFit fit) { return fit == InputFit::Fit ? "fit" : fit == InputFit::Crop ? "crop" : "stretch"; }

FitMode fitMode(const std::string& fit) {
  return fit == "fit" ? FitMode::Fit : fit == "crop" ? FitMode::Crop : FitMode::Stretch;
}

Image fittedImage(const Image& image, const ImageShape& shape, const std::string& fit) {
  return fitImage(image, shape, fitMode(fit));
}

const DataSplit& splitOf(const Dataset& data, const std::string& split) {
  if (split == "test") return data.test;
  if (split == "train") return data.train;
  throw Error(ErrorKind::Usage, "there is no split \"" + split + "\"", data.name, "one of test, train");
}

void checkDistortion(const std::vector<StepRequest>& steps) {
  for (const StepRequest& step : steps) {
    const OperationSpec& spec = findPerturbation(step.operation).spec();
    resolve(spec.name, spec.parameters, step.parameters);
  }
}

Image distorted(const Image& image, const std::vector<StepRequest>& steps, std::uint64_t seed, std::int64_t number) {
  Image result = image;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i].enabled) continue;
    const Perturbation& perturbation = findPerturbation(steps[i].operation);
    const Parameters parameters = resolve(steps[i].operation, perturbation.spec().parameters, steps[i].parameters);
    result = perturbation.apply(result, parameters, mixSeed(seed, static_cast<std::uint64_t>(number), i));
  }
  return result;
}

std::string distortionName(const std::vector<StepRequest>& steps) {
  std::string name;
  for (const StepRequest& step : steps) {
    if (!step.enabled) continue;
    name += (name.empty() ? "" : ", ") + step.operation;
    for (const auto& [parameter, value] : step.parameters.values()) name += " " + parameter + " " + toText(value);
  }
  return name.empty() ? "nothing" : name;
}

nlohmann::json distortionDocument(const std::vector<StepRequest>& steps) {
  nlohmann::json document = nlohmann::json::array();
  for (const StepRequest& step : steps) {
    const OperationSpec& spec = findPerturbation(step.operation).spec();
    document.push_back({{"perturbation", step.operation},
                        {"enabled", step.enabled},
                        {"parameters", toJson(resolve(spec.name, spec.parameters, step.parameters))}});
  }
  return document;
}

}  // namespace whorl
