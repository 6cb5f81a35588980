#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets up what is missing, builds, and opens Whorl. Arguments go to the program. See setup.sh for its settings.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

whorl_build
program="$WHORL_ROOT/build/release/bin/whorl"

case "${QT_QPA_PLATFORM:-}" in
  offscreen* | minimal*) display=no ;;
  "") if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then display=yes; else display=no; fi ;;
  *) display=yes ;;
esac
if [ $display = yes ]; then
  say "Opening Whorl ($program)"
  exec "$program" "$@"
fi
picture="$WHORL_ROOT/build/first-picture.png"
say "There is no display here: writing the first picture instead"
QT_QPA_PLATFORM=offscreen "$program" --first-picture "$picture" "$@"
note "$picture"
note "${picture%.png}.json"
