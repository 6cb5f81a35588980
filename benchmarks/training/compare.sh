#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Training steps: Whorl beside a plain PyTorch loop, in turns, so that a busy moment hits both. Prints medians and ratios.
# Usage: benchmarks/training/compare.sh [ROUNDS] [DEVICE] (build with -DWHORL_BENCHMARKS=ON first)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-3}
device=${2:-cpu}
program=${WHORL_BENCH_TRAINING:-$root/build/release/bin/whorl-bench-training}
python=${WHORL_PYTHON:-$root/build/torch/bin/python}
images=${WHORL_BENCH_IMAGES:-4096}
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((round = 1; round <= rounds; ++round)); do
  "$python" "$root/benchmarks/training/pytorch_loop.py" --images "$images" --device "$device" | tee -a "$results"
  for precision in float32 bfloat16; do
    "$program" "images=$images" "device=$device" "precision=$precision" fingerprints_per_step=3 2>/dev/null | tee -a "$results"
  done
  "$python" "$root/benchmarks/training/pytorch_loop.py" --images "$images" --device "$device" --precision bfloat16 --tuned |
    tee -a "$results"
done
"$python" - "$results" <<'PYTHON'
import json, statistics, sys
rates = {}
for line in open(sys.argv[1]):
    run = json.loads(line)
    rates.setdefault((run["program"], run["precision"]), []).append(run["copies_per_second"])
base = statistics.median(rates[("pytorch", "float32")])
for (program, precision), values in rates.items():
    median = statistics.median(values)
    print(f"{program:14} {precision:9} {median:9.0f} copies/s  {median / base:5.2f} x plain PyTorch float32")
PYTHON
