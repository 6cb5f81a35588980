// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/models.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

#include "core/nn/model.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

void writeTiny(const fs::path& path, std::uint64_t seed) {
  const Network network(findArchitecture("nfp-mnist"), {1, 16, 16}, 2, seed);
  Model model;
  model.name = "Tiny " + std::to_string(seed);
  model.architecture = "nfp-mnist";
  model.input = {1, 16, 16};
  model.classNames = {"a", "b"};
  model.mean = {0.5};
  model.scale = {1};
  model.classifier = std::make_shared<NetworkClassifier>(network, model.mean, model.scale);
  writeModel(model, path);
}

ErrorKind kindOf(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.kind();
  }
  return ErrorKind::Internal;
}

}  // namespace

class ModelsTest : public QObject {
  Q_OBJECT

 private:
  fs::path root() const { return m_folder->path().toStdString(); }
  ModelStore store() const { return {root() / "shipped", root() / "user"}; }
  std::unique_ptr<QTemporaryDir> m_folder;

 private Q_SLOTS:
  void init() {
    m_folder = std::make_unique<QTemporaryDir>();
    writeTiny(root() / "shipped" / "digits.safetensors", 1);
    writeTiny(root() / "user" / "models" / "mine.safetensors", 2);
  }

  void listsShippedThenMine() {
    fs::last_write_time(root() / "user/models/mine.safetensors",
                        fs::file_time_type::clock::now() - std::chrono::hours(1));
    writeTiny(root() / "user/models/newer.safetensors", 3);
    std::ofstream(root() / "user/models/broken.safetensors") << "no model";
    std::ofstream(root() / "user/models/notes.txt") << "no model either";
    fs::last_write_time(root() / "user/models/broken.safetensors",
                        fs::file_time_type::clock::now() - std::chrono::hours(2));
    const auto list = store().list();
    QCOMPARE(list.size(), std::size_t{4});
    QCOMPARE(list[0].id, std::string("digits"));
    QVERIFY(list[0].shipped);
    QCOMPARE(list[0].name, std::string("Tiny 1"));
    QCOMPARE(list[0].sha256.size(), std::size_t{64});
    QVERIFY(list[0].parameters > 1000);
    QCOMPARE(list[1].name, std::string("Tiny 3"));
    QCOMPARE(list[1].id, (root() / "user/models/newer.safetensors").string());
    QCOMPARE(list[2].name, std::string("Tiny 2"));
    QVERIFY(!list[3].problem.empty());
    QVERIFY2(list[3].problem.find("broken.safetensors") != std::string::npos, list[3].problem.c_str());
  }

  void anEmptyHouseHasNoModels() { QVERIFY(ModelStore(root() / "none", root() / "nobody").list().empty()); }

  void findsByNameAndPath() {
    const auto models = store();
    QCOMPARE(models.resolve("digits"), root() / "shipped/digits.safetensors");
    QCOMPARE(models.resolve("mine"), root() / "user/models/mine.safetensors");
    const auto path = (root() / "user/models/mine.safetensors").string();
    QCOMPARE(models.resolve(path).string(), path);
    std::string message;
    QCOMPARE(kindOf([&] { models.resolve("nothing"); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("digits") != std::string::npos && message.find("mine") != std::string::npos, message.c_str());
    QCOMPARE(kindOf([&] { models.resolve("/no/such.safetensors"); }), ErrorKind::BadInput);
    QCOMPARE(kindOf([&] { models.resolve(""); }), ErrorKind::BadInput);
    QCOMPARE(kindOf([&] { models.resolve("../shipped"); }), ErrorKind::BadInput);
  }

  void loadsOnceUntilTheFileChanges() {
    ModelStore models(root() / "shipped", root() / "user");
    const auto first = models.load("mine", "cpu");
    QCOMPARE(models.load("mine", "cpu").get(), first.get());
    QCOMPARE(models.load((root() / "user/models/mine.safetensors").string(), "cpu").get(), first.get());
    writeTiny(root() / "user/models/mine.safetensors", 9);
    fs::last_write_time(root() / "user/models/mine.safetensors",
                        fs::file_time_type::clock::now() + std::chrono::seconds(5));
    const auto second = models.load("mine", "cpu");
    QVERIFY(second.get() != first.get());
    QCOMPARE(second->name, std::string("Tiny 9"));
    QCOMPARE(first->name, std::string("Tiny 2"));  // whoever holds the old one keeps it
    QCOMPARE(models.info("mine").name, std::string("Tiny 9"));
  }

  void trashCanBeUndone() {
    ModelStore models(root() / "shipped", root() / "user");
    const std::string trashed = models.trash("mine");
    QVERIFY(!fs::exists(root() / "user/models/mine.safetensors"));
    QVERIFY(fs::exists(trashed));
    QCOMPARE(models.list().size(), std::size_t{1});
    models.restore(trashed);
    QVERIFY(fs::exists(root() / "user/models/mine.safetensors"));
    QVERIFY(!fs::exists(trashed));
    QCOMPARE(kindOf([&] { models.restore(trashed); }), ErrorKind::BadInput);
    // A name that was taken meanwhile is kept; the restored model gets another.
    const std::string again = models.trash("mine");
    writeTiny(root() / "user/models/mine.safetensors", 4);
    models.restore(again);
    QCOMPARE(models.info("mine").name, std::string("Tiny 4"));
    QCOMPARE(models.info("mine-2").name, std::string("Tiny 2"));
  }

  void onlyMineCanBeTrashed() {
    ModelStore models(root() / "shipped", root() / "user");
    QCOMPARE(kindOf([&] { models.trash("digits"); }), ErrorKind::Usage);
    QVERIFY(fs::exists(root() / "shipped/digits.safetensors"));
    QCOMPARE(kindOf([&] { models.restore((root() / "shipped/digits.safetensors").string()); }), ErrorKind::BadInput);
  }

  void freshPathsAreFree() {
    const auto models = store();
    QCOMPARE(models.freshPath("new"), root() / "user/models/new.safetensors");
    QCOMPARE(models.freshPath("mine"), root() / "user/models/mine-2.safetensors");
  }
};

QTEST_APPLESS_MAIN(ModelsTest)
#include "models_test.moc"
