// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/quiet.h"

#include <iostream>
#include <mutex>
#include <streambuf>

namespace whorl {

namespace {

// Aligned as what follows it in a program: mold 1.10 starts GNU_RELRO at thread-local data of less, which may lie on a
// page before that isn't mapped, and the loader then refuses the program.
alignas(16) thread_local int quietScopes = 0;

/// Stands before the buffer that std::cerr had. Unbuffered, so it holds no state that threads could share.
class Filter : public std::streambuf {
 public:
  explicit Filter(std::streambuf* behind) : m_behind(behind) {}

 protected:
  int_type overflow(int_type c) override {
    if (quietScopes > 0 || traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    return m_behind->sputc(traits_type::to_char_type(c));
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    return quietScopes > 0 ? count : m_behind->sputn(text, count);
  }
  int sync() override { return quietScopes > 0 ? 0 : m_behind->pubsync(); }

 private:
  std::streambuf* m_behind;
};

}  // namespace

QuietErrorStream::QuietErrorStream() {
  static std::once_flag once;
  // Never destroyed: std::cerr is used until the very end of the process.
  std::call_once(once, [] { std::cerr.rdbuf(new Filter(std::cerr.rdbuf())); });
  ++quietScopes;
}

QuietErrorStream::~QuietErrorStream() { --quietScopes; }

}  // namespace whorl
