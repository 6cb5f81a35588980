#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs what Whorl needs and is not there yet: packages of the distribution, and LibTorch in build/torch.
# run.sh and test.sh source it; called by itself it only sets up. Nothing is done twice.
#
#   WHORL_TORCH=auto   (default) a LibTorch in CMAKE_PREFIX_PATH, else the public wheel; asks before CUDA goes to waste
#   WHORL_TORCH=cpu    the same, but never a CUDA build
#   WHORL_TORCH=cuda   a CUDA build, also on a machine without an NVIDIA GPU
#   WHORL_TORCH=PATH   that LibTorch 2.x folder; nothing is downloaded
#   WHORL_PIP_INDEX    address of another package index for pip, such as one with CPU builds of torch
#   WHORL_EXTRA_PACKAGES="…"  further packages of the distribution; CI asks for clang-format
set -euo pipefail

WHORL_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
WHORL_TORCH="${WHORL_TORCH:-auto}"
WHORL_ENV="$WHORL_ROOT/build/torch"
TORCH_REQUIREMENTS=(torch==2.13.0 numpy safetensors)
WHORL_CMAKE_ARGS=()

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
die() {
  printf 'whorl set-up: %s\n' "$1" >&2
  shift
  if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# ---- Packages of the distribution ------------------------------------------------------------------------------------

package_lines() {
  sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$WHORL_ROOT/scripts/packages.txt"
  for name in ${WHORL_EXTRA_PACKAGES:-}; do echo "$name"; done
}

installed_packages() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p'; }

# Lines of packages.txt of which no alternative is installed.
missing_lines() {
  local have line name found
  have=" $(installed_packages | tr '\n' ' ')"
  package_lines | while read -r line; do
    found=no
    for name in ${line//|/ }; do
      case "$have" in *" $name "*) found=yes ;; esac
    done
    if [ $found = no ]; then echo "$line"; fi
  done
}

# The first alternative of a line that this release has.
choose_package() {
  local name
  for name in ${1//|/ }; do
    if apt-cache show "$name" >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
  die "this release has no package ${1//|/ or }" "install it by other means, or use Debian 12 or Ubuntu 24.04"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    note "not a Debian or Ubuntu machine: needed are $(package_lines | tr '\n' ' ')"
    note "going on; CMake says what it can't find"
    return
  fi
  local missing line packages=()
  missing="$(missing_lines)"
  if [ -z "$missing" ]; then return; fi
  local command="apt-get update && apt-get install -y --no-install-recommends"
  for line in $missing; do command+=" $(choose_package "$line" 2>/dev/null || echo "${line%%|*}")"; done
  if [ "$(id -u)" != 0 ] && ! { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; then
    die "packages are missing, and installing them needs root. An administrator must run:" "$command"
  fi
  say "Packages: fetching the lists of the distribution"
  as_root apt-get -qq update
  for line in $missing; do packages+=("$(choose_package "$line")"); done
  say "Packages: installing ${packages[*]}"
  { apt-get --assume-no --no-install-recommends install "${packages[@]}" 2>/dev/null || true; } |
    grep -E 'Need to get|After this operation' | sed 's/^/    /' >&2 || true
  as_root apt-get -y -qq --no-install-recommends install "${packages[@]}" >&2
}

# ---- LibTorch --------------------------------------------------------------------------------------------------------

is_libtorch() { [ -e "$1/include/torch/csrc/api/include/torch/types.h" ]; }

# A LibTorch that CMAKE_PREFIX_PATH (a list with ; or :) already leads to.
libtorch_in_prefix_path() {
  local prefix
  for prefix in $(tr ';:' '  ' <<<"${CMAKE_PREFIX_PATH:-}"); do
    for candidate in "$prefix" "$prefix/torch" "$prefix/../.."; do
      if is_libtorch "$candidate"; then
        echo "$candidate"
        return
      fi
    done
  done
}

env_is_complete() {
  local site
  for site in "$WHORL_ENV"/lib/python3*/site-packages; do
    # pip writes these folders last: what was interrupted is done again.
    if is_libtorch "$site/torch" && compgen -G "$site/torch-2.13.0*.dist-info" >/dev/null && [ -d "$site/numpy" ] &&
      [ -d "$site/safetensors" ]; then
      return 0
    fi
  done
  return 1
}

has_nvidia_gpu() {
  compgen -G '/proc/driver/nvidia/gpus/*' >/dev/null || { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }
}

disk_note() {
  local free
  free=$(df -Pk "$WHORL_ROOT" | awk 'NR == 2 { print int($4 / 1048576) }')
  if [ "$free" -lt "$1" ]; then die "only $free GiB are free on this disk; $2 needs about $1 GiB"; fi
}

install_torch() {
  local pip_args=() report uses_cuda
  if [ ! -x "$WHORL_ENV/bin/pip" ]; then
    say "LibTorch: making a private Python environment in build/torch"
    python3 -m venv "$WHORL_ENV"
  fi
  if [ -n "${WHORL_PIP_INDEX:-}" ]; then pip_args=(--index-url "$WHORL_PIP_INDEX"); fi
  say "LibTorch: asking pip what it would fetch"
  report="$WHORL_ROOT/build/torch-report.json"
  "$WHORL_ENV/bin/pip" install --quiet --dry-run --report "$report" "${pip_args[@]}" "${TORCH_REQUIREMENTS[@]}" ||
    die "pip can't find ${TORCH_REQUIREMENTS[*]}" "check the network, or WHORL_PIP_INDEX"
  uses_cuda=$("$WHORL_ENV/bin/python" "$WHORL_ROOT/scripts/pip_plan.py" "$report")
  if [ "$uses_cuda" = cuda ]; then
    if [ "$WHORL_TORCH" = cpu ] || { [ "$WHORL_TORCH" = auto ] && ! has_nvidia_gpu; }; then
      die "this would fetch CUDA packages of several GB, which serve an NVIDIA GPU alone. Instead:" \
        "WHORL_PIP_INDEX=URL $0    with the address of an index that has CPU builds of torch (PyTorch's site names it)" \
        "WHORL_TORCH=/path/to/libtorch $0    with a LibTorch 2.x folder that is already there" \
        "WHORL_TORCH=cuda $0    fetches the CUDA build nevertheless; it runs on the processor too"
    fi
    disk_note 12 "the CUDA build of torch"
  elif [ "$WHORL_TORCH" = cuda ]; then
    die "WHORL_TORCH=cuda, but pip is set up with a CPU build" "give an index with CUDA builds as WHORL_PIP_INDEX=URL"
  else
    disk_note 3 "torch and the build"
  fi
  say "LibTorch: installing"
  "$WHORL_ENV/bin/pip" install --progress-bar on "${pip_args[@]}" "${TORCH_REQUIREMENTS[@]}" >&2
}

find_or_install_torch() {
  local found
  case "$WHORL_TORCH" in
    auto | cpu | cuda)
      found="$(libtorch_in_prefix_path)"
      if [ -n "$found" ]; then
        note "LibTorch from CMAKE_PREFIX_PATH: $found"
        WHORL_CMAKE_ARGS+=("-DLibTorch_ROOT=$found")
      else
        WHORL_CMAKE_ARGS+=("-DLibTorch_ROOT=")
        if ! env_is_complete; then install_torch; fi
      fi
      ;;
    *)
      is_libtorch "$WHORL_TORCH" || die "WHORL_TORCH=$WHORL_TORCH is neither auto, cpu, cuda nor a LibTorch folder" \
        "a LibTorch folder has include/torch/csrc/api/include/torch/types.h"
      WHORL_CMAKE_ARGS+=("-DLibTorch_ROOT=$(cd "$WHORL_TORCH" && pwd)")
      ;;
  esac
}

# ---- Build -----------------------------------------------------------------------------------------------------------

memory_note() {
  local gib
  gib=$(awk '/^MemTotal/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null || echo 16)
  if [ "$gib" -lt 3 ]; then note "this machine has $gib GiB of memory; compiling against LibTorch takes up to 2 GiB"; fi
}

# whorl_build: configures and builds the release preset.
whorl_build() {
  cd "$WHORL_ROOT"
  say "Configuring build/release"
  memory_note
  local log="$WHORL_ROOT/build/configure.log"
  if ! cmake --preset release "${WHORL_CMAKE_ARGS[@]}" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    die "configuring failed; the lines above say why"
  fi
  grep -E '^-- LibTorch|CMake Warning' "$log" | sed 's/^-- /    /' >&2 || true
  say "Building"
  cmake --build --preset release >&2
}

mkdir -p "$WHORL_ROOT/build"
install_packages
find_or_install_torch

if [ "${BASH_SOURCE[0]}" = "$0" ]; then say "Everything that Whorl needs is there"; fi
