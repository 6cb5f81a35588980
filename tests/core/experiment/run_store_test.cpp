// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/run_store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest/QtTest>

#include <SQLiteCpp/SQLiteCpp.h>

#include <fstream>
#include <functional>
#include <set>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/sha256.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

fs::path folderOf(const QTemporaryDir& dir) { return dir.path().toStdString(); }

fs::path written(RunStore& store, const std::string& text) {
  const fs::path file = store.temporaryFile(".bin");
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

StoredEntry entryOf(const std::string& key) {
  StoredEntry entry;
  entry.key = key;
  entry.stage = "test";
  entry.costKey = "cost";
  entry.document = "{}";
  entry.seconds = 2;
  entry.units = 4;
  return entry;
}

ErrorKind kindOf(const std::function<void()>& work, QString* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.kind();
  }
  if (message) *message = "nothing was thrown";
  return ErrorKind::Internal;
}

std::string contents(int number) {
  return std::string(static_cast<std::size_t>(1000 + number), char('a' + number % 26));
}

/// What a runner does, for one key after the other, until somebody kills it.
[[noreturn]] void keepForever(const fs::path& folder, int first) {
  try {
    RunStore store(folder);
    for (int number = first;; ++number) {
      const std::string key = "key" + std::to_string(number);
      if (store.find(key) || !store.claim(key)) continue;
      store.keep(entryOf(key), written(store, contents(number)));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
    ::_exit(1);
  }
}

/// Runs `work` in a process of its own and returns its number.
pid_t forked(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  return child;
}

}  // namespace

class RunStoreTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void keepsAndFinds() {
    const QTemporaryDir dir;
    fs::path artefact;
    {
      RunStore store(folderOf(dir) / "runs");
      QVERIFY(!store.find("a"));
      QVERIFY(store.claim("a"));
      const StoredEntry kept = store.keep(entryOf("a"), written(store, "hello"));
      QCOMPARE(kept.artefactSha256, sha256Hex("hello", 5));
      artefact = kept.artefact;
      store.keep(entryOf("b"), {});
    }
    RunStore again(folderOf(dir) / "runs");
    const auto entry = again.find("a");
    QVERIFY(entry);
    QCOMPARE(entry->stage, std::string("test"));
    QCOMPARE(entry->document, std::string("{}"));
    QCOMPARE(entry->artefact, artefact);
    QVERIFY(again.find("b")->artefact.empty());
    QCOMPARE(again.secondsPerUnit("cost").value(), 0.5);
    QVERIFY(!again.secondsPerUnit("other"));
    QVERIFY(!again.secondsPerUnit(""));
    QCOMPARE(again.problems(true), std::vector<std::string>());
    again.forget("a");
    QVERIFY(!again.find("a"));
    QVERIFY(!fs::exists(artefact));
  }

  void firstWins() {
    const QTemporaryDir dir;
    RunStore store(folderOf(dir));
    const auto first = store.keep(entryOf("a"), written(store, "one"));
    const auto second = store.keep(entryOf("a"), written(store, "two"));
    QCOMPARE(second.artefact, first.artefact);
    int files = 0;
    for (const auto& each : fs::recursive_directory_iterator(folderOf(dir) / "files")) files += each.is_regular_file();
    QCOMPARE(files, 1);
  }

  void sharedFilesLiveAsLongAsAnyEntry() {
    const QTemporaryDir dir;
    RunStore store(folderOf(dir));
    store.keep(entryOf("a"), written(store, "same"));
    const auto other = store.keep(entryOf("b"), written(store, "same"));
    store.forget("a");
    QVERIFY(fs::exists(other.artefact));
    QVERIFY(store.find("b"));
  }

  void aMissingOrChangedFileIsNoEntry() {
    const QTemporaryDir dir;
    RunStore store(folderOf(dir));
    const auto gone = store.keep(entryOf("a"), written(store, "hello"));
    fs::remove(gone.artefact);
    QCOMPARE(store.problems(false).size(), std::size_t{1});
    QVERIFY(!store.find("a"));
    const auto cut = store.keep(entryOf("b"), written(store, "hello again"));
    std::ofstream(cut.artefact, std::ios::binary) << "hel";
    QVERIFY(!store.find("b"));
    const auto changed = store.keep(entryOf("c"), written(store, "abc"));
    std::ofstream(changed.artefact, std::ios::binary) << "abd";
    QCOMPARE(store.problems(false), std::vector<std::string>());
    QCOMPARE(store.problems(true).size(), std::size_t{1});
    RunStore again(folderOf(dir));
    QVERIFY(!again.find("c"));
    QCOMPARE(again.problems(true).size(), std::size_t{0});
  }

  void claimsKeepOthersOut() {
    const QTemporaryDir dir;
    RunStore one(folderOf(dir));
    RunStore two(folderOf(dir));
    QVERIFY(one.claim("a"));
    QVERIFY(one.claim("a"));  // renewed
    QVERIFY(!two.claim("a"));
    one.release("a");
    QVERIFY(two.claim("a"));
    two.keep(entryOf("a"), {});
    QVERIFY(!one.claim("a"));  // it is there
    {
      RunStore three(folderOf(dir));
      QVERIFY(three.claim("b"));
    }
    QVERIFY(one.claim("b"));  // gone with its store
  }

  void aDeadProcessLosesItsClaims() {
    const QTemporaryDir dir;
    RunStore store(folderOf(dir));
    int ready[2];
    QCOMPARE(::pipe(ready), 0);
    const pid_t child = forked([&] {
      RunStore own(folderOf(dir));
      const char told = own.claim("a") ? 'y' : 'n';
      if (::write(ready[1], &told, 1) != 1) ::_exit(1);
      ::pause();
    });
    char told = 0;
    QCOMPARE(::read(ready[0], &told, 1), ssize_t{1});
    QCOMPARE(told, 'y');
    QVERIFY(!store.claim("a"));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    QVERIFY(store.claim("a"));
    ::close(ready[0]);
    ::close(ready[1]);
  }

  void survivesBeingKilled() {
    const QTemporaryDir dir;
    Random random(1);
    std::set<std::string> finished;
    // A busy machine may need more rounds to finish anything.
    for (int round = 0; round < 60 || (finished.size() < 30 && round < 600); ++round) {
      const pid_t child = forked([&] { keepForever(folderOf(dir), 0); });
      // Longer and longer where nothing gets done in that time, as under a sanitizer.
      ::usleep(static_cast<useconds_t>(random.uniform(2'000, 60'000) * double(1 + round / 60)));
      ::kill(child, SIGKILL);
      int status = 0;
      ::waitpid(child, &status, 0);
      QVERIFY2(WIFSIGNALED(status), "the child ended by itself");
      RunStore store(folderOf(dir));
      QCOMPARE(store.problems(true), std::vector<std::string>());
      for (const std::string& key : finished) QVERIFY2(store.find(key), key.c_str());
      for (int number = static_cast<int>(finished.size());; ++number) {
        const auto entry = store.find("key" + std::to_string(number));
        if (!entry) break;
        QCOMPARE(entry->artefactSha256, sha256Hex(contents(number).data(), contents(number).size()));
        finished.insert(entry->key);
      }
    }
    QVERIFY2(finished.size() >= 30, qPrintable(QString::number(finished.size())));
    // What the killed ones left half done is gone, but for what the last one may just have begun.
    RunStore store(folderOf(dir));
    QCOMPARE(std::distance(fs::directory_iterator(folderOf(dir) / "unfinished"), fs::directory_iterator{}), 0);
  }

  void twoProcessesShareTheWork() {
    const QTemporaryDir dir;
    const auto work = [&](int which) {
      RunStore store(folderOf(dir));
      // Together.
      std::ofstream(folderOf(dir) / ("ready" + std::to_string(which))) << "x";
      while (!fs::exists(folderOf(dir) / ("ready" + std::to_string(1 - which)))) ::usleep(500);
      for (int number = 0; number < 60; ++number) {
        const std::string key = "key" + std::to_string(number);
        if (!store.claim(key)) continue;
        StoredEntry entry = entryOf(key);
        entry.document = std::to_string(::getpid());
        ::usleep(2000);
        store.keep(entry, written(store, contents(number)));
      }
    };
    std::set<pid_t> children;
    for (int i = 0; i < 2; ++i) children.insert(forked([&] { work(i); }));
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      QVERIFY(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    RunStore store(folderOf(dir));
    QCOMPARE(store.problems(true), std::vector<std::string>());
    std::set<std::string> workers;
    for (int number = 0; number < 60; ++number) {
      const auto entry = store.find("key" + std::to_string(number));
      QVERIFY(entry);
      workers.insert(entry->document);
    }
    QCOMPARE(workers.size(), std::size_t{2});
  }

  void oldDatabasesAreBroughtUpToDate() {
    const QTemporaryDir dir;
    { RunStore store(folderOf(dir)); }
    const fs::path file = folderOf(dir) / "runs.sqlite";
    {
      SQLite::Database db(file.string(), SQLite::OPEN_READWRITE);
      db.exec("DROP INDEX entries_by_artefact; PRAGMA user_version = 1");
    }
    {
      RunStore store(folderOf(dir));
      store.keep(entryOf("a"), written(store, "x"));
    }
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE);
    QCOMPARE(db.execAndGet("SELECT count(*) FROM sqlite_master WHERE name = 'entries_by_artefact'").getInt(), 1);
    const int version = db.execAndGet("PRAGMA user_version").getInt();
    db.exec("PRAGMA user_version = 99");
    QString message;
    QCOMPARE(kindOf([&] { RunStore store(folderOf(dir)); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.contains("later version"), qPrintable(message));
    QVERIFY(version >= 2);
  }

  void foreignAndDamagedDatabasesAreRefused() {
    const QTemporaryDir dir;
    {
      SQLite::Database db((folderOf(dir) / "runs.sqlite").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      db.exec("CREATE TABLE mail (text TEXT)");
    }
    QString message;
    QCOMPARE(kindOf([&] { RunStore store(folderOf(dir)); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.contains("another program"), qPrintable(message));

    const QTemporaryDir noise;
    std::ofstream(folderOf(noise) / "runs.sqlite") << std::string(8192, 'x');
    QCOMPARE(kindOf([&] { RunStore store(folderOf(noise)); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.contains("damaged"), qPrintable(message));

    std::ofstream(folderOf(noise) / "file") << "x";
    QCOMPARE(kindOf([&] { RunStore store(folderOf(noise) / "file"); }), ErrorKind::Failed);
  }
};

QTEST_APPLESS_MAIN(RunStoreTest)
#include "run_store_test.moc"
