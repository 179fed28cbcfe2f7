# shellcheck shell=bash
#
# Engines of other folders on this machine: those that live are left in peace, what dead ones left is cleared away.

MACHINE_LOCK=/run/buildxps-test-engines.lock

# alone FUNCTION [ARGS...]: bridges and emulators belong to the machine, so that two starts must not choose at once.
alone() {
    exec 8>"$MACHINE_LOCK"
    if ! flock -w 300 8; then
        fail "Another up.sh has held $MACHINE_LOCK for 5 minutes." "End it and try again."
    fi
    "$@"
    exec 8>&-
}

# Prints the folder of the engine that a process is, unless it has ended.
engines_of_process() {
    local argument
    while read -rd '' argument; do
        if [[ $argument =~ ^(/.+)/run/(d20|d28c?)/daemon\.json$ ]]; then
            printf '%s\n' "${BASH_REMATCH[1]}"
            return
        fi
    done < <(cat "/proc/$1/cmdline" 2>/dev/null)
}

# Prints the other folders whose engines run.
list_neighbours() {
    local process
    for process in $(matching_processes -xzE '/.*/run/(d20|d28c?)/daemon\.json' cmdline); do
        engines_of_process "$process"
    done | sort -u | awk -v own="$ENGINES" '$0 != own'
}

# environment_lives FOLDER: whether a process of its engines runs, one in their containers, or a script at work on them.
environment_lives() {
    if [[ -e $1/lock ]] && ! flock -n "$1/lock" true; then
        return 0
    fi
    [[ -n $(processes_of_environment "$1") ]]
}

processes_of_environment() {
    {
        comm -12 <(processes_of_programs "$1" | sort) <(matching_processes -F "$1/run/" cmdline | sort)
        matching_processes -F "$(cgroup_of "$1")/" cgroup
    } | sort -un | without_zombies
}

# The rest of what dead engines leave is harmless: mounts and iptables rules they have none outside their own namespaces.
clear_abandoned() {
    local bridge owner
    while read -r bridge; do
        owner=$(owner_of_bridge "$bridge")
        if [[ -z $owner ]] || { [[ $owner != "$ENGINES" ]] && ! environment_lives "$owner"; }; then
            say "          removing $bridge, left by engines${owner:+ of $owner} that no longer run"
            remove_bridge "$bridge"
            if [[ -n $owner ]]; then
                remove_cgroups "$(cgroup_of "$owner")"
            fi
        fi
    done < <(list_bridges)
}
