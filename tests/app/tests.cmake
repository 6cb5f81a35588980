# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(app/arguments_test.cpp LIBS whorl_cli LABELS core)
