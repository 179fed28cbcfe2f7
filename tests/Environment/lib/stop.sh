# shellcheck shell=bash
#
# Ending all that was started, whatever state it is in.

stop_everything() {
    local name
    if [[ ! -d $RUN ]]; then
        return
    fi
    rm -f "$DESCRIPTION"
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
    remove_cgroups
    remove_mount_points
}

remove_cgroups() {
    find /sys/fs/cgroup -depth -type d -path "/sys/fs/cgroup*$CGROUP*" -exec rmdir {} + 2>/dev/null || true
}
