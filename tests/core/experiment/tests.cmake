# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/experiment/report_test.cpp LIBS whorl_report LABELS core)
