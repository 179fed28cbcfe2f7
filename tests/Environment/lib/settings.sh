# shellcheck shell=bash
# shellcheck disable=SC2034 # the other files use what is set here
#
# Folders, ports, addresses and names. Every BUILDXPS_ variable can be set from outside.

FILES=$ENVIRONMENT/files
ENGINES=$(realpath -m "${BUILDXPS_ENGINES:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/buildxps/engines}")
PACKAGES=$ENGINES/packages
BOOKWORM=$ENGINES/bookworm
FORKY=$ENGINES/forky
BUILDKIT=$ENGINES/buildkit
IMAGES=$ENGINES/images
CERTIFICATES=$ENGINES/certificates
DOCKER_CLI_CONFIG=$ENGINES/docker-config
LOGS=$ENGINES/logs
RUN=$ENGINES/run
DESCRIPTION=$ENGINES/engines.json
BOOKWORM_LIBRARIES=$BOOKWORM/usr/lib/x86_64-linux-gnu

BUILDXPS_UPDATE_DAYS=${BUILDXPS_UPDATE_DAYS:-7}

# Which of them the caller has set. Those are kept; the others belong to a slot: a set of ports, addresses and a prefix of
# interface names, so that engines of several folders run side by side. Which slot is ours is chosen in slots.sh.
EXPLICIT=' '
for name in "${!BUILDXPS_@}"; do
    if [[ -n ${!name} ]]; then
        EXPLICIT+="$name "
    fi
done

SLOTS=8
SLOT_FILE=$ENGINES/slot

is_explicit() {
    [[ $EXPLICIT == *" $1 "* ]]
}

set_by_slot() {
    if ! is_explicit "$1"; then
        printf -v "$1" '%s' "$2"
    fi
}

use_slot() {
    local port=$((25000 + 500 * $1)) third=$((240 - 4 * $1))
    SLOT=$1
    set_by_slot BUILDXPS_PORT_REGISTRY "$port"
    set_by_slot BUILDXPS_PORT_REGISTRY_TOKEN $((port + 1))
    set_by_slot BUILDXPS_PORT_TOKEN_SERVER $((port + 2))
    set_by_slot BUILDXPS_PORT_SSH $((port + 22))
    set_by_slot BUILDXPS_PORT_BUILDKITD $((port + 234))
    set_by_slot BUILDXPS_PORT_DOCKERD $((port + 376))
    set_by_slot BUILDXPS_PORT_REGISTRY_TLS $((port + 443))

    set_by_slot BUILDXPS_BRIDGE_PREFIX "bxps${1#0}"
    set_by_slot BUILDXPS_ADDRESS_D20 "172.31.$third.1"
    set_by_slot BUILDXPS_ADDRESS_D28 "172.31.$((third + 1)).1"
    set_by_slot BUILDXPS_ADDRESS_D28C "172.31.$((third + 2)).1"
    # Docker takes every registry on 127.0.0.0/8 as insecure and skips its certificate, so this one lives elsewhere.
    set_by_slot BUILDXPS_ADDRESS_REGISTRY_TLS "172.31.$((third + 3)).1"

    REGISTRY=127.0.0.1:$BUILDXPS_PORT_REGISTRY
    REGISTRY_TOKEN=127.0.0.1:$BUILDXPS_PORT_REGISTRY_TOKEN
    REGISTRY_TLS=$BUILDXPS_ADDRESS_REGISTRY_TLS:$BUILDXPS_PORT_REGISTRY_TLS
}

recorded_slot() {
    local slot=
    if [[ -f $SLOT_FILE ]]; then
        slot=$(<"$SLOT_FILE")
    fi
    if [[ $slot =~ ^[0-9]+$ ]] && ((slot < SLOTS)); then
        printf '%s\n' "$slot"
    else
        printf '0\n'
    fi
}

use_slot "$(recorded_slot)"

REGISTRY_USER=user
REGISTRY_PASSWORD=pass

# Containers of these engines sit in a cgroup of their own, so that leftovers can be told from a stranger's.
cgroup_of() {
    printf '/buildxps-%s\n' "$(cksum <<<"$1" | cut -d' ' -f1)"
}

CGROUP=$(cgroup_of "$ENGINES")

EMULATED=(aarch64 arm riscv64 s390x ppc64le)

check_settings() {
    local name
    for name in "${!BUILDXPS_PORT_@}"; do
        if [[ ! ${!name} =~ ^[0-9]+$ ]] || ((${!name} < 1 || ${!name} > 65535)); then
            fail "$name is '${!name}', which is no port." "Set it to a number from 1 to 65535, or unset it."
        fi
    done
    for name in "${!BUILDXPS_ADDRESS_@}"; do
        if [[ ! ${!name} =~ ^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
            fail "$name is '${!name}', which is no IPv4 address." "Set it to a free private address, or unset it."
        fi
    done
    if [[ ! $BUILDXPS_BRIDGE_PREFIX =~ ^[a-z0-9]{1,8}$ ]]; then
        fail "BUILDXPS_BRIDGE_PREFIX is '$BUILDXPS_BRIDGE_PREFIX'." "Use 1 to 8 lower-case letters or digits."
    fi
    if [[ ! $BUILDXPS_UPDATE_DAYS =~ ^([0-9]+|never)$ ]]; then
        fail "BUILDXPS_UPDATE_DAYS is '$BUILDXPS_UPDATE_DAYS'." "Use a number of days, or 'never'."
    fi
    if [[ ! $ENGINES =~ ^/[A-Za-z0-9/._+-]+$ ]]; then
        fail "The folder '$ENGINES' has a character that the engines' settings cannot hold." \
            "Set BUILDXPS_ENGINES to a folder made of letters, digits, and / . _ + -"
    fi
    # The longest socket, run/d28c/exec/containerd/containerd.sock.ttrpc, has to fit into 107 bytes.
    if ((${#ENGINES} > 60)); then
        fail "The folder '$ENGINES' is too long for unix sockets in it (${#ENGINES} characters, at most 60)." \
            "Set BUILDXPS_ENGINES to a shorter one."
    fi
}
