// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/window_options.h"

#include <QCommandLineParser>

namespace whorl::ui {
namespace {

void declare(QCommandLineParser& parser) {
  parser.setApplicationDescription(
      QStringLiteral("See how an image classifier breaks, and what gives the attack away."));
  parser.addPositionalArgument(QStringLiteral("images"), QStringLiteral("Images to open."),
                               QStringLiteral("[images…]"));
  parser.addOptions({
      {{QStringLiteral("h"), QStringLiteral("help")}, QStringLiteral("Show this help.")},
      {{QStringLiteral("v"), QStringLiteral("version")}, QStringLiteral("Show the version.")},
      {QStringLiteral("data-dir"), QStringLiteral("Look for data sets here first."), QStringLiteral("folder")},
      {QStringLiteral("open"), QStringLiteral("Open this image; may be given more than once."), QStringLiteral("file")},
      {QStringLiteral("model"), QStringLiteral("Begin with this model: a shipped name or a file."),
       QStringLiteral("model")},
      {QStringLiteral("page"),
       QStringLiteral("Begin on this page: explore, landscape, theory, train, evaluate, similar or models."),
       QStringLiteral("page")},
      {QStringLiteral("theme"), QStringLiteral("Colours: system, light or dark."), QStringLiteral("theme")},
      {QStringLiteral("size"), QStringLiteral("Size of the window, such as 1280x800."), QStringLiteral("WxH")},
      {{QStringLiteral("first-picture"), QStringLiteral("screenshot")},
       QStringLiteral("Write a picture of the window once it shows its first attacked image, and the numbers as JSON "
                      "beside it; then leave. Needs no display."),
       QStringLiteral("file.png")},
  });
}

QSize parseSize(const QString& text) {
  const QStringList parts = text.split(QLatin1Char('x'));
  return parts.size() == 2 ? QSize(parts[0].toInt(), parts[1].toInt()) : QSize();
}

}  // namespace

WindowOptions parseWindowOptions(const QStringList& arguments) {
  QCommandLineParser parser;
  declare(parser);
  WindowOptions options;
  if (!parser.parse(arguments)) {
    options.problem = parser.errorText();
    return options;
  }
  options.help = parser.isSet(QStringLiteral("help"));
  options.version = parser.isSet(QStringLiteral("version"));
  options.dataFolder = parser.value(QStringLiteral("data-dir"));
  options.files = parser.values(QStringLiteral("open")) + parser.positionalArguments();
  options.model = parser.value(QStringLiteral("model"));
  options.page = parser.value(QStringLiteral("page"));
  options.firstPicture = parser.value(QStringLiteral("first-picture"));
  const QStringList pages = {QString(),
                             QStringLiteral("explore"),
                             QStringLiteral("landscape"),
                             QStringLiteral("theory"),
                             QStringLiteral("train"),
                             QStringLiteral("evaluate"),
                             QStringLiteral("similar"),
                             QStringLiteral("models")};
  if (!pages.contains(options.page)) {
    options.problem =
        QStringLiteral(
            "There is no page “%1”: explore, landscape, theory, train, evaluate, similar and models are there.")
            .arg(options.page);
  }
  if (parser.isSet(QStringLiteral("theme"))) {
    const QString name = parser.value(QStringLiteral("theme"));
    options.theme = themeFromName(name);
    if (themeName(*options.theme) != name) {
      options.problem = QStringLiteral("There is no theme “%1”: system, light and dark are there.").arg(name);
    }
  }
  if (parser.isSet(QStringLiteral("size"))) {
    options.size = parseSize(parser.value(QStringLiteral("size")));
    if (options.size.width() < 320 || options.size.height() < 240 || options.size.width() > 16384 ||
        options.size.height() > 16384) {
      options.problem = QStringLiteral("--size wants WIDTHxHEIGHT, such as 1280x800.");
    }
  }
  return options;
}

QString windowHelpText() {
  QCommandLineParser parser;
  declare(parser);
  return parser.helpText();
}

}  // namespace whorl::ui
