# shellcheck shell=bash
#
# One bridge for each dockerd, one more for the address of the TLS registry. A list of those we made is kept, so that
# only those are removed.

BRIDGES=$RUN/bridges

# make_bridge NAME ADDRESS VARIABLE
make_bridge() {
    local bridge=$BUILDXPS_BRIDGE_PREFIX-$1 address=$2 variable=$3 users
    if [[ -e /sys/class/net/$bridge ]]; then
        if ! grep -qsFx "$bridge" "$BRIDGES"; then
            fail "A network interface $bridge is there already, and not from here." "Set BUILDXPS_BRIDGE_PREFIX to another name."
        fi
        if [[ $(ip -4 -o address show dev "$bridge") == *" $address/24 "* ]]; then
            return
        fi
    fi
    users=$(ip -4 route show root "${address%.*}.0/24" | grep -v " dev $bridge " || true)
    if [[ -n $users ]]; then
        fail "The network ${address%.*}.0/24, meant for $bridge, is in use: ${users%%$'\n'*}" "Set $variable to another address."
    fi
    if [[ -e /sys/class/net/$bridge ]]; then
        ip link delete "$bridge"
    fi
    printf '%s\n' "$bridge" >>"$BRIDGES"
    ip link add "$bridge" type bridge
    ip address add "$address/24" dev "$bridge"
    ip link set "$bridge" up
}

make_bridges() {
    make_bridge d20 "$BUILDXPS_ADDRESS_D20" BUILDXPS_ADDRESS_D20
    make_bridge d28 "$BUILDXPS_ADDRESS_D28" BUILDXPS_ADDRESS_D28
    make_bridge d28c "$BUILDXPS_ADDRESS_D28C" BUILDXPS_ADDRESS_D28C
    make_bridge reg "$BUILDXPS_ADDRESS_REGISTRY_TLS" BUILDXPS_ADDRESS_REGISTRY_TLS
}

remove_bridges() {
    local bridge
    if [[ ! -f $BRIDGES ]]; then
        return
    fi
    while read -r bridge; do
        if [[ -d /sys/class/net/$bridge/bridge ]]; then
            ip link delete "$bridge"
        fi
    done < <(sort -u "$BRIDGES")
    rm "$BRIDGES"
}
