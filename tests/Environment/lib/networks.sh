# shellcheck shell=bash
#
# One bridge for each dockerd, one more for the address of the TLS registry. The alias of an interface says whose it is,
# also when the folder and all processes are gone.

BRIDGE_MARK='buildxps test engines of '
# Name : variable of the address
BRIDGES=(d20:D20 d28:D28 d28c:D28C reg:REGISTRY_TLS)

make_bridges() {
    local bridge names=' '
    for bridge in "${BRIDGES[@]}"; do
        names+="$BUILDXPS_BRIDGE_PREFIX-${bridge%:*} "
    done
    # Those of other settings.
    while read -r bridge; do
        if [[ $names != *" $bridge "* && $(owner_of_bridge "$bridge") == "$ENGINES" ]]; then
            remove_bridge "$bridge"
        fi
    done < <(list_bridges)
    for bridge in "${BRIDGES[@]}"; do
        make_bridge "$BUILDXPS_BRIDGE_PREFIX-${bridge%:*}" "BUILDXPS_ADDRESS_${bridge#*:}"
    done
}

# make_bridge NAME VARIABLE
make_bridge() {
    local bridge=$1 variable=$2 address=${!2} user
    user=$(interface_user "$bridge")
    if [[ -n $user ]]; then
        fail "A network interface $bridge is there already: it belongs to $user." \
            "Unset BUILDXPS_BRIDGE_PREFIX, set it to another name, or remove the interface: ip link delete $bridge"
    fi
    user=$(network_user "$address")
    if [[ -n $user ]]; then
        fail "The network ${address%.*}.0/24, meant for $bridge, is in use: $user" \
            "Unset $variable, or set it to another address."
    fi
    if [[ -e /sys/class/net/$bridge && $(ip -4 -o address show dev "$bridge") != *" $address/24 "* ]]; then
        ip link delete "$bridge"
    fi
    if [[ ! -e /sys/class/net/$bridge ]]; then
        ip link add "$bridge" type bridge
        ip address add "$address/24" dev "$bridge"
        ip link set "$bridge" up
    fi
    ip link set "$bridge" alias "$BRIDGE_MARK$ENGINES"
}

# Prints who has an interface of this name, unless it is we or nobody.
interface_user() {
    local owner
    if [[ ! -e /sys/class/net/$1 ]]; then
        return
    fi
    owner=$(owner_of_bridge "$1")
    if [[ $owner != "$ENGINES" ]]; then
        printf '%s\n' "${owner:+the engines of }${owner:-somebody else}"
    fi
}

# Prints the route to an address's network that somebody else's interface has.
network_user() {
    local route
    while read -r route; do
        if [[ ! $route =~ \ dev\ ([^ ]+) || $(owner_of_bridge "${BASH_REMATCH[1]}") != "$ENGINES" ]]; then
            printf '%s\n' "$route"
            return
        fi
    done < <(ip -4 route show root "${1%.*}.0/24")
}

remove_bridges() {
    local bridge
    while read -r bridge; do
        if [[ $(owner_of_bridge "$bridge") == "$ENGINES" ]]; then
            remove_bridge "$bridge"
        fi
    done < <(list_bridges)
}

# With what a container left on it.
remove_bridge() {
    local port
    for port in "/sys/class/net/$1/brif"/*; do
        if [[ -e $port ]]; then
            ip link delete "${port##*/}" 2>/dev/null || true
        fi
    done
    ip link delete "$1"
}

# Prints the bridges that belong to test engines, of this folder or another.
list_bridges() {
    local folder
    for folder in /sys/class/net/*/bridge; do
        folder=${folder%/bridge}
        if [[ -d $folder/bridge ]] && is_marked "${folder##*/}"; then
            printf '%s\n' "${folder##*/}"
        fi
    done
}

is_marked() {
    [[ $(<"/sys/class/net/$1/ifalias") == "$BRIDGE_MARK"* ]] || is_unmarked "$1"
}

# Earlier versions of these scripts gave no alias.
is_unmarked() {
    [[ -z $(<"/sys/class/net/$1/ifalias") && $1 =~ ^bxps-(d20|d28c?|reg)$ ]]
}

# Prints the folder whose engines a bridge belongs to. Of a bridge without alias only engines that run tell it.
owner_of_bridge() {
    local alias process owner
    alias=$(<"/sys/class/net/$1/ifalias")
    if [[ $alias == "$BRIDGE_MARK"* ]]; then
        printf '%s\n' "${alias#"$BRIDGE_MARK"}"
    elif is_unmarked "$1"; then
        for process in $(matching_processes -xzE 'bxps-(d20|d28c?)' cmdline); do
            owner=$(engines_of_process "$process")
            if [[ -n $owner ]]; then
                printf '%s\n' "$owner"
                return
            fi
        done
    fi
}

# Before our engines end, after which nothing would tell whose these bridges are.
mark_own_bridges() {
    local bridge
    while read -r bridge; do
        if [[ $(owner_of_bridge "$bridge") == "$ENGINES" ]]; then
            ip link set "$bridge" alias "$BRIDGE_MARK$ENGINES"
        fi
    done < <(list_bridges)
}
