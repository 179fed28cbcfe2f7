# shellcheck shell=bash
#
# Which slot (see settings.sh) is ours: the one of the last start, as long as nobody else has taken a part of it.

# claim_slot: chooses it and makes its bridges, which hold it from then on.
claim_slot() {
    clear_abandoned
    choose_slot
    make_bridges
}

choose_slot() {
    local recorded slot obstacle
    recorded=$(recorded_slot)
    for slot in "$recorded" $(seq 0 $((SLOTS - 1)) | grep -vx "$recorded"); do
        use_slot "$slot"
        obstacle=$(slot_obstacle)
        if [[ -z $obstacle ]]; then
            break
        fi
        say "Slot $slot is taken: $obstacle."
    done
    if [[ -n $obstacle ]]; then
        fail "None of the $SLOTS slots for test engines is free on this machine." \
            "Stop the engines of another folder, or what else holds ports and networks:" "$(list_neighbours)"
    fi
    if [[ $slot != "$recorded" ]]; then
        stop_everything
    fi
    printf '%s\n' "$slot" >"$SLOT_FILE"
}

# Prints what of the slot somebody else has. What the caller has set is no part of it: there, the start fails.
slot_obstacle() {
    local part variable user
    for part in "${PORTS[@]}"; do
        variable=BUILDXPS_PORT_${part#*:}
        user=$(port_user "${part%:*}" "${!variable}")
        if [[ -n $user ]] && ! is_explicit "$variable"; then
            printf 'port %s is used by %s\n' "${!variable}" "$user"
            return
        fi
    done
    for part in "${BRIDGES[@]}"; do
        variable=BUILDXPS_ADDRESS_${part#*:}
        user=$(interface_user "$BUILDXPS_BRIDGE_PREFIX-${part%:*}")
        if [[ -n $user ]] && ! is_explicit BUILDXPS_BRIDGE_PREFIX; then
            printf 'the interface %s-%s belongs to %s\n' "$BUILDXPS_BRIDGE_PREFIX" "${part%:*}" "$user"
            return
        fi
        user=$(network_user "${!variable}")
        if [[ -n $user ]] && ! is_explicit "$variable"; then
            printf 'the network of %s is used by %s\n' "${!variable}" "$user"
            return
        fi
    done
}
