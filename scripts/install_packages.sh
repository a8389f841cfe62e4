#!/usr/bin/env bash
# Installs the Debian packages of scripts/packages.txt that are missing; does nothing when none is.
#   scripts/install_packages.sh [--mcu] [--web] [--cluster] [EXTRA PACKAGE...]
# --mcu: those for tests on emulated microcontrollers too; --web: those for the WebAssembly module and tests in a browser;
# --cluster: those for tests with a database server or a Slurm.
set -euo pipefail
cd "$(dirname "$0")/.."

groups=
while [[ "${1:-}" =~ ^--(mcu|web|cluster)$ ]]; do
  groups+=" [${BASH_REMATCH[1]}]"
  shift
done
wanted=()
while read -r package condition command; do
  if [[ "$condition" =~ ^\[(mcu|web|cluster)\]$ && "$groups" != *"$condition"* ]]; then continue; fi
  if [ "$condition" = "[unless" ] && command -v "${command%]}" >/dev/null; then continue; fi
  wanted+=("$package")
done < <(sed 's/#.*//' scripts/packages.txt | awk 'NF')
wanted+=("$@")
missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install_packages: run as root, or install sudo; missing: ${missing[*]}" >&2; exit 4; }
  as_root=(sudo)
fi
echo "Installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
