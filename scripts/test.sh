#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets up what is missing, builds, and runs all tests offscreen. Arguments go to ctest, such as `-R core.nn`.
#   WHORL_DATA=FOLDER    where data sets lie; tests that need them are skipped without it
#   WHORL_WERROR=ON      warnings in our own code are errors
#   WHORL_MAIN_JOB=ON    also registers the main job (label `main`), which .ci/run starts afterwards
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# Whether every failed test of ctest's folder $1 ended in the loader's refusal.
whorl_only_unloaded_failed() {
  local failed refused
  [[ -s $1/LastTestsFailed.log ]] || return 1
  failed=$(wc -l <"$1/LastTestsFailed.log")
  refused=$(grep -c '^[^ ]*: error while loading shared libraries: .*: Cannot allocate memory$' "$1/LastTest.log")
  [[ $refused -ge $failed ]]
}

whorl_build -DWHORL_TESTS=ON "-DWHORL_WERROR=${WHORL_WERROR:-OFF}" "-DWHORL_MAIN_JOB=${WHORL_MAIN_JOB:-OFF}"
say "Testing"
# Tests use two threads inside an operator; more at a time than the cores carry would make their clocks lie.
jobs=$(($(nproc) / 2))
export QT_QPA_PLATFORM=offscreen
ctest --preset release --parallel $((jobs > 1 ? jobs : 1)) "$@" && exit
status=$?
# A machine that is short of memory for a moment can refuse to load a test's libraries: the test has not run then. Those
# that never began are run once more; a test that began and failed is not.
if whorl_only_unloaded_failed build/release/Testing/Temporary; then
  say "The tests that failed could not be loaded, for want of memory; running them once more"
  free -m || true
  exec ctest --preset release --rerun-failed --output-on-failure
fi
exit "$status"
