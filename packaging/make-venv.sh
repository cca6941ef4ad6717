#!/usr/bin/env bash
# Create a virtual environment with the first Python 3.11 or later that works.
# usage: make-venv.sh FOLDER
set -euo pipefail

find_python() {
  local name
  for name in python3.11 python3.12 python3.13 python3.14 python3 python; do
    # A name on the PATH may be a version manager's stub that fails, so ask it.
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}

can_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

install() {
  apt-get update || true # an old list of packages may do
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

if ! python=$(find_python); then
  if can_install; then install python3 python3-venv || true; fi
  python=$(find_python) || {
    echo "Python 3.11 or later was not found. Debian, Ubuntu: sudo apt-get install -y python3 python3-venv" >&2
    exit 1
  }
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  # Debian splits venv off, one package per version of Python.
  package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
  if can_install; then install "$package" || true; fi
  "$python" -c 'import ensurepip, venv' 2>/dev/null || {
    echo "$python cannot make virtual environments. Debian, Ubuntu: sudo apt-get install -y $package" >&2
    exit 1
  }
fi

echo "Making $1 with $python"
"$python" -m venv --clear "$1"
