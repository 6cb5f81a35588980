// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace whorl {

namespace {

namespace fs = std::filesystem;

constexpr int kAttemptsPerMirror = 3;
constexpr int kPollMilliseconds = 50;  // so that cancelling is acknowledged well within 200 ms
constexpr long kMaxRedirects = 5;

[[noreturn]] void diskError(const std::string& what, const fs::path& path) {
  throw Error(ErrorKind::Failed, what + ": " + std::strerror(errno), path.string(),
              "free some space or choose another folder");
}

/// TARGET.part, locked against a second download of the same file for as long as this object lives.
class PartFile {
 public:
  explicit PartFile(const fs::path& path) : m_path(path) {
    m_descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (m_descriptor < 0) diskError("the download can't be written", path);
    if (::flock(m_descriptor, LOCK_EX | LOCK_NB) != 0) {
      ::close(m_descriptor);
      throw Error(ErrorKind::Failed, "another download of this file is running", path.string(),
                  "wait until it has ended");
    }
  }
  ~PartFile() { ::close(m_descriptor); }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  std::uint64_t size() const {
    struct stat status {};
    if (::fstat(m_descriptor, &status) != 0) diskError("the download can't be read", m_path);
    return static_cast<std::uint64_t>(status.st_size);
  }
  void truncate() {
    if (::ftruncate(m_descriptor, 0) != 0) diskError("the download can't be written", m_path);
  }
  void append(const char* data, std::size_t count) {
    if (::lseek(m_descriptor, 0, SEEK_END) < 0) diskError("the download can't be written", m_path);
    while (count > 0) {
      const ssize_t written = ::write(m_descriptor, data, count);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) diskError("the download can't be written", m_path);
      data += written;
      count -= static_cast<std::size_t>(written);
    }
  }
  void flush() {
    if (::fsync(m_descriptor) != 0) diskError("the download can't be written", m_path);
  }

 private:
  fs::path m_path;
  int m_descriptor = -1;
};

/// What the .part file is a part of, kept beside it: mirrors may pack the same content differently, and a file may
/// change at its address, so only the same version from the same address is continued.
struct Origin {
  std::string url;
  std::string validator;  ///< a strong ETag or Last-Modified

  static Origin read(const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return {};
    try {
      const auto json = nlohmann::json::parse(readFile(path, std::size_t{1} << 16));
      return {json.at("url").get<std::string>(), json.at("validator").get<std::string>()};
    } catch (const std::exception&) {
      return {};  // then the download starts afresh
    }
  }
  void write(const fs::path& path) const {
    AtomicFile file(path);
    file.write(nlohmann::json{{"url", url}, {"validator", validator}}.dump());
    file.commit();
  }
};

// CURL and CURLM are both void to the compiler, so each has a closer of its own.
struct EasyCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiCloser {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// How one attempt ended. `problem` is empty when all bytes have arrived.
struct Attempt {
  std::string problem;
  bool retry = false;  ///< the connection broke: the same address may well go on
};

class Transfer {
 public:
  Transfer(const DownloadRequest& request, std::string url, PartFile& part, fs::path originFile,
           const JobContext& context)
      : m_request(request),
        m_url(std::move(url)),
        m_part(part),
        m_originFile(std::move(originFile)),
        m_context(context) {}

  Attempt run();

 private:
  static std::size_t onHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t onBody(char* data, std::size_t size, std::size_t count, void* self);
  void configure();
  void takeHeader(std::string_view line);
  void beginBody();
  void takeBody(const char* data, std::size_t count);
  CURLcode perform();
  Attempt judge(CURLcode code);
  void report();

