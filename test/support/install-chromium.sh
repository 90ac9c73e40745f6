#!/bin/sh
# Installs a browser for test/realtime/report-browser.test.ts where there is none. Debian and Ubuntu, as root or with sudo;
# elsewhere it says what to do. A browser that is there already is left alone.
set -eu
for name in ${OFFLOOP_TEST_CHROMIUM:-} chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then
    echo "browser: $(command -v "$name")"
    exit 0
  fi
done
if ! command -v apt-get >/dev/null 2>&1; then
  echo "no browser found, and no apt-get to install one: install Chromium, or set OFFLOOP_TEST_CHROMIUM to its path" >&2
  exit 1
fi
root=""
if [ "$(id -u)" != 0 ]; then root="sudo -n"; fi
export DEBIAN_FRONTEND=noninteractive
$root apt-get update -qq
$root apt-get install -y -qq --no-install-recommends chromium >/dev/null
echo "browser: $(command -v chromium)"
