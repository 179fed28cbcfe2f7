#!/usr/bin/env bash
#
# Installs Debian's headless Chromium for the tests of pages, without its desktop program: about 100 MB to fetch, 400 MB unpacked.

set -Eeuo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

# An index that is older than the mirror names files that are gone.
apt-get -q -o Acquire::Retries=3 update
apt-get -q -o Acquire::Retries=3 install -y --no-install-recommends chromium-headless-shell
