#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes build/peers: a Python environment of its own with the attack libraries that Whorl is compared with. Nothing of
# it is part of the product. torch comes from build/torch where that is there (a path file, no second download).
# Most of the libraries declare far more than their attacks need (torchvision, tensorflow), so they are installed without
# their dependencies, and what is really imported is listed here.
#
#   WHORL_PIP_INDEX   address of another package index for pip, as in scripts/setup.sh
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
peers=$root/build/peers
torch_env=$root/build/torch
libraries=(torchattacks==3.5.1 foolbox==3.3.4 adversarial-robustness-toolbox==1.20.1 cleverhans==4.0.0)
optional=(adv-lib==0.2.8)
needed=(scipy scikit-learn tqdm requests six packaging eagerpy GitPython absl-py easydict safetensors numpy pillow
  scikit-image opencv-python-headless)

pip_args=(--quiet --quiet --disable-pip-version-check)
if [ -n "${WHORL_PIP_INDEX:-}" ]; then pip_args+=(--index-url "$WHORL_PIP_INDEX"); fi
install() { "$peers/bin/python" -m pip install "${pip_args[@]}" "$@"; }

wanted="${libraries[*]} ${optional[*]} ${needed[*]}"
if [ -e "$peers/complete" ] && [ "$(cat "$peers/complete")" = "$wanted" ]; then exit 0; fi

python=python3
if [ -x "$torch_env/bin/python" ]; then python=$torch_env/bin/python; fi
echo "making $peers" >&2
if [ ! -x "$peers/bin/python" ]; then "$python" -m venv "$peers"; fi
site=$("$peers/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
torch_site=$(compgen -G "$torch_env/lib/python3*/site-packages" | head -n 1 || true)
if [ -n "$torch_site" ] && [ -d "$torch_site/torch" ]; then echo "$torch_site" >"$site/whorl_torch.pth"; fi
if ! "$peers/bin/python" -c 'import torch' 2>/dev/null; then install torch==2.13.0 numpy; fi
install "${needed[@]}"
install --no-deps "${libraries[@]}"
for library in "${optional[@]}"; do
  install --no-deps "$library" || echo "the package index has no $library; the comparison goes on without it" >&2
done
echo "$wanted" >"$peers/complete"
"$peers/bin/python" -m pip list --disable-pip-version-check 2>/dev/null |
  grep -iE '^(torch|torchattacks|foolbox|adversarial-robustness-toolbox|cleverhans|adv-lib|numpy|scipy) ' >&2
