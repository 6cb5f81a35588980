# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/experiment/comparison_test.cpp LIBS whorl_comparison LABELS core)
whorl_add_test(core/experiment/duplicates_test.cpp LIBS whorl_comparison LABELS core)
whorl_add_test(core/experiment/report_test.cpp LIBS whorl_report LABELS core)
whorl_add_test(core/experiment/sweep_map_test.cpp LIBS whorl_report LABELS core)
whorl_add_test(core/experiment/figures_test.cpp TORCH LIBS whorl_experiment LABELS core)
whorl_add_test(core/experiment/recipe_test.cpp TORCH LIBS whorl_experiment LABELS core)
whorl_add_test(core/experiment/run_store_test.cpp TORCH LIBS whorl_experiment SQLiteCpp LABELS core)
whorl_add_test(core/experiment/runner_test.cpp TORCH LIBS whorl_experiment SQLiteCpp LABELS core)
