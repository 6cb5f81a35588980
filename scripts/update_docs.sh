#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes the generated part of docs/attacks.md anew from what the attacks declare.
set -euo pipefail
cd "$(dirname "$0")/.."
cli=${1:-build/release/bin/whorl-cli}
table=$(mktemp)
trap 'rm -f "$table"' EXIT
"$cli" attacks table >"$table"
python3 - "$table" docs/attacks.md <<'PYTHON'
import pathlib
import sys

table = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
path = pathlib.Path(sys.argv[2])
text = path.read_text(encoding="utf-8")
begin = "<!-- generated: whorl-cli attacks table -->\n"
end = "<!-- end of the generated part -->"
before, rest = text.split(begin)
after = rest.split(end)[1]
path.write_text(before + begin + "\n" + table + "\n" + end + after, encoding="utf-8")
PYTHON
