# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/image/colour_map_test.cpp LIBS whorl_image LABELS core)
whorl_add_test(core/image/convert_test.cpp LIBS whorl_image opencv_core LABELS core)
whorl_add_test(core/image/image_file_test.cpp LIBS whorl_image opencv_core opencv_imgcodecs LABELS core)
whorl_add_test(core/image/perturbation_test.cpp LIBS whorl_image LABELS core)
