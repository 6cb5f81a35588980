// SPDX-License-Identifier: GPL-3.0-or-later
// toml++ before 3.4 builds and destroys tables by recursion, however many names a dotted key has: 40 kB of "[a.a.a…]"
// are more than the stack holds. This looks at the text first, knowing no more of TOML 1.0 than where strings and
// comments end and what separates keys.
#include "core/experiment/toml_depth.h"

#include <algorithm>

#include "core/base/error.h"

namespace whorl {
namespace {

class DepthScanner {
 public:
  DepthScanner(std::string_view text, const std::string& where) : m_text(text), m_where(where) {}

  void scan() {
    while (m_at < m_text.size()) {
      const char c = m_text[m_at];
      if (c == '#') {
        m_at = std::min(m_text.find('\n', m_at), m_text.size());
      } else if (c == '"' || c == '\'') {
        skipString(c);
      } else {
        count(c);
        ++m_at;
      }
    }
  }

 private:
  void count(char c) {
    if (c == '\n') ++m_line;
    if (c == '.') {
      if (++m_dots >= kDeepestToml) refuse("a key has too many parts");
    } else if (c == '\n' || c == '=' || c == ',' || isBracket(c)) {
      m_dots = 0;
    }
    if ((c == '[' || c == '{') && ++m_brackets > kDeepestToml) refuse("lists and tables are nested too deeply");
    if (c == ']' || c == '}') m_brackets = std::max(0, m_brackets - 1);
  }

  static bool isBracket(char c) { return c == '[' || c == ']' || c == '{' || c == '}'; }

  /// From the opening quote to behind the closing one. A string of one line that isn't closed ends with the line, where
  /// the parser refuses it.
  void skipString(char quote) {
    const std::string_view three = quote == '"' ? R"(""")" : "'''";
    const bool multiline = m_text.substr(m_at, 3) == three;
    m_at += multiline ? 3 : 1;
    for (; m_at < m_text.size(); ++m_at) {
      const char c = m_text[m_at];
      if (c == '\n' && !multiline) return;
      if (c == '\n') ++m_line;
      if (c == '\\' && quote == '"') {
        ++m_at;
        if (m_at < m_text.size() && m_text[m_at] == '\n') ++m_line;
      } else if (!multiline && c == quote) {
        ++m_at;
        return;
      } else if (multiline && m_text.substr(m_at, 3) == three) {
        m_at += 3;
        // One or two quotes may end the string's own text.
        for (int i = 0; i < 2 && m_at < m_text.size() && m_text[m_at] == quote; ++i) ++m_at;
        return;
      }
    }
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::BadInput, what, m_where + ":" + std::to_string(m_line),
                "at most " + std::to_string(kDeepestToml) + " are allowed");
  }

  std::string_view m_text;
  const std::string& m_where;
  std::size_t m_at = 0;
  int m_line = 1;
  int m_dots = 0;
  int m_brackets = 0;
};

}  // namespace

void checkTomlDepth(std::string_view text, const std::string& where) { DepthScanner(text, where).scan(); }

}  // namespace whorl
