#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check.sh [format|tidy] [FILE…]: is our own code formatted, and clean under clang-tidy? Without a word: both.
#   check.sh tidy core/base/log.cpp    checks some files only (a file with torch's headers takes a minute)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

what="${1:-all}"
if [ $# -gt 0 ]; then shift; fi
sources() { if [ $# -gt 0 ]; then printf '%s\n' "$@"; else git ls-files '*.cpp' '*.h'; fi; }

need() { command -v "$1" >/dev/null || { echo "check.sh: $1 is missing; install the package $1" >&2; exit 1; }; }

check_format() {
  need clang-format
  sources "$@" | xargs clang-format --dry-run -Werror
  echo "formatted: $(sources "$@" | wc -l) files"
}

check_tidy() {
  need clang-tidy
  local build=build/release
  if [ ! -e $build/compile_commands.json ]; then
    echo "check.sh: $build is not configured; run scripts/test.sh first" >&2
    exit 1
  fi
  sources "$@" | grep '\.cpp$' | xargs -P "$(nproc)" -n 1 \
    clang-tidy -p $build --quiet --extra-arg=-Wno-unknown-warning-option --warnings-as-errors='*'
}

case "$what" in
  format) check_format "$@" ;;
  tidy) check_tidy "$@" ;;
  all)
    check_format
    check_tidy
    ;;
  *)
    echo "usage: check.sh [format|tidy] [FILE…]" >&2
    exit 2
    ;;
esac
