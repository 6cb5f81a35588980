# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/theory/bands_test.cpp LIBS whorl_theory LABELS core)
whorl_add_test(core/theory/experiment_test.cpp LIBS whorl_theory LABELS core)
whorl_add_test(core/theory/linear_test.cpp LIBS whorl_theory LABELS core)
whorl_add_test(core/theory/network_test.cpp LIBS whorl_theory LABELS core)
whorl_add_test(core/theory/rays_test.cpp LIBS whorl_theory LABELS core)
whorl_add_test(core/theory/toys_test.cpp LIBS whorl_theory LABELS core)
whorl_add_test(core/theory/trainer_test.cpp LIBS whorl_theory LABELS core)
whorl_add_test(core/theory/trajectory_test.cpp LIBS whorl_theory LABELS core)
