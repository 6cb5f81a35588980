# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/attack/objective_test.cpp TORCH LIBS whorl_attack whorl_fingerprint LABELS core)
whorl_add_test(core/attack/projection_test.cpp TORCH LIBS whorl_attack LABELS core)
whorl_add_test(core/attack/iterative_test.cpp TORCH LIBS whorl_attack whorl_fingerprint LABELS core)
whorl_add_test(core/attack/attack_test.cpp TORCH LIBS whorl_attack whorl_fingerprint LABELS core)
whorl_add_test(core/attack/saliency_pair_test.cpp TORCH LIBS whorl_attack LABELS core)
whorl_add_test(core/attack/jsma_test.cpp TORCH LIBS whorl_attack whorl_fingerprint LABELS core)
whorl_add_test(core/attack/spsa_test.cpp TORCH LIBS whorl_attack whorl_fingerprint LABELS core)
whorl_add_test(core/attack/invariants_test.cpp TORCH LIBS whorl_attack whorl_fingerprint LABELS core)
