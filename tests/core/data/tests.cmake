# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/data/archive_test.cpp LIBS whorl_data LibArchive::LibArchive LABELS core)
whorl_add_test(core/data/catalogue_test.cpp LIBS whorl_data LibArchive::LibArchive LABELS core)
whorl_add_test(core/data/download_test.cpp LIBS whorl_data LABELS core)
whorl_add_test(core/data/generated_test.cpp LIBS whorl_data LABELS core)
whorl_add_test(core/data/image_folder_test.cpp LIBS whorl_data LibArchive::LibArchive LABELS core)
whorl_add_test(core/data/npy_test.cpp LIBS whorl_data LABELS core)
whorl_add_test(core/data/readers_test.cpp LIBS whorl_data LABELS core)
