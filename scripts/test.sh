#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets up what is missing, builds, and runs all tests offscreen. Arguments go to ctest, such as `-R core.nn`.
#   WHORL_DATA=FOLDER    where data sets lie; tests that need them are skipped without it
#   WHORL_WERROR=ON      warnings in our own code are errors
#   WHORL_MAIN_JOB=ON    also registers the main job (label `main`), which .ci/run starts afterwards
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

whorl_build -DWHORL_TESTS=ON "-DWHORL_WERROR=${WHORL_WERROR:-OFF}" "-DWHORL_MAIN_JOB=${WHORL_MAIN_JOB:-OFF}"
say "Testing"
# Tests use two threads inside an operator; more at a time than the cores carry would make their clocks lie.
jobs=$(($(nproc) / 2))
QT_QPA_PLATFORM=offscreen ctest --preset release --parallel $((jobs > 1 ? jobs : 1)) "$@"
