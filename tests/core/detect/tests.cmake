# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/detect/metrics_test.cpp LIBS whorl_detect LABELS core)
whorl_add_test(core/detect/roc_test.cpp LIBS whorl_detect LABELS core)
whorl_add_test(core/detect/detector_test.cpp TORCH LIBS whorl_detect LABELS core)
whorl_add_test(core/detect/logistic_test.cpp TORCH LIBS whorl_detect LABELS core)