  const DownloadRequest& m_request;
  std::string m_url;
  PartFile& m_part;
  fs::path m_originFile;
  const JobContext& m_context;
  std::unique_ptr<CURL, EasyCloser> m_easy;
  std::unique_ptr<curl_slist, ListCloser> m_headers;
  char m_reason[CURL_ERROR_SIZE] = "";
  std::uint64_t m_offset = 0;  ///< bytes that were there before
  std::string m_etag;
  std::string m_modified;
  std::string m_contentRange;
  bool m_bodyBegun = false;
  std::optional<std::string> m_refusal;  ///< why we broke off ourselves
  std::exception_ptr m_thrown;           ///< what a callback threw; it must not cross libcurl
};

std::size_t Transfer::onHeader(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<Transfer*>(self)->takeHeader({data, size * count});
  return size * count;
}

std::size_t Transfer::onBody(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.takeBody(data, size * count);
  } catch (...) {
    transfer.m_thrown = std::current_exception();
    return 0;
  }
  return transfer.m_refusal ? 0 : size * count;
}

/// The value of a header line if it has this name, else empty. Names are case-insensitive.
std::string headerValue(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return {};
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(line[i])) != name[i]) return {};
  }
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  return std::string(line);
}

void Transfer::takeHeader(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // a new answer, as after a redirect
    m_etag.clear();
    m_modified.clear();
    m_contentRange.clear();
  }
  if (auto value = headerValue(line, "etag"); !value.empty() && !value.starts_with("W/")) m_etag = value;
  if (auto value = headerValue(line, "last-modified"); !value.empty()) m_modified = value;
  if (auto value = headerValue(line, "content-range"); !value.empty()) m_contentRange = value;
}

void Transfer::beginBody() {
  m_bodyBegun = true;
  long status = 0;
  curl_easy_getinfo(m_easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 300) {
    m_refusal = "HTTP " + std::to_string(status);
    return;
  }
  if (status == 206) {
    if (!m_contentRange.starts_with("bytes " + std::to_string(m_offset) + "-")) {
      m_refusal = "the server sent another part of the file than was asked for";
      m_part.truncate();
    }
    return;
  }
  // The whole file: nothing was there, the server knows no ranges, or the file has changed since.
  m_part.truncate();
  m_offset = 0;
  Origin{m_url, m_etag.empty() ? m_modified : m_etag}.write(m_originFile);
}

void Transfer::takeBody(const char* data, std::size_t count) {
  if (!m_bodyBegun) beginBody();
  if (m_refusal) return;
  if (m_part.size() + count > m_request.sizeLimit) {
    m_refusal = "more than " + std::to_string(m_request.sizeLimit) + " bytes came";
    m_part.truncate();
    return;
  }
  m_part.append(data, count);
}

void Transfer::configure() {
  CURL* easy = m_easy.get();
  curl_easy_setopt(easy, CURLOPT_URL, m_url.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, m_reason);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // cancelling doesn't wait for a name server
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "whorl");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // A redirect may lead from http to https, never back.
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, m_url.starts_with("https:") ? "https" : "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(m_request.connectTimeoutSeconds));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(m_request.stallTimeoutSeconds));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::onHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::onBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);

  const Origin origin = Origin::read(m_originFile);
  m_offset = m_part.size();
  if (m_offset > 0 && origin.url == m_url && !origin.validator.empty()) {
    curl_easy_setopt(easy, CURLOPT_RANGE, (std::to_string(m_offset) + "-").c_str());
    m_headers.reset(curl_slist_append(nullptr, ("If-Range: " + origin.validator).c_str()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, m_headers.get());
  } else {
    m_offset = 0;
  }
}

void Transfer::report() {
  curl_off_t total = 0;
  curl_easy_getinfo(m_easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &total);
  const auto done = static_cast<std::int64_t>(m_part.size());
  const std::int64_t whole = total > 0 ? static_cast<std::int64_t>(m_offset) + total : 0;
  m_context.report({done, m_bodyBegun ? whole : 0, "downloading " + m_request.target.filename().string(), {}});
}

