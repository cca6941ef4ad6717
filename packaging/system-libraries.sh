#!/usr/bin/env bash
# Install the libraries and the font that Qt needs and that are missing, or say which. Linux only.
# usage: system-libraries.sh LIST    (lines of the list: LIBRARY PACKAGE, or "font" PACKAGE)
set -euo pipefail
export PATH="$PATH:/sbin:/usr/sbin" # ldconfig lies there, and an ordinary user's PATH lacks it on Debian

[ "$(uname -s)" = Linux ] && command -v ldconfig >/dev/null || exit 0

list_missing() {
  local libraries name package
  libraries=$(ldconfig -p)
  while read -r name package; do
    case "$name" in
      '' | '#'*) ;;
      font) [ -n "$(find -L /usr/share/fonts -name '*.[to]tf' -print -quit 2>/dev/null)" ] || echo "$package" ;;
      *) case "$libraries" in *"$name "*) ;; *) echo "$package" ;; esac ;;
    esac
  done <"$1" | sort -u
}

packages=$(list_missing "$1" | tr '\n' ' ')
[ -n "$packages" ] || exit 0

# shellcheck disable=SC2086  # the packages are words of their own
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  apt-get update || true # an old list of packages may do
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages && exit 0
fi
# Not an error: the commands without a window work without most of them.
echo "Qt may miss system libraries. Debian, Ubuntu: sudo apt-get install -y $packages" >&2
