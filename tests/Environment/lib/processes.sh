# shellcheck shell=bash
#
# Starting, knowing and stopping our processes. A process is known by its id, its start time and the machine's boot,
# so that an id used again by a stranger is never taken for ours.

PROCESSES=(sshd d20 d28 d28c bkd registry registry-tls registry-token token-server)

# Prints state and start time of a process.
process_stat() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    # The name in parentheses may hold spaces and parentheses itself.
    read -ra fields <<<"${stat##*) }"
    printf '%s %s\n' "${fields[0]}" "${fields[19]}"
}

# record_process NAME PID
record_process() {
    local stat
    stat=$(process_stat "$2")
    printf '%s %s %s\n' "$2" "${stat#* }" "$(</proc/sys/kernel/random/boot_id)" >"$RUN/$1/process.new"
    mv "$RUN/$1/process.new" "$RUN/$1/process"
}

# Prints the id of a process that we started and that still runs.
running_pid() {
    local pid start boot stat
    read -r pid start boot 2>/dev/null <"$RUN/$1/process" || return 1
    [[ $boot == "$(</proc/sys/kernel/random/boot_id)" ]] || return 1
    stat=$(process_stat "$pid") || return 1
    [[ $stat != Z* && ${stat#* } == "$start" ]] || return 1
    printf '%s\n' "$pid"
}

is_running() {
    running_pid "$1" >/dev/null 2>&1
}

# Whether a process works on our folder, known to us or not.
is_own_process() {
    grep -qsF "$ENGINES/" "/proc/$1/cmdline"
}

# start_process NAME CONFIGURATION-FILE COMMAND...: starts it unless it already runs with just these settings.
start_process() {
    local name=$1 configuration=$2 settings
    shift 2
    settings=$({
        printf '%s\n' "$@"
        cat "$configuration"
    } | sha256sum)
    if is_running "$name"; then
        if [[ -f $RUN/$name/settings && $(<"$RUN/$name/settings") == "$settings" ]]; then
            return
        fi
        say "          $name runs with other settings; starting it anew."
        stop_processes "$name"
    fi
    sweep_leftovers "$name"
    printf '%s\n' "$settings" >"$RUN/$name/settings"
    if [[ -f $RUN/$name/log ]]; then
        mv "$RUN/$name/log" "$RUN/$name/log.previous"
    fi
    (
        trap - EXIT ERR INT TERM
        exec 8>&- 9>&- >"$RUN/$name/log" 2>&1 </dev/null
        # Recorded before it becomes the daemon: there is no moment in which it runs unknown to us.
        record_process "$name" "$BASHPID"
        exec setsid env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
    ) &
}

# wait_until NAME COMMAND...: until the command succeeds, the process ends, or 60 seconds are over.
wait_until() {
    local name=$1 attempt
    shift
    for ((attempt = 0; attempt < 1200; attempt++)); do
        if "$@" >/dev/null 2>&1; then
            return
        fi
        if ((attempt > 40)) && ! is_running "$name"; then
            fail_with_log "$name ended right after its start." "$RUN/$name/log"
        fi
        sleep 0.05
    done
    fail_with_log "$name did not answer within 60 seconds." "$RUN/$name/log"
}

listens() {
    (exec 3<>"/dev/tcp/$1/$2")
}

# stop_processes NAME...: asks them to end, waits, and then ends them.
stop_processes() {
    local name signal attempt
    for signal in TERM KILL; do
        for name in "$@"; do
            signal_process "$signal" "$name"
        done
        for ((attempt = 0; attempt < 240; attempt++)); do
            if ! any_running "$@"; then
                break 2
            fi
            sleep 0.05
        done
    done
    for name in "$@"; do
        if is_running "$name"; then
            fail "$name (process $(running_pid "$name")) did not end." "Its log is $RUN/$name/log."
        fi
        rm -f "$RUN/$name/process"
    done
}

signal_process() {
    local pid
    if pid=$(running_pid "$2"); then
        kill -s "$1" "$pid" 2>/dev/null || true
    fi
}

any_running() {
    local name
    for name in "$@"; do
        if is_running "$name"; then
            return 0
        fi
    done
    return 1
}

# Prints the ids of processes that an engine left: its own programs, and what has its root or its cgroup in the engine.
leftovers_of() {
    local home=$RUN/$1
    {
        comm -12 <(processes_of_programs "$ENGINES" | sort) <(matching_processes -F "$home/" cmdline | sort)
        matching_processes -E "^[0-9]+ [0-9]+ [0-9:]+ [^ ]+ / .*${home//./\\.}/" mountinfo
        matching_processes -F "$CGROUP/$1/" cgroup
    } | sort -un | without_zombies
}

# What has ended already and only waits to be collected by its parent.
without_zombies() {
    local pid stat
    while read -r pid; do
        if stat=$(process_stat "$pid") && [[ $stat != Z* ]]; then
            printf '%s\n' "$pid"
        fi
    done
}

# Both look at processes that may end meanwhile, so that a failure of find and grep means nothing. The token server is a
# script: what its program is does not tell, its arguments do.
processes_of_programs() {
    {
        find /proc -mindepth 2 -maxdepth 2 -path '/proc/[0-9]*/exe' '(' -lname "$1/*" -o -lname '*/bin/perl' ')' \
            -printf '%h\n' 2>/dev/null || true
    } | sed 's,^/proc/,,'
}

# matching_processes OPTIONS PATTERN FILE: those whose /proc/ID/FILE holds the pattern.
matching_processes() {
    {
        grep -sl "$1" -e "$2" /proc/[0-9]*/"$3" || true
    } | sed 's,^/proc/\([0-9]*\)/.*,\1,'
}

# sweep_leftovers NAME: what a crashed engine left running or mounted.
sweep_leftovers() {
    local round pids pid
    for ((round = 0; round < 100; round++)); do
        mapfile -t pids < <(leftovers_of "$1")
        if ((${#pids[@]} == 0)); then
            break
        fi
        if ((round == 0)); then
            say "          ending ${#pids[@]} processes that $1 left"
        fi
        for pid in "${pids[@]}"; do
            kill -s KILL "$pid" 2>/dev/null || true
        done
        sleep 0.05
    done
    unmount_under "$RUN/$1"
}

unmount_under() {
    local mount_point
    while read -r mount_point; do
        umount -l "$mount_point" || true
    done < <(awk -v home="$1/" 'index($2, home) == 1 { print $2 }' /proc/mounts | sort -r)
}
