// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// What the tests of the house have in common: our own files, read as text.

#include <QtCore/QDir>
#include <QtCore/QDirIterator>
#include <QtCore/QFile>
#include <QtCore/QMap>
#include <QtCore/QRegularExpression>
#include <QtCore/QStringList>

namespace whorl::house {

/// Path from the root ("core/base/log.h") → content.
using Tree = QMap<QString, QString>;

/// All files below `folders` whose names match one of `patterns`.
inline Tree readTree(const QString& root, const QStringList& folders, const QStringList& patterns) {
  Tree tree;
  for (const QString& folder : folders) {
    QDirIterator walk(root + "/" + folder, patterns, QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
    while (walk.hasNext()) {
      QFile file(walk.next());
      if (!file.open(QIODevice::ReadOnly)) qFatal("can't read %s", qPrintable(file.fileName()));
      tree[QDir(root).relativeFilePath(file.fileName())] = QString::fromUtf8(file.readAll());
    }
  }
  return tree;
}

/// C++ without its comments, and without the contents of its strings if `keepStrings` is false. Lines stay lines.
inline QString codeOnly(const QString& text, bool keepStrings) {
  enum class In { Code, Line, Block, String, Char, Raw };
  In in = In::Code;
  QString out, rawEnd;
  for (qsizetype i = 0; i < text.size(); ++i) {
    const QChar c = text[i];
    const QChar next = i + 1 < text.size() ? text[i + 1] : QChar();
    const bool literal = in == In::String || in == In::Char || in == In::Raw;
    if (in == In::Code && c == '/' && next == '/') in = In::Line;
    if (in == In::Code && c == '/' && next == '*') in = In::Block;
    if (c == '\n') {
      if (in == In::Line) in = In::Code;
      out += c;
    } else if (in == In::Code) {
      out += c;
      const bool digitSeparator = c == '\'' && i > 0 && text[i - 1].isLetterOrNumber();
      if (c == 'R' && next == '"') {
        const qsizetype open = text.indexOf('(', i);
        rawEnd = ")" + text.mid(i + 2, open - i - 2) + "\"";
        i = open;
        out += "\"";
        in = In::Raw;
      } else if (c == '"') {
        in = In::String;
      } else if (c == '\'' && !digitSeparator) {
        in = In::Char;
      }
    } else if (literal) {
      const bool ends = (in == In::String && c == '"') || (in == In::Char && c == '\'') ||
                        (in == In::Raw && text.mid(i, rawEnd.size()) == rawEnd);
      if (ends) {
        out += in == In::Char ? '\'' : '"';
        if (in == In::Raw) i += rawEnd.size() - 1;
        in = In::Code;
      } else {
        if (keepStrings) out += c;
        if (in != In::Raw && c == '\\') {
          if (keepStrings) out += next;
          ++i;
        }
      }
    } else if (in == In::Block && c == '*' && next == '/') {
      ++i;
      in = In::Code;
    }
  }
  return out;
}

}  // namespace whorl::house
