// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/attack_plan.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

#include <ATen/ATen.h>

#include "core/nn/classifier.h"
#include "core/nn/model.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;

class AttackPlanTest : public QObject {
  Q_OBJECT

 private:
  test::TinyEngine m_engine;
  Model m_model;
  QTemporaryDir m_folder;

  PlanStore store(const char* name) const {
    return PlanStore(std::filesystem::path(m_folder.path().toStdString()) / name);
  }

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(m_folder.isValid());
    m_engine.train();
    m_model = readModel(m_engine.model(), torch::kCPU);
  }

  void withoutMeasurementBatchesGoBesideEachOther() {
    for (const int threads : {1, 2, 16}) {
      const AttackPlan plan = choosePlan(store("none.json"), m_model, threads);
      QCOMPARE(plan.workers, threads);
      QCOMPARE(plan.threadsPerWorker, 1);
      QVERIFY(!plan.measured);
      QCOMPARE(plan.layout, std::string("channels_last"));
      QCOMPARE(plan.precision, std::string("float32"));
    }
  }

  // PyTorch's own numbers are those of the network layer by layer, the fused one's the same to the last digits.
  void aLayoutSaysHowTheNetworkIsComputed() {
    const auto& shape = m_model.input;
    const at::Tensor images = at::rand({4, shape.channels, shape.height, shape.width});
    const auto logits = [&](const std::string& layout) {
      AttackPlan plan;
      plan.layout = layout;
      return classifierFor(plan, m_model)->logits(images);
    };
    const NetworkClassifier plain(m_model.network()->clone(), m_model.mean, m_model.scale);
    QVERIFY(at::equal(logits("contiguous"), plain.logits(images)));
    QVERIFY(at::equal(logits("channels_last"), m_model.classifier->logits(images)));
    QVERIFY(at::allclose(logits("contiguous"), logits("channels_last"), 1e-4, 1e-4));
  }

  void aMeasuredPlanIsForItsModelAndThreads() {
    const PlanStore plans = store("plans.json");
    AttackPlan kept;
    kept.threadsPerWorker = 2;
    kept.batchSize = 50;
    kept.layout = "channels_last";
    plans.keep(m_model, 2, kept);
    const AttackPlan found = choosePlan(plans, m_model, 2);
    QVERIFY(found.measured);
    QCOMPARE(found.workers, 1);
    QCOMPARE(found.threadsPerWorker, 2);
    QCOMPARE(found.batchSize, std::int64_t{50});
    QCOMPARE(found.layout, std::string("channels_last"));
    QVERIFY(!choosePlan(plans, m_model, 4).measured);
    Model other = m_model;
    other.sha256 = std::string(64, '0');
    QVERIFY(!choosePlan(plans, other, 2).measured);
  }

  void aDamagedStoreIsLikeNone_data() {
    QTest::addColumn<QByteArray>("plan");
    QTest::newRow("more workers than threads")
        << QByteArray(R"({"workers":3,"threads_per_worker":1,"batch_size":50,"layout":"contiguous"})");
    QTest::newRow("no batch") << QByteArray(
        R"({"workers":1,"threads_per_worker":1,"batch_size":0,"layout":"contiguous"})");
    QTest::newRow("a layout that nobody knows")
        << QByteArray(R"({"workers":1,"threads_per_worker":1,"batch_size":50,"layout":"round"})");
    QTest::newRow("a text for a number") << QByteArray(
        R"({"workers":"1","threads_per_worker":1,"batch_size":50,"layout":"contiguous"})");
    QTest::newRow("a number for a plan") << QByteArray("7");
  }
  void aDamagedStoreIsLikeNone() {
    QFETCH(QByteArray, plan);
    const PlanStore plans = store("damaged.json");
    {
      const std::string key = m_model.sha256 + " on " + machineText(m_model, 2);
      std::ofstream file(m_folder.filePath("damaged.json").toStdString());
      file << nlohmann::json{{key, nlohmann::json::parse(plan.toStdString())}}.dump();
    }
    QVERIFY(!choosePlan(plans, m_model, 2).measured);
    std::ofstream(m_folder.filePath("damaged.json").toStdString()) << "{ cut";
    QVERIFY(!choosePlan(plans, m_model, 2).measured);
  }

  void fewImagesAreSharedOutToAllWorkers() {
    for (const auto& [workers, images, batch] :
         {std::tuple{2, 300, 100}, {2, 50, 25}, {2, 51, 26}, {4, 3, 1}, {3, 0, 1}}) {
      AttackPlan plan;
      plan.workers = workers;
      shareOut(plan, images);
      QCOMPARE(plan.batchSize, std::int64_t{batch});
    }
  }

  void batchesFitAndAreNeverEmpty() {
    AttackPlan plan;
    plan.workers = 2;
    fitBatches(plan, m_model, 1);
    QCOMPARE(plan.batchSize, std::int64_t{100});  // a tiny network: memory is no limit
    fitBatches(plan, m_model, std::int64_t{1} << 40);
    QCOMPARE(plan.batchSize, std::int64_t{1});
  }
};

QTEST_GUILESS_MAIN(AttackPlanTest)
#include "attack_plan_test.moc"
