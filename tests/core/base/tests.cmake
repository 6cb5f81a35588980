# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/base/atomic_file_test.cpp LIBS whorl_base LABELS core)
whorl_add_test(core/base/error_test.cpp LIBS whorl_base LABELS core)
whorl_add_test(core/base/job_test.cpp LIBS whorl_base LABELS core threads)
whorl_add_test(core/base/log_test.cpp LIBS whorl_base LABELS core)
whorl_add_test(core/base/parameters_test.cpp LIBS whorl_base LABELS core)
whorl_add_test(core/base/random_test.cpp LIBS whorl_base LABELS core)
whorl_add_test(core/base/scheduler_test.cpp LIBS whorl_base LABELS core threads)
whorl_add_test(core/base/sha256_test.cpp LIBS whorl_base LABELS core)
