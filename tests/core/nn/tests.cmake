# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/nn/architecture_test.cpp LIBS whorl_nn LABELS core)
whorl_add_test(core/nn/network_test.cpp TORCH LIBS whorl_nn LABELS core)
whorl_add_test(core/nn/classifier_test.cpp TORCH LIBS whorl_nn LABELS core)
whorl_add_test(core/nn/device_test.cpp TORCH LIBS whorl_nn LABELS core)
whorl_add_test(core/nn/safetensors_test.cpp TORCH LIBS whorl_nn LABELS core)
whorl_add_test(core/nn/model_test.cpp TORCH LIBS whorl_nn LABELS core)
whorl_add_test(core/nn/import_test.cpp TORCH LIBS whorl_nn LABELS core)
add_dependencies(test_core_nn_import whorl-torchscript-probe)
