#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes the generated parts of docs/attacks.md, docs/detectors.md and docs/perturbations.md anew from what is declared.
set -euo pipefail
cd "$(dirname "$0")/.."
cli=${1:-build/release/bin/whorl-cli}
table=$(mktemp)
trap 'rm -f "$table"' EXIT
for what in attacks detectors perturbations; do
  "$cli" "$what" table >"$table"
  python3 - "$table" "$what" <<'PYTHON'
import pathlib
import sys

table = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
path = pathlib.Path("docs") / (sys.argv[2] + ".md")
text = path.read_text(encoding="utf-8")
begin = "<!-- generated: whorl-cli " + sys.argv[2] + " table -->\n"
end = "<!-- end of the generated part -->"
before, rest = text.split(begin)
after = rest.split(end)[1]
path.write_text(before + begin + "\n" + table + "\n" + end + after, encoding="utf-8")
PYTHON
done
