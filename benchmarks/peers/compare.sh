#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whorl beside torchattacks, foolbox, ART, cleverhans and adv-lib: makes their environment if it is missing, runs the
# experiments, prints one table. Build Whorl first, and measure on an idle machine.
#   benchmarks/peers/compare.sh --weights FILE [--only E2,E4] [--threads 1] [--reuse] …   (--help lists all)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/setup.sh"
export PYTHONDONTWRITEBYTECODE=1 GIT_PYTHON_REFRESH=quiet
exec "$here/../../build/peers/bin/python" "$here/compare.py" "$@"
