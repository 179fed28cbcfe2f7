# shellcheck shell=bash
#
# The Docker daemons. Each has its own folders, bridge, cgroup and containerd, and a mount namespace in which /etc/docker,
# /run/docker and /run/containerd are its own, so that a Docker of the machine is neither seen nor touched.

MADE_FOLDERS=$RUN/made-folders

install_runc_wrapper() {
    mkdir -p "$RUN/shim"
    sed "s,@REAL@,$BOOKWORM/usr/sbin/runc," "$FILES/runc" >"$RUN/shim/runc.new"
    chmod 755 "$RUN/shim/runc.new"
    mv "$RUN/shim/runc.new" "$RUN/shim/runc"
}

# Folders that have to be there to mount over them; those we made are removed again when they are empty.
make_mount_points() {
    local folder
    for folder in /etc/docker /run/docker /run/containerd /run/sshd /opt/containerd; do
        if [[ ! -d $folder ]]; then
            mkdir -p "$folder"
            printf '%s\n' "$folder" >>"$MADE_FOLDERS"
        fi
    done
}

remove_mount_points() {
    local folder
    # To remove a folder would undo what other engines have mounted over it in their namespaces.
    if [[ ! -f $MADE_FOLDERS || -n $(list_neighbours) ]]; then
        return
    fi
    while read -r folder; do
        find "$folder" -depth -type d -empty -delete 2>/dev/null || true
    done < <(sort -u "$MADE_FOLDERS")
    rm "$MADE_FOLDERS"
}

start_dockerds() {
    start_dockerd d20 "$BOOKWORM" ''
    start_dockerd d28 "$FORKY" '"features": {"containerd-snapshotter": true},' \
        -H "tcp://127.0.0.1:$BUILDXPS_PORT_DOCKERD" --tlsverify --tlscacert "$CERTIFICATES/ca.pem" \
        --tlscert "$CERTIFICATES/server.pem" --tlskey "$CERTIFICATES/server.key"
    start_dockerd d28c "$FORKY" '"features": {"containerd-snapshotter": false},'
}

# start_dockerd NAME ROOT FEATURES [DOCKERD-ARGS...]
start_dockerd() {
    local name=$1 root=$2 features=$3 home=$RUN/$1 bridge=$BUILDXPS_BRIDGE_PREFIX-$1
    shift 3
    mkdir -p "$home"/{data,etc,run,containerd}
    # d28c is left without the CA: there, tests see what an unknown authority looks like.
    if [[ $name != d28c ]]; then
        rm -rf "$home/etc/certs.d"
        mkdir -p "$home/etc/certs.d/$REGISTRY_TLS"
        cp "$CERTIFICATES/ca.pem" "$home/etc/certs.d/$REGISTRY_TLS/ca.crt"
    fi
    cat >"$home/daemon.json" <<JSON
{
  $features
  "debug": true,
  "registry-mirrors": ["http://$REGISTRY"],
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "cgroup-parent": "$CGROUP/$name",
  "builder": {"Entitlements": {"network-host": true, "security-insecure": true}}
}
JSON
    if ! is_running "$name"; then
        sweep_leftovers "$name"
        # What a crash leaves here (pid files above all) would mislead the next start.
        rm -rf "$home/exec" "$home/dockerd.pid" "$home/containerd" "$home/docker.sock"
        mkdir -p "$home/containerd"
    fi
    # dockerd does not read STARTED_FOR: it makes a bridge or certificates made anew lead to a daemon started anew.
    # shellcheck disable=SC2016 # the inner shell expands it
    start_process "$name" "$home/daemon.json" \
        env STARTED_FOR="$(<"/sys/class/net/$bridge/ifindex") $REGISTRY_TLS" \
        PATH="$RUN/shim:$root/usr/sbin:$root/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin" unshare -m sh -ec '
            home=$1
            shift
            mount --bind "$home/etc" /etc/docker
            mount --bind "$home/run" /run/docker
            mount --bind "$home/containerd" /run/containerd
            exec "$@"' sh "$home" \
        dockerd --config-file "$home/daemon.json" --data-root "$home/data" --exec-root "$home/exec" \
        --pidfile "$home/dockerd.pid" -H "unix://$home/docker.sock" --iptables=false --ip6tables=false \
        --ip-forward=false --bridge "$bridge" "$@"
}

# docker_of NAME ARGS...: an engine that hangs must not hold us up.
docker_of() {
    local name=$1
    shift
    env -i HOME=/nonexistent PATH=/usr/bin:/bin timeout 10 "$FORKY/usr/bin/docker" -H "unix://$RUN/$name/docker.sock" "$@"
}

wait_for_dockerds() {
    local name
    for name in d20 d28 d28c; do
        wait_until "$name" docker_of "$name" version
    done
}

# Containers end at once instead of in their own time, which may be long.
end_containers() {
    local name containers
    for name in d20 d28 d28c; do
        if is_running "$name" && [[ -x $FORKY/usr/bin/docker ]]; then
            mapfile -t containers < <(docker_of "$name" ps --quiet 2>/dev/null)
            if ((${#containers[@]} > 0)); then
                docker_of "$name" kill "${containers[@]}" >/dev/null 2>&1 || true
            fi
        fi
    done
}
