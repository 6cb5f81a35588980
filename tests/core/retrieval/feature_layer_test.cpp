// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <algorithm>
#include <functional>

#include <ATen/ops/rand.h>

#include "core/base/error.h"
#include "core/retrieval/feature_layer.h"

using namespace whorl;
using torch::Tensor;

class FeatureLayerTest : public QObject {
  Q_OBJECT

  std::shared_ptr<const Model> m_model;

  static std::shared_ptr<const Model> make(double factor) {
    const Architecture& architecture = findArchitecture("nfp-mnist");
    Network network(architecture, {1, 28, 28}, 10, 5);
    for (const auto& [name, tensor] : network.parameters()) {
      const torch::NoGradGuard noGradients;
      Tensor values = tensor;
      if (name.starts_with("fc")) values.mul_(factor);
    }
    auto model = std::make_shared<Model>();
    model->name = "made";
    model->architecture = architecture.name;
    model->input = {1, 28, 28};
    model->mean = {0.5};
    model->scale = {1};
    model->classifier = std::make_shared<NetworkClassifier>(network, std::vector<double>{0.5}, std::vector<double>{1});
    return model;
  }

  static std::string problemOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return errorKindName(error.kind()) + ": " + error.what();
    }
    return "nothing";
  }

 private Q_SLOTS:
  void initTestCase() { m_model = make(1); }

  void layersAreNamedByKindAndNumber() {
    const auto names = featureLayers(*m_model);
    for (const char* name :
         {"features", "logits", "probabilities", "conv1", "relu1", "bn1", "pool2", "flatten1", "fc3"}) {
      QVERIFY2(std::find(names.begin(), names.end(), name) != names.end(), name);
    }
    QVERIFY(std::find(names.begin(), names.end(), "conv5") == names.end());
    Model module;
    module.architecture = kTorchScript;
    QCOMPARE(featureLayers(module), (std::vector<std::string>{"logits", "probabilities"}));
  }

  void rowsAreTheActivations() {
    const Tensor images = at::rand({3, 1, 28, 28});
    const auto* network = dynamic_cast<const NetworkClassifier*>(m_model->classifier.get());
    const auto outputs = network->layerOutputs(images);
    const FeatureLayer first(m_model, "conv1", false);
    QCOMPARE(first.dimension(), std::int64_t{32 * 26 * 26});
    QVERIFY(torch::allclose(first.rows(images), outputs[1].flatten(1), 1e-4, 1e-5));
    const FeatureLayer features(m_model, "features", false);
    QCOMPARE(features.dimension(), std::int64_t{200});
    QVERIFY(torch::allclose(features.rows(images), outputs[outputs.size() - 3], 1e-4, 1e-5));
    QVERIFY(torch::allclose(FeatureLayer(m_model, "logits", false).rows(images), network->logits(images), 1e-4, 1e-5));
    QVERIFY(torch::allclose(FeatureLayer(m_model, "probabilities", false).rows(images).sum(1), torch::ones({3})));
  }

  void normalisedRowsHaveLengthOne() {
    const FeatureLayer layer(m_model, "features", true);
    const Tensor rows = layer.rows(at::rand({4, 1, 28, 28}));
    QVERIFY(torch::allclose(rows.square().sum(1), torch::ones({4}), 1e-5, 1e-6));
    // A row of zeros has no direction, and is no reason for NaN.
    const FeatureLayer dead(make(0), "relu5", true);
    QVERIFY(dead.rows(at::rand({2, 1, 28, 28})).isfinite().all().item<bool>());
  }

  void anImageDoesNotDependOnItsNeighbours() {
    const FeatureLayer layer(m_model, "pool1", true);
    const Tensor images = at::rand({5, 1, 28, 28});
    QVERIFY(torch::allclose(layer.rows(images)[3], layer.rows(images.narrow(0, 3, 1))[0], 1e-5, 1e-6));
  }

  void whatIsNotThereIsRefused() {
    const std::string problem = problemOf([&] { FeatureLayer(m_model, "conv9", true); });
    QVERIFY2(problem.starts_with("usage") && problem.find("conv9") != std::string::npos &&
                 problem.find("conv4") != std::string::npos,
             problem.c_str());
    const FeatureLayer layer(make(1e38), "logits", false);
    const std::string infinite = problemOf([&] { layer.rows(at::rand({2, 1, 28, 28})); });
    QVERIFY2(infinite.starts_with("bad_input"), infinite.c_str());
  }
};

QTEST_APPLESS_MAIN(FeatureLayerTest)
#include "feature_layer_test.moc"
