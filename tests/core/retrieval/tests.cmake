# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/retrieval/feature_index_test.cpp LIBS whorl_feature_index LABELS core)
whorl_add_test(core/retrieval/feature_layer_test.cpp TORCH LIBS whorl_retrieval LABELS core)
whorl_add_test(core/retrieval/neighbour_search_test.cpp TORCH LIBS whorl_retrieval LABELS core)
whorl_add_test(core/retrieval/pair_figures_test.cpp LIBS whorl_pair_figures LABELS core)
