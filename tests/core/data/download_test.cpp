// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/download.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "tests/core/data/http_server.h"

using namespace whorl;
using whorl::test::Connection;
using whorl::test::HttpRequest;
using whorl::test::HttpServer;
namespace fs = std::filesystem;

namespace {

std::string content() {
  std::string bytes(300'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 256);
  return bytes;
}

/// Serves a file well: with ETag, and ranges under If-Range.
void serveWell(const HttpRequest& request, Connection& connection, const std::string& body,
               const std::string& tag = "\"v1\"") {
  const std::string range = request.header("Range");
  if (range.starts_with("bytes=") && request.header("If-Range") == tag) {
    const std::size_t from = std::stoul(range.substr(6));
    connection.answer("206 Partial Content", std::string_view(body).substr(from),
                      "ETag: " + tag + "\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                          std::to_string(body.size() - 1) + "/" + std::to_string(body.size()) + "\r\n");
    return;
  }
  connection.answer("200 OK", body, "ETag: " + tag + "\r\n");
}

/// Announces all of `body`, sends `bytes` of it and hangs up.
void cutAfter(Connection& connection, const std::string& body, std::size_t bytes,
              const std::string& headers = "ETag: \"v1\"\r\n") {
  connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n");
  connection.send(std::string_view(body).substr(0, bytes));
}

std::string expects(const fs::path& path, const std::string& body) {
  return readFile(path, std::size_t{1} << 30) == body ? "" : "wrong bytes";
}

}  // namespace

class DownloadTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir m_folder;
  int m_number = 0;

  DownloadRequest request(std::vector<std::string> urls, const std::string& body = content()) {
    DownloadRequest request;
    request.urls = std::move(urls);
    request.target = fs::path(m_folder.path().toStdString()) / std::to_string(++m_number) / "file.bin";
    request.verify = [body](const fs::path& path) { return expects(path, body); };
    request.connectTimeoutSeconds = 2;
    request.stallTimeoutSeconds = 1;
    return request;
  }
  static fs::path part(const DownloadRequest& request) { return request.target.string() + ".part"; }

  /// The error's message; fails the test where none comes.
  static QString failure(const DownloadRequest& request, ErrorKind kind = ErrorKind::Failed) {
    try {
      download(request, {});
    } catch (const Error& error) {
      return error.kind() == kind ? QString::fromStdString(error.message()) : "wrong kind: " + QString(error.what());
    }
    return "no error";
  }

 private Q_SLOTS:
  void wholeFileArrives() {
    HttpServer server([](const auto& r, auto& c) { serveWell(r, c, content()); });
    const auto wanted = request({server.url("/file.bin")});
    std::int64_t done = 0;
    std::int64_t total = 0;
    download(wanted, JobContext({}, [&](const Progress& p) {
               done = p.done;
               total = std::max(total, p.total);
             }));
    QVERIFY(readFile(wanted.target, 1 << 20) == content());
    QCOMPARE(done, 300'000);
    QCOMPARE(total, 300'000);
    QVERIFY(!fs::exists(part(wanted)));
    QVERIFY(!fs::exists(part(wanted).string() + ".json"));
  }

  void cutConnectionIsContinued() {
    int served = 0;
    HttpServer server([&](const auto& r, auto& c) {
      if (served++ == 0) {
        cutAfter(c, content(), 100'000);
      } else {
        serveWell(r, c, content());
      }
    });
    const auto wanted = request({server.url("/file.bin")});
    download(wanted, {});
    QVERIFY(readFile(wanted.target, 1 << 20) == content());
    const auto requests = server.requests();
    QCOMPARE(requests.size(), std::size_t{2});
    QCOMPARE(requests[1].header("Range"), std::string("bytes=100000-"));
    QCOMPARE(requests[1].header("If-Range"), std::string("\"v1\""));
  }

  void cutConnectionKeepsThePart() {
    HttpServer server([](const auto&, auto& c) { cutAfter(c, content(), 100'000, ""); });
    auto wanted = request({server.url("/file.bin")});
    QVERIFY(failure(wanted).contains("could not be downloaded"));
    QVERIFY(!fs::exists(wanted.target));
    QCOMPARE(fs::file_size(part(wanted)), std::uintmax_t{100'000});
  }

  void aServerWithoutRangesStartsAfresh() {
    int served = 0;
    HttpServer server([&](const auto&, auto& c) {
      if (served++ == 0) {
        cutAfter(c, content(), 100'000);
      } else {
        c.answer("200 OK", content(), "ETag: \"v1\"\r\n");
      }
    });
    const auto wanted = request({server.url("/file.bin")});
    download(wanted, {});
    QVERIFY(readFile(wanted.target, 1 << 20) == content());
  }

  void aChangedFileIsNotMixed() {
    const std::string newer(200'000, 'n');
    int served = 0;
    HttpServer server([&](const auto& r, auto& c) {
      if (served++ == 0) {
        cutAfter(c, content(), 100'000);
      } else {
        serveWell(r, c, newer, "\"v2\"");
      }
    });
    const auto wanted = request({server.url("/file.bin")}, newer);
    download(wanted, {});
    QVERIFY(readFile(wanted.target, 1 << 20) == newer);
  }

  void anotherRangeThanAskedIsRefused() {
    int served = 0;
    HttpServer server([&](const auto&, auto& c) {
      if (served++ == 0) {
        cutAfter(c, content(), 100'000);
      } else {
        c.answer("206 Partial Content", content().substr(5), "Content-Range: bytes 5-299999/300000\r\n");
      }
    });
    QVERIFY(failure(request({server.url("/file.bin")})).contains("another part"));
  }

  void nextMirrorAfter404() {
    HttpServer server([](const auto& r, auto& c) {
      if (r.path == "/gone") {
        c.answer("404 Not Found", "<html>no</html>");
      } else {
        serveWell(r, c, content());
      }
    });
    const auto wanted = request({server.url("/gone"), server.url("/file.bin")});
    download(wanted, {});
    QVERIFY(readFile(wanted.target, 1 << 20) == content());
  }

  void everyMirrorIsNamed() {
    HttpServer server(
        [](const auto& r, auto& c) { c.answer(r.path == "/a" ? "404 Not Found" : "500 Internal Server Error", ""); });
    const auto wanted = request({server.url("/a"), server.url("/b"), "http://127.0.0.1:1/c"});
    const QString message = failure(wanted);
    QVERIFY2(message.contains("/a: HTTP 404"), qPrintable(message));
    QVERIFY2(message.contains("/b: HTTP 500"), qPrintable(message));
    QVERIFY2(message.contains("127.0.0.1:1/c: "), qPrintable(message));
    QVERIFY(!fs::exists(part(wanted)));
  }

  void wrongBytesAreRemoved() {
    HttpServer server([](const auto& r, auto& c) { serveWell(r, c, std::string(1000, 'x')); });
    const auto wanted = request({server.url("/file.bin")});
    QVERIFY(failure(wanted).contains("wrong bytes"));
    QVERIFY(!fs::exists(wanted.target));
    QVERIFY(!fs::exists(part(wanted)));
  }

  void aDamagedPartIsReplaced() {
    HttpServer server([](const auto& r, auto& c) { serveWell(r, c, content()); });
    const auto wanted = request({server.url("/file.bin")});
    fs::create_directories(wanted.target.parent_path());
    std::ofstream(part(wanted)) << std::string(5000, 'x');
    std::ofstream(part(wanted).string() + ".json")
        << "{\"url\": \"" + server.url("/file.bin") + "\", \"validator\": \"\\\"v1\\\"\"}";
    download(wanted, {});
    QVERIFY(readFile(wanted.target, 1 << 20) == content());
    QCOMPARE(server.requests().size(), std::size_t{2});
  }

  void aStalledServerIsLeft() {
    HttpServer server([](const auto& r, auto& c) {
      if (r.path == "/slow") {
        cutAfter(c, content(), 10, "");
        c.hang();
      } else {
        serveWell(r, c, content());
      }
    });
    HttpServer silent([](const auto&, auto& c) { c.hang(); });
    const QString message = failure(request({server.url("/slow"), silent.url("/never")}));
    QVERIFY2(message.contains("the server stopped sending"), qPrintable(message));
    QVERIFY2(message.count("http://") == 2, qPrintable(message));
  }

  void anEndlessBodyIsCutOff() {
    HttpServer server([](const auto&, auto& c) {
      c.send("HTTP/1.1 200 OK\r\n\r\n");
      const std::string block(65536, 'e');
      while (c.send(block)) {
      }
    });
    auto wanted = request({server.url("/endless")});
    wanted.sizeLimit = 1 << 20;
    QVERIFY(failure(wanted).contains("more than 1048576 bytes"));
    QVERIFY(!fs::exists(part(wanted)));
  }

  void redirectsAreFollowedButNotForEver() {
    HttpServer server([](const auto& r, auto& c) {
      if (r.path == "/here") {
        c.answer("302 Found", "moved", "Location: /file.bin\r\n");
      } else if (r.path == "/circle") {
        c.answer("302 Found", "", "Location: /circle\r\n");
      } else if (r.path == "/local") {
        c.answer("302 Found", "", "Location: file:///etc/hostname\r\n");
      } else {
        serveWell(r, c, content());
      }
    });
    const auto wanted = request({server.url("/here")});
    download(wanted, {});
    QVERIFY(readFile(wanted.target, 1 << 20) == content());
    QVERIFY(failure(request({server.url("/circle")})).contains("redirect", Qt::CaseInsensitive));
    QVERIFY(failure(request({server.url("/local")})).contains("could not be downloaded"));
  }

  void otherProtocolsAreRefused() {
    QVERIFY(failure(request({"file:///etc/hostname"}), ErrorKind::BadInput).contains("only http"));
    QVERIFY(failure(request({"ftp://127.0.0.1/x"}), ErrorKind::BadInput).contains("only http"));
  }

  void cancellingIsQuickAndKeepsThePart() {
    HttpServer server([](const auto&, auto& c) {
      cutAfter(c, content(), 100'000);
      c.hang();
    });
    auto wanted = request({server.url("/file.bin")});
    wanted.stallTimeoutSeconds = 30;
    std::stop_source stop;
    QElapsedTimer sinceStop;
    // The stop comes from the progress report that says that the server's bytes are there.
    const JobContext context(stop.get_token(), [&](const Progress& p) {
      if (p.done == 100'000 && !stop.stop_requested()) {
        sinceStop.start();
        stop.request_stop();
      }
    });
    try {
      download(wanted, context);
      QFAIL("not cancelled");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Cancelled);
    }
    QVERIFY2(sinceStop.elapsed() < 200, qPrintable(QString::number(sinceStop.elapsed())));
    QCOMPARE(fs::file_size(part(wanted)), std::uintmax_t{100'000});
    QVERIFY(!fs::exists(wanted.target));
  }

  void aSecondDownloadOfTheSameFileIsRefused() {
    auto wanted = request({});
    QString inner;
    HttpServer server([](const auto& r, auto& c) { serveWell(r, c, content()); });
    wanted.urls = {server.url("/file.bin")};
    auto second = wanted;
    wanted.verify = [&](const fs::path&) {
      inner = failure(second);
      return std::string();
    };
    download(wanted, {});
    QVERIFY2(inner.contains("another download"), qPrintable(inner));
  }

  void unwritableFolder() {
    auto wanted = request({"http://127.0.0.1:1/x"});
    wanted.target = "/proc/nowhere/file.bin";
    QVERIFY(failure(wanted).contains("folder can't be made"));
  }
};

QTEST_APPLESS_MAIN(DownloadTest)
#include "download_test.moc"
