# SPDX-License-Identifier: GPL-3.0-or-later
# Scripts of benchmarks/, as far as they run on Python's standard library alone.
find_package(Python3 QUIET COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
  add_test(NAME benchmarks.peers COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/peers_test.py)
  set_tests_properties(benchmarks.peers PROPERTIES TIMEOUT 60 LABELS house ENVIRONMENT "LC_ALL=C.UTF-8")
endif()
