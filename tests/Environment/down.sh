#!/usr/bin/env bash
#
# Stops all that up.sh started, after a crash too. What was fetched and compiled stays, and so does the engines' data.

set -Eeuo pipefail
export LC_ALL=C

ENVIRONMENT=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
QUIET=0
case ${1:-} in
    '') ;;
    --quiet) QUIET=1 ;;
    *)
        printf 'usage: down.sh [--quiet]\n' >&2
        exit 2
        ;;
esac

for part in settings messages host processes neighbours networks emulators dockerd stop; do
    # shellcheck source=/dev/null
    source "$ENVIRONMENT/lib/$part.sh"
done

main() {
    watch_failures
    check_settings
    if ((EUID != 0)); then
        fail "The test engines run as root." "Run this script as root."
    fi
    # Also when somebody has deleted it: what runs from it is still found.
    mkdir -p "$RUN" "$LOGS"
    lock
    step "Stopped the test engines of $ENGINES" stop_everything
}

main
