// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace whorl::test {

struct HttpRequest {
  std::string path;
  std::string head;  ///< all header lines as they came

  /// The value of "Name: value", or empty.
  std::string header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

/// One accepted connection, on which a test may answer as badly as it likes.
class Connection {
 public:
  Connection(int socket, const std::atomic<bool>& stop) : m_socket(socket), m_stop(stop) {}

  /// False once the client has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(m_socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void answer(const std::string& status, std::string_view body, const std::string& headers = {}) {
    send("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "Connection: close\r\n\r\n");
    send(body);
  }
  /// Says nothing until the client goes or the server ends.
  void hang() {
    char byte;
    while (!m_stop && ::recv(m_socket, &byte, 1, 0) != 0) {
    }
  }

 private:
  int m_socket;
  const std::atomic<bool>& m_stop;
};

/// A web server on 127.0.0.1 that answers one request after another with `handler`, on its own thread.
class HttpServer {
 public:
  using Handler = std::function<void(const HttpRequest&, Connection&)>;

  explicit HttpServer(Handler handler) : m_handler(std::move(handler)) {
    m_socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (m_socket < 0 || ::bind(m_socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(m_socket, 8) != 0 || ::getsockname(m_socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("the test's web server could not start");
    }
    m_port = ntohs(address.sin_port);
    m_thread = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    m_stop = true;
    ::shutdown(m_socket, SHUT_RDWR);
    m_thread.join();
    ::close(m_socket);
  }

  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(m_port) + path; }
  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(m_mutex);
    return m_requests;
  }

 private:
  void serve() {
    while (!m_stop) {
      const int client = ::accept(m_socket, nullptr, nullptr);
      if (client < 0) continue;
      timeval timeout{0, 50'000};  // so that a hanging connection notices the end
      ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
      HttpRequest request;
      char buffer[2048];
      while (!m_stop && request.head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = ::recv(client, buffer, sizeof buffer, 0);
        if (got == 0) break;
        if (got > 0) request.head.append(buffer, static_cast<std::size_t>(got));
      }
      const auto first = request.head.find(' ');
      if (first != std::string::npos) {
        request.path = request.head.substr(first + 1, request.head.find(' ', first + 1) - first - 1);
        {
          const std::lock_guard lock(m_mutex);
          m_requests.push_back(request);
        }
        Connection connection(client, m_stop);
        m_handler(request, connection);
      }
      ::shutdown(client, SHUT_RDWR);
      ::close(client);
    }
  }

  Handler m_handler;
  int m_socket = -1;
  int m_port = 0;
  std::atomic<bool> m_stop{false};
  mutable std::mutex m_mutex;
  std::vector<HttpRequest> m_requests;
  std::thread m_thread;
};

}  // namespace whorl::test
