// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// The one way to QCustomPlot, from .cpp files only: Debian's header uses Qt's keywords, which the project switches off.
#include <QObject>

#define signals Q_SIGNALS
#define foreach Q_FOREACH
#include <qcustomplot.h>
#undef foreach
#undef signals
