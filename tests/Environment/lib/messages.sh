# shellcheck shell=bash
#
# What the scripts say, how long each step took, and how a failure is told.

QUIET=${QUIET:-0}
STEP=
LANES=()

say() {
    if [[ $QUIET != 1 ]]; then
        printf '%s\n' "$*"
    fi
}

warn() {
    printf 'warning: %s\n' "$*" >&2
}

# fail MESSAGE [ADVICE...]
fail() {
    trap - ERR
    printf 'error: %s\n' "$1" >&2
    shift
    if (($# > 0)); then
        printf '       %s\n' "$@" >&2
    fi
    exit 1
}

# fail_with_log MESSAGE LOG [ADVICE...]: the same, with the log's last lines.
fail_with_log() {
    local message=$1 log=$2
    shift 2
    if [[ -s $log ]]; then
        printf '%s\n' "--- last lines of $log" >&2
        tail -n 15 "$log" >&2
        printf '%s\n' '---' >&2
    fi
    if disk_is_full; then
        set -- "The disk that holds $ENGINES is full: free some space, or set BUILDXPS_ENGINES." "$@"
    fi
    fail "$message" "$@"
}

report_unexpected() {
    local status=$1 command=$2 place=$3
    fail "${STEP:-$(basename "$0")}: '$command' failed with $status ($place)."
}

watch_failures() {
    trap 'report_unexpected "$?" "$BASH_COMMAND" "$(basename "${BASH_SOURCE[0]}"):$LINENO"' ERR
    trap stop_lanes EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

now() {
    date +%s%N
}

seconds_since() {
    local milliseconds=$((($(now) - $1) / 1000000))
    printf '%d.%d s' $((milliseconds / 1000)) $((milliseconds % 1000 / 100))
}

# step TITLE FUNCTION [ARGS...]: runs it here and says how long it took.
step() {
    local title=$1 start
    shift
    STEP=$title
    start=$(now)
    "$@"
    say "$(printf '%8s  %s' "$(seconds_since "$start")" "$title")"
    STEP=
}

# logged NAME FUNCTION [ARGS...]: what it prints goes to a log, which is shown when it fails.
logged() {
    local log=$LOGS/$1.log job
    shift
    # Not "( ... ) || ...": that would switch off "set -e" inside.
    (
        trap - EXIT
        "$@"
    ) >"$log" 2>&1 </dev/null &
    job=$!
    wait "$job" || fail_with_log "$STEP failed." "$log"
}

# lane FUNCTION: runs beside the others, in a process group of its own so that it can be ended as a whole.
lane() {
    set -m
    (
        trap - EXIT INT TERM
        "$@"
    ) </dev/null &
    LANES+=("$!")
    set +m
}

wait_for_lanes() {
    local job
    for job in "${LANES[@]}"; do
        # The lane has said why.
        wait "$job" || exit 1
    done
    LANES=()
}

stop_lanes() {
    local job
    for job in "${LANES[@]}"; do
        kill -TERM -- "-$job" 2>/dev/null || true
    done
    LANES=()
}
