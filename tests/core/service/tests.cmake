# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/service/attacked_images_test.cpp TORCH LIBS whorl_engine_core LABELS core)
whorl_add_test(core/service/engine_test.cpp TORCH LIBS whorl_engine_core LABELS core)
whorl_add_test(core/service/even_trace_test.cpp LABELS core)
whorl_add_test(core/service/training_test.cpp TORCH LIBS whorl_engine_core LABELS core)
whorl_add_test(core/service/evaluate_test.cpp TORCH LIBS whorl_engine_core LABELS core)
whorl_add_test(core/service/models_test.cpp TORCH LIBS whorl_engine_core LABELS core)
whorl_add_test(core/service/image_metrics_test.cpp TORCH LIBS whorl_engine_core LABELS core)
whorl_add_test(core/service/result_file_test.cpp TORCH LIBS whorl_engine_core LABELS core)
