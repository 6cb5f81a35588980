# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/landscape/direction_test.cpp TORCH LIBS whorl_landscape LABELS core)
whorl_add_test(core/landscape/grid_test.cpp LIBS whorl_landscape LABELS core)
whorl_add_test(core/landscape/plane_test.cpp TORCH LIBS whorl_landscape LABELS core)
whorl_add_test(core/landscape/sample_test.cpp TORCH LIBS whorl_landscape LABELS core)
whorl_add_test(core/landscape/surface_file_test.cpp LIBS whorl_landscape whorl_image LABELS core)
whorl_add_test(core/landscape/values_test.cpp TORCH LIBS whorl_landscape LABELS core)
whorl_add_test(core/landscape/weights_test.cpp TORCH LIBS whorl_landscape LABELS core)
