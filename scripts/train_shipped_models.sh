#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Trains the models of resources/models anew from resources/recipes/shipped-models.txt.
# Usage: scripts/train_shipped_models.sh [NAME …] (default: all; MNIST must be found: --data-dir through WHORL_DATA)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
program=${WHORL_CLI:-$root/build/release/bin/whorl-cli}
while IFS='|' read -r file data preset seed name; do
  if [[ -z $file || $file == \#* ]]; then continue; fi
  if (($# > 0)) && [[ " $* " != *" $file "* ]]; then continue; fi
  echo "== $file"
  "$program" train --data "$data" --preset "$preset" --seed "$seed" --name "$name" \
    --output "$root/resources/models/$file.safetensors"
done <"$root/resources/recipes/shipped-models.txt"
