// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QtTest/QtTest>
#include <csignal>
#include <fstream>

#include "core/base/error.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

/// Files of this process can't grow beyond `bytes` while it lives: what a full disk does, without one.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &m_before);
    m_handler = std::signal(SIGXFSZ, SIG_IGN);  // write() then fails with EFBIG
    const rlimit limit{bytes, m_before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() {
    setrlimit(RLIMIT_FSIZE, &m_before);
    std::signal(SIGXFSZ, m_handler);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  rlimit m_before{};
  void (*m_handler)(int) = nullptr;
};

}  // namespace

class AtomicFileTest : public QObject {
  Q_OBJECT

  QTemporaryDir m_folder;
  fs::path path(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }

 private Q_SLOTS:
  void appearsWholeOnCommit() {
    const fs::path target = path("a/b/new.txt");  // the folders are made
    AtomicFile file(target);
    file.write("half ");
    QVERIFY(!fs::exists(target));
    file.write("and half");
    file.commit();
    QCOMPARE(contents(target), std::string("half and half"));
    QCOMPARE(entries(target.parent_path()), std::size_t{1});
  }

  void withoutCommitNothingChanges() {
    const fs::path target = path("keep/old.txt");
    fs::create_directories(target.parent_path());
    std::ofstream(target) << "old";
    {
      AtomicFile file(target);
      file.write("new");
      QVERIFY(fs::exists(file.temporaryPath()));
      QCOMPARE(file.temporaryPath().parent_path(), target.parent_path());  // a rename needs one file system
    }
    QCOMPARE(contents(target), std::string("old"));
    QCOMPARE(entries(target.parent_path()), std::size_t{1});
  }

  void replacesWhatWasThere() {
    const fs::path target = path("replace/file");
    for (const char* text : {"first, which is longer", "second"}) {
      AtomicFile file(target);
      file.write(text);
      file.commit();
    }
    QCOMPARE(contents(target), std::string("second"));
  }

  void twoWritersDoNotMix() {
    const fs::path target = path("two/file");
    AtomicFile first(target), second(target);
    QVERIFY(first.temporaryPath() != second.temporaryPath());
    first.write("first");
    second.write("second");
    second.commit();
    QCOMPARE(contents(target), std::string("second"));
    first.commit();
    QCOMPARE(contents(target), std::string("first"));
  }

  void obeysTheUmask() {
    const mode_t before = umask(027);
    AtomicFile file(path("mode"));
    file.commit();
    umask(before);
    QVERIFY((fs::status(path("mode")).permissions() & fs::perms::all) ==
            (fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read));
  }

  void fullDiskKeepsTheOldFile() {
    const fs::path target = path("full/file");
    fs::create_directories(target.parent_path());
    std::ofstream(target) << "old";
    const std::string big(1 << 20, 'x');
    std::string message;
    {
      const SizeLimit limit(100'000);
      try {
        AtomicFile file(target);
        file.write(big);
        file.commit();
      } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Failed);
        QCOMPARE(error.where(), target.string());
        message = error.what();
      }
    }
    QVERIFY2(message.find("can't be written: File too large") != std::string::npos, message.c_str());
    QCOMPARE(contents(target), std::string("old"));
    QCOMPARE(entries(target.parent_path()), std::size_t{1});
  }

  void foldersThatCannotBeWrittenAreAnError_data() {
    QTest::addColumn<QString>("target");
    QTest::newRow("a file where a folder is needed") << "blocker/below/file";
    QTest::newRow("a folder with that name") << "taken";
    QTest::newRow("a pipe or a device") << "pipe";
    QTest::newRow("a name that is too long") << QString(300, 'n');
    if (geteuid() != 0) QTest::newRow("no permission") << "closed/file";
  }
  void foldersThatCannotBeWrittenAreAnError() {
    QFETCH(const QString, target);
    std::ofstream(path("blocker")) << "a file";
    fs::create_directories(path("taken"));
    ::mkfifo(path("pipe").c_str(), 0600);
    fs::create_directories(path("closed"));
    fs::permissions(path("closed"), fs::perms::owner_read | fs::perms::owner_exec);
    try {
      AtomicFile file(path(target.toUtf8().constData()));
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Failed);
      QVERIFY(!error.where().empty());
    }
    QVERIFY(fs::is_fifo(path("pipe")));
  }

  void readFileReturnsAllBytes() {
    const std::string bytes("a\0b\xff", 4);
    std::ofstream(path("bytes"), std::ios::binary) << bytes;
    QCOMPARE(readFile(path("bytes"), 4), bytes);
    QCOMPARE(readFile(path("bytes"), SIZE_MAX), bytes);
    std::ofstream(path("empty")).flush();
    QCOMPARE(readFile(path("empty"), 0), std::string());
    const std::string big(3'000'000, 'z');
    std::ofstream(path("big"), std::ios::binary) << big;
    QCOMPARE(readFile(path("big"), 3'000'000), big);
  }

  void readFileDoesNotWaitForAWriter() {
    const fs::path pipe = path("silent");
    QCOMPARE(::mkfifo(pipe.c_str(), 0600), 0);
    QCOMPARE(readFile(pipe, 4), std::string());
    const int both = ::open(pipe.c_str(), O_RDWR);  // a pipe with a writer is read as before
    QVERIFY(both >= 0);
    QCOMPARE(::write(both, "12345", 5), ssize_t(5));
    QVERIFY_THROWS_EXCEPTION(Error, readFile(pipe, 4));
    ::close(both);
  }

  void readFileRefuses() {
    std::ofstream(path("five")) << "12345";
    const std::vector<std::pair<fs::path, std::string>> cases{
        {path("five"), "larger than the 4 bytes"},
        {path("missing"), "No such file"},
        {path("."), "Is a directory"},
        {"/dev/zero", "larger than the 4 bytes"},  // no size to see beforehand
    };
    for (const auto& [file, reason] : cases) {
      std::string message = "accepted";
      try {
        readFile(file, 4);
      } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::BadInput);
        message = error.what();
      }
      QVERIFY2(message.find(reason) != std::string::npos, (file.string() + ": " + message).c_str());
    }
  }
};

QTEST_APPLESS_MAIN(AtomicFileTest)
#include "atomic_file_test.moc"