CURLcode Transfer::perform() {
  const std::unique_ptr<CURLM, MultiCloser> multi(curl_multi_init());
  if (!multi) throw Error(ErrorKind::Failed, "libcurl could not start");
  curl_multi_add_handle(multi.get(), m_easy.get());
  // Taken out before either handle goes, also when step() throws.
  const auto remove = [&](CURL* easy) { curl_multi_remove_handle(multi.get(), easy); };
  const std::unique_ptr<CURL, decltype(remove)> added(m_easy.get(), remove);
  int running = 1;
  while (running > 0) {
    m_context.step();
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
    report();
    if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, kPollMilliseconds, nullptr);
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi.get(), &left);
  return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

Attempt Transfer::judge(CURLcode code) {
  if (m_thrown) std::rethrow_exception(m_thrown);
  if (m_refusal) return {*m_refusal, false};
  long status = 0;
  curl_easy_getinfo(m_easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status == 416) {  // nothing behind what is there: it is not what it was
    m_part.truncate();
    return {"the server could not continue the download", true};
  }
  if (code == CURLE_OK && status >= 300) return {"HTTP " + std::to_string(status), false};
  if (code == CURLE_OK) {
    if (!m_bodyBegun) return {"the server sent an empty file", false};
    return {};
  }
  if (code == CURLE_OPERATION_TIMEDOUT && m_bodyBegun) return {"the server stopped sending", true};
  const std::string reason = m_reason[0] ? m_reason : curl_easy_strerror(code);
  const bool broken = code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
  return {reason, broken};
}

Attempt Transfer::run() {
  m_easy.reset(curl_easy_init());
  if (!m_easy) throw Error(ErrorKind::Failed, "libcurl could not start");
  configure();
  return judge(perform());
}

/// Tries one address until the file is whole and right: continued when the connection breaks, started afresh once when
/// a continued file doesn't verify. Returns "" or why it failed.
std::string tryMirror(const DownloadRequest& request, const std::string& url, PartFile& part, const fs::path& partPath,
                      const fs::path& originPath, const JobContext& context) {
  std::string problem;
  for (int attempt = 0; attempt < kAttemptsPerMirror; ++attempt) {
    const std::uint64_t before = part.size();
    const Attempt result = Transfer(request, url, part, originPath, context).run();
    problem = result.problem;
    if (!problem.empty()) {
      if (!result.retry || part.size() == before) return problem;  // nothing came: no use in asking again
      continue;
    }
    context.step();
    problem = request.verify ? request.verify(partPath) : std::string();
    if (problem.empty()) return {};
    part.truncate();  // a file that doesn't verify must not be continued
    if (before == 0) return problem;
  }
  return problem;
}

void startCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

void download(const DownloadRequest& request, const JobContext& context) {
  context.throwIfStopped();
  for (const std::string& url : request.urls) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
      throw Error(ErrorKind::BadInput, "only http and https addresses are downloaded from", url);
    }
  }
  startCurlOnce();
  std::error_code error;
  fs::create_directories(request.target.parent_path(), error);
  if (error) {
    throw Error(ErrorKind::Failed, "the folder can't be made: " + error.message(),
                request.target.parent_path().string());
  }
  const fs::path partPath = request.target.string() + ".part";
  const fs::path originPath = request.target.string() + ".part.json";
  std::string reasons;
  {
    PartFile part(partPath);
    for (const std::string& url : request.urls) {
      const std::string problem = tryMirror(request, url, part, partPath, originPath, context);
      if (problem.empty()) {
        part.flush();
        fs::rename(partPath, request.target, error);
        if (error) {
          throw Error(ErrorKind::Failed, "the download can't be moved into place: " + error.message(),
                      request.target.string());
        }
        fs::remove(originPath, error);
        return;
      }
      reasons.append(reasons.empty() ? "" : "; ").append(url).append(": ").append(problem);
    }
    if (part.size() == 0) {
      fs::remove(partPath, error);
      fs::remove(originPath, error);
    }
  }
  throw Error(ErrorKind::Failed,
              "the file could not be downloaded (" + (reasons.empty() ? "no address" : reasons) + ")",
              request.target.filename().string(), "check the connection and try again: what arrived is continued");
}

}  // namespace whorl
