# shellcheck shell=bash
#
# What the machine must be and have.

SPACE_NEEDED_MB=4000

check_host() {
    local id=unknown version=0 architecture
    if ((EUID != 0)); then
        fail "Test engines need root: they mount, make bridges and start daemons." "Run this script as root."
    fi
    if [[ -r /etc/os-release ]]; then
        id=$(sed -n 's/^ID=//p' /etc/os-release | tr -d '"')
        version=$(sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"')
    fi
    if [[ $id != debian ]] || ! command -v dpkg-deb >/dev/null; then
        fail "This machine runs '$id', not Debian: the test engines are made of Debian's packages." \
            "Use a Debian 12 machine or container, or point BUILDXPS_TEST_ENGINES at engines that run elsewhere."
    fi
    if [[ ${version%%.*} =~ ^[0-9]+$ ]] && ((${version%%.*} < 12)); then
        fail "Debian $version is too old for the test engines." "Use Debian 12."
    fi
    if [[ ${version%%.*} != 12 ]]; then
        warn "Debian '${version:-testing}': the engines were tried on Debian 12 only."
    fi
    architecture=$(dpkg --print-architecture)
    if [[ $architecture != amd64 ]]; then
        fail "This machine is $architecture; the test engines run on amd64 only."
    fi
}

install_missing_tools() {
    local -A package_of=(
        [openssl]=openssl [ip]=iproute2 [ss]=iproute2 [git]=git [ssh-keygen]=openssh-client
        [xz]=xz-utils [perl]=perl-base [flock]=util-linux [unshare]=util-linux [setsid]=util-linux [mount]=mount
    )
    local tool missing=()
    for tool in "${!package_of[@]}"; do
        if ! command -v "$tool" >/dev/null; then
            missing+=("${package_of[$tool]}")
        fi
    done
    if [[ ! -e /etc/ssl/certs/ca-certificates.crt ]]; then
        missing+=(ca-certificates)
    fi
    if ((${#missing[@]} == 0)); then
        return
    fi
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    say "Installing with apt-get, because they are missing: ${missing[*]}"
    STEP="Installing ${missing[*]}"
    logged install-tools install_packages "${missing[@]}"
    STEP=
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o Acquire::Retries=3 update
    apt-get -o Acquire::Retries=3 install -y --no-install-recommends "$@"
}

free_megabytes() {
    df -Pm "$ENGINES" | awk 'NR == 2 { print $4 }'
}

disk_is_full() {
    [[ -d $ENGINES ]] && (($(free_megabytes) < 50))
}

check_space() {
    local free
    free=$(free_megabytes)
    if ((free < SPACE_NEEDED_MB)); then
        fail "$ENGINES has $free MB left; a first start needs $SPACE_NEEDED_MB MB, most of it for a while only." \
            "Free some space, or set BUILDXPS_ENGINES to a folder on another disk."
    fi
}

# Process : variable of the port
PORTS=(
    registry:REGISTRY registry-token:REGISTRY_TOKEN token-server:TOKEN_SERVER registry-tls:REGISTRY_TLS d28:DOCKERD
    bkd:BUILDKITD sshd:SSH
)

check_ports() {
    local port variable user
    for port in "${PORTS[@]}"; do
        variable=BUILDXPS_PORT_${port#*:}
        user=$(port_user "${port%:*}" "${!variable}")
        if [[ -n $user ]]; then
            fail "Port ${!variable}, which ${port%:*} needs, is taken by $user." \
                "Unset $variable, set it to a free port, or stop what listens there."
        fi
    done
}

# port_user PROCESS PORT: prints who listens where the process would, unless it is ours.
port_user() {
    local address=127.0.0.1 local_address owner _
    if [[ $1 == registry-tls ]]; then
        address=$BUILDXPS_ADDRESS_REGISTRY_TLS
    fi
    while read -r _ _ _ local_address _ owner; do
        case $local_address in
            "$address:$2" | "0.0.0.0:$2" | "*:$2" | "[::]:$2")
                if [[ ! $owner =~ pid=([0-9]+) ]] || ! is_own_process "${BASH_REMATCH[1]}"; then
                    printf '%s\n' "${owner:-an unknown process}"
                    return
                fi
                ;;
        esac
    done < <(ss -Hltnp "sport = :$2")
}

# lock: one up.sh or down.sh at a time. Daemons must be started without the descriptor, or they would keep the lock.
lock() {
    exec 9>"$ENGINES/lock"
    if flock -n 9; then
        return
    fi
    say "Another up.sh or down.sh works in $ENGINES; waiting for it."
    if ! flock -w 900 9; then
        fail "Another up.sh or down.sh has held $ENGINES/lock for 15 minutes." "End it and try again."
    fi
}
