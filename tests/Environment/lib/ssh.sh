# shellcheck shell=bash
#
# An sshd on loopback whose sessions reach d28 with "docker system dial-stdio".

start_sshd() {
    local home=$RUN/sshd
    make_ssh_keys "$home"
    # sshd wants a user of its name. It sees one, the machine's /etc/passwd stays as it is.
    {
        grep -v '^sshd:' /etc/passwd
        echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin'
    } >"$home/passwd"
    cat >"$home/sshd_config" <<SSHD
ListenAddress 127.0.0.1:$BUILDXPS_PORT_SSH
HostKey $home/host-key
AuthorizedKeysFile $home/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv PATH=$FORKY/usr/bin:/usr/bin:/bin DOCKER_HOST=unix://$RUN/d28/docker.sock
SSHD
    # shellcheck disable=SC2016 # the inner shell expands it
    start_process sshd "$home/sshd_config" env LD_LIBRARY_PATH="$BOOKWORM_LIBRARIES" unshare -m sh -c '
        mount --bind "$1" /etc/passwd
        shift
        exec "$@"' sh "$home/passwd" "$BOOKWORM/usr/sbin/sshd" -D -e -f "$home/sshd_config"
}

make_ssh_keys() {
    local home=$1 key
    for key in host-key user-key; do
        if [[ ! -f $home/$key.pub ]]; then
            rm -f "$home/$key"
            ssh-keygen -q -t ed25519 -N '' -C buildxps-test -f "$home/$key"
        fi
    done
    cp "$home/user-key.pub" "$home/authorized_keys"
    printf '[127.0.0.1]:%s %s\n' "$BUILDXPS_PORT_SSH" "$(cut -d' ' -f1,2 "$home/host-key.pub")" >"$home/known_hosts"
}

wait_for_sshd() {
    wait_until sshd listens 127.0.0.1 "$BUILDXPS_PORT_SSH"
}
