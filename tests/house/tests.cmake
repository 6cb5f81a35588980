# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of the house itself: its arrows, its files, and what its programs load.
whorl_add_test(house/arrows_test.cpp LIBS Qt6::Core LABELS house)
whorl_add_test(house/files_test.cpp LIBS Qt6::Core LABELS house)
whorl_add_test(house/no_qt5_test.cpp LIBS Qt6::Core LABELS house)
add_dependencies(test_house_no_qt5 whorl whorl-cli whorl_engine)
include(${CMAKE_CURRENT_LIST_DIR}/main_job.cmake)
