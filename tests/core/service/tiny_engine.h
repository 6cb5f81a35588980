// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTemporaryDir>

#include <functional>
#include <memory>
#include <stdexcept>

#include "core/service/engine_impl.h"
#include "tests/core/service/tiny_data.h"

namespace whorl::test {

constexpr double kEpsilon = 0.5;  // more than the classes are apart: attacks succeed

/// The kind of Error that `work` throws, and its text.
inline ErrorKind kindOf(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.kind();
  }
  if (message) *message = "nothing was thrown";
  return ErrorKind::Internal;
}

/// An engine in a folder of its own, with a data set of two classes and a fingerprinted network trained on it.
class TinyEngine {
 public:
  TinyEngine() {
    if (!m_folder.isValid()) throw std::runtime_error("no temporary folder");
    m_data = writeTinyDataset(path("data"));
    EngineOptions options;
    options.userFolder = path("user").string();
    options.resourceFolder = path("resources").string();
    m_engine = std::make_unique<EngineImpl>(options);
  }

  /// Trains the model that requests below use.
  TrainResult train(const TrainHooks& hooks = {}) {
    const TrainResult result = m_engine->train(trainRequest("tiny.safetensors"), JobContext{}, hooks);
    m_model = result.model;
    return result;
  }

  std::filesystem::path path(const std::string& name) const {
    return std::filesystem::path(m_folder.path().toStdString()) / name;
  }
  /// As front ends see it.
  Engine* operator->() const { return m_engine.get(); }
  const std::string& data() const { return m_data; }
  const std::string& model() const { return m_model; }

  TrainRequest trainRequest(const std::string& output) const {
    TrainRequest request;
    request.dataset = m_data;
    request.architecture = "nfp-mnist";
    request.objective = "fingerprint";
    request.parameters = {{"epochs", std::int64_t{4}},
                          {"batch_size", std::int64_t{20}},
                          {"learning_rate", 0.003},
                          {"fingerprints", std::int64_t{2}},
                          {"validation_fraction", 0.1}};
    request.seed = 7;
    request.device = "cpu";
    request.threads = 1;
    request.output = path(output).string();
    return request;
  }

  AttackRunRequest attackRequest() const {
    AttackRunRequest request;
    request.model = m_model;
    request.dataset = m_data;
    request.attack = "bim";
    request.parameters = {{"epsilon", kEpsilon}, {"steps", std::int64_t{10}}, {"step_size", 0.1}};
    request.count = 12;
    request.batchSize = 5;  // a last batch that isn't full
    request.device = "cpu";
    request.threads = 1;
    return request;
  }

  ExploreRequest exploreRequest() const {
    ExploreRequest request;
    request.model = m_model;
    request.image = tinyImage(1, 1000);
    request.label = 1;
    request.device = "cpu";
    return request;
  }

 private:
  QTemporaryDir m_folder;
  std::string m_data;
  std::string m_model;
  std::unique_ptr<EngineImpl> m_engine;
};

}  // namespace whorl::test
