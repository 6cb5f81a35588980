# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(core/train/augmentation_test.cpp TORCH LIBS whorl_train LABELS core)
whorl_add_test(core/train/schedule_test.cpp LIBS whorl_train LABELS core)
whorl_add_test(core/train/objectives_test.cpp TORCH LIBS whorl_train LABELS core)
whorl_add_test(core/train/optimizer_test.cpp TORCH LIBS whorl_train LABELS core)
whorl_add_test(core/train/stability_test.cpp TORCH LIBS whorl_train LABELS core)
whorl_add_test(core/train/trainer_test.cpp TORCH LIBS whorl_train LABELS core)
