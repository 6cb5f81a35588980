#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures how long the window takes from its start to its first paint: seconds, one line a start, each with a fresh
# profile on a virtual screen (Xvfb keeps its pixels in a file, which is looked at every 5 ms).
# Usage: scripts/first_paint.sh [whorl] [starts]
set -euo pipefail
whorl=${1:-build/release/bin/whorl}
starts=${2:-7}
folder=$(mktemp -d)
Xvfb -displayfd 3 -screen 0 1280x800x24 -fbdir "$folder" 3>"$folder/display" >/dev/null 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$folder"' EXIT
while [ ! -s "$folder/display" ]; do sleep 0.1; done
DISPLAY=":$(cat "$folder/display")"
export DISPLAY QT_QPA_PLATFORM=xcb
for ((i = 0; i < starts; ++i)); do
  mkdir -m 700 "$folder/home$i"
  HOME="$folder/home$i" XDG_CONFIG_HOME="$folder/home$i/config" XDG_DATA_HOME="$folder/home$i/data" \
    XDG_RUNTIME_DIR="$folder/home$i" python3 - "$whorl" "$folder/Xvfb_screen0" <<'PYTHON'
import subprocess, sys, time

def painted():
    pixels = open(sys.argv[2], "rb").read()[-1280 * 800 * 4:]
    return sum(pixels[i:i + 3] != b"\0\0\0" for i in range(0, len(pixels), 4 * 9973)) > 20

while painted():  # the last window is still there
    time.sleep(0.05)
begin = time.monotonic()
window = subprocess.Popen([sys.argv[1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while not painted() and time.monotonic() - begin < 20 and window.poll() is None:
    time.sleep(0.005)
print(f"{time.monotonic() - begin:.2f}" if painted() else "no window", flush=True)
window.kill()
window.wait()
PYTHON
done
