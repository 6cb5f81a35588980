# SPDX-License-Identifier: GPL-3.0-or-later
# The main job, on the real MNIST: train, attack, detect and predict through the command line, and check the floors.
# It takes some minutes, so it is registered only on request, with a label of its own; .ci/run starts it last.
if(WHORL_MAIN_JOB)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME house.main_job
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/scripts/main_job.py
      --cli $<TARGET_FILE:whorl-cli> --work ${CMAKE_BINARY_DIR}/main_job --source ${CMAKE_SOURCE_DIR})
  set_tests_properties(house.main_job PROPERTIES LABELS main TIMEOUT 2400 RUN_SERIAL ON
    ENVIRONMENT "WHORL_ENGINE=$<TARGET_FILE:whorl_engine>;LC_ALL=C.UTF-8")
endif()
