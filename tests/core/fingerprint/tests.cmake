# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/fingerprint/fingerprint_test.cpp TORCH LIBS whorl_fingerprint LABELS core)
whorl_add_test(core/fingerprint/sampling_test.cpp TORCH LIBS whorl_fingerprint LABELS core)
