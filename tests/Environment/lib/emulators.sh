# shellcheck shell=bash
#
# QEMU through binfmt_misc, so that RUN works for other architectures. The entries belong to the whole machine: one
# that is there already is left alone unless engines that no longer run left it, and only entries that point into our
# folder are removed.

BINFMT=/proc/sys/fs/binfmt_misc

register_emulators() {
    local name
    if [[ ! -e $BINFMT/register ]]; then
        mount -t binfmt_misc binfmt_misc "$BINFMT" 2>/dev/null ||
            fail "binfmt_misc cannot be mounted: builds for other architectures would fail." \
                "In a container, run it with --privileged; on a machine, load the kernel module binfmt_misc."
    fi
    for name in "${EMULATED[@]}"; do
        remove_abandoned_emulator "$name"
        if [[ -e $BINFMT/qemu-$name ]]; then
            check_emulator "$name"
        else
            register_emulator "$name" "$BOOKWORM"
        fi
    done
}

remove_abandoned_emulator() {
    local owner
    owner=$(owner_of_emulator "$1")
    if [[ -n $owner && $owner != "$ENGINES" ]] && ! environment_lives "$owner"; then
        echo -1 >"$BINFMT/qemu-$1"
    fi
}

# Prints the folder of the test engines that have registered an emulator.
owner_of_emulator() {
    sed -n "s,^interpreter \(/.*\)/bookworm/usr/bin/qemu-$1-static\$,\1,p" "$BINFMT/qemu-$1" 2>/dev/null || true
}

check_emulator() {
    local entry=$BINFMT/qemu-$1 flags
    flags=$(sed -n 's/^flags: *//p' "$entry")
    # F: works in containers. P: busybox sees the name it was called by.
    if ! grep -qx enabled "$entry" || [[ $flags != *F* || $flags != *P* ]]; then
        warn "The machine's own emulator for $1 is disabled or lacks the flags F and P ($flags): builds for it may fail." \
            "It was left alone; 'echo -1 > $entry' removes it."
    fi
}

# register_emulator NAME PACKAGES
register_emulator() {
    local rule
    # The package's rule with our program, and flag C as Docker's own emulators have it.
    rule=$(sed "s#^\(:.*:\)/[^:]*:[A-Z]*\$#\1$2/usr/bin/qemu-$1-static:POCF#" "$2/usr/lib/binfmt.d/qemu-$1.conf")
    printf '%s\n' "$rule" >"$BINFMT/register"
}

# Engines of another folder that still run need them, too.
remove_emulators() {
    local name heir
    heir=$(list_neighbours | head -n 1)
    for name in "${EMULATED[@]}"; do
        if [[ $(owner_of_emulator "$name") == "$ENGINES" ]]; then
            echo -1 >"$BINFMT/qemu-$name"
            if [[ -x $heir/bookworm/usr/bin/qemu-$name-static ]]; then
                register_emulator "$name" "$heir/bookworm"
            fi
        fi
    done
}
