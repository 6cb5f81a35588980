# SPDX-License-Identifier: GPL-3.0-or-later
whorl_add_test(app/arguments_test.cpp LIBS whorl_cli LABELS core)
whorl_add_test(app/cli_test.cpp LIBS whorl_image TIMEOUT 600 LABELS core)
add_dependencies(test_app_cli whorl-cli whorl_engine)
whorl_add_test(app/landscape_cli_test.cpp LIBS whorl_image TIMEOUT 600 LABELS core)
add_dependencies(test_app_landscape_cli whorl-cli whorl_engine)
whorl_add_test(app/recipes_cli_test.cpp LIBS whorl_image TIMEOUT 600 LABELS core)
add_dependencies(test_app_recipes_cli whorl-cli whorl_engine)
