# shellcheck shell=bash
#
# Ending all that was started, whatever state it is in.

stop_everything() {
    local name
    rm -f "$DESCRIPTION"
    mark_own_bridges
    end_containers
    stop_processes "${PROCESSES[@]}"
    for name in "${PROCESSES[@]}"; do
        sweep_leftovers "$name"
        rm -rf "${RUN:?}/$name/exec"
        rm -f "$RUN/$name"/*.sock "$RUN/$name/dockerd.pid"
    done
    unmount_under "$ENGINES"
    remove_bridges
    remove_emulators
    remove_cgroups "$CGROUP"
    remove_mount_points
}

remove_cgroups() {
    find /sys/fs/cgroup -depth -type d '(' -path "/sys/fs/cgroup*$1" -o -path "/sys/fs/cgroup*$1/*" ')' -exec rmdir {} + 2>/dev/null || true
}
