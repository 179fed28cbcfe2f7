#!/usr/bin/env bash
#
# Brings up real build engines for the tests, from Debian packages alone, and prints the path of engines.json last.
# See README.md beside it.

set -Eeuo pipefail
export LC_ALL=C

ENVIRONMENT=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
QUIET=0
UPDATE=0
for argument in "$@"; do
    case $argument in
        --quiet) QUIET=1 ;;
        --update) UPDATE=1 ;;
        *)
            printf 'usage: up.sh [--quiet] [--update]\n' >&2
            printf '  --quiet   print only the path of engines.json, and errors\n' >&2
            printf '  --update  ask the mirror now whether the packages have changed\n' >&2
            exit 2
            ;;
    esac
done

for part in settings messages host processes neighbours networks slots packages buildkit images certificates emulators \
    registries dockerd buildkitd ssh description stop; do
    # shellcheck source=/dev/null
    source "$ENVIRONMENT/lib/$part.sh"
done

prepare_folders() {
    local name
    mkdir -p "$ENGINES" "$PACKAGES" "$LOGS" "$RUN"
    chmod 700 "$ENGINES"
    for name in "${PROCESSES[@]}"; do
        mkdir -p "$RUN/$name"
    done
}

everything_is_made() {
    local folder
    for folder in "$BOOKWORM" "$FORKY" "$BUILDKIT" "$IMAGES"; do
        [[ -f $folder/key ]] || return 1
    done
    # Made by other scripts than these, perhaps.
    {
        is_current "$BOOKWORM" "$(bookworm_key)" && is_current "$FORKY" "$(forky_key)" &&
            is_current "$BUILDKIT" "$(buildkit_key)" && is_current "$IMAGES" "$(images_key)"
    } 2>/dev/null
}

make_forky() {
    STEP='Reading the package index of forky'
    refresh_index forky amd64
    list_packages packages-forky . forky amd64 download "${FORKY_PACKAGES[@]}"
    list_packages busybox-amd64 . forky amd64 download busybox-static
    list_buildkit_packages
    if ! is_current "$BUILDKIT" "$(buildkit_key)"; then
        make_buildkit
        buildkit_key >"$BUILDKIT.new/key"
    fi
}

make_bookworm() {
    STEP='Reading the package index of bookworm'
    refresh_index bookworm amd64
    list_packages packages-bookworm . bookworm amd64 download "${BOOKWORM_PACKAGES[@]}"
    list_packages packages-image . bookworm amd64 --yes install git runc libc6
    if ! is_current "$BOOKWORM" "$(bookworm_key)"; then
        step "Fetched Docker 20.10, registry, QEMU and tools (bookworm)" logged unpack-bookworm unpack_bookworm
        bookworm_key >"$BOOKWORM.new/key"
    fi
    STEP='Reading the package indexes of other architectures'
    refresh_index forky "${FOREIGN_ARCHITECTURES[*]}"
    list_packages busybox-foreign . forky "${FOREIGN_ARCHITECTURES[*]}" download "${FOREIGN_ARCHITECTURES[@]/#/busybox-static:}"
}

make_what_is_missing() {
    lane make_forky
    lane make_bookworm
    wait_for_lanes
    if ! is_current "$FORKY" "$(forky_key)"; then
        step "Fetched Docker 28, its command line and buildx (forky)" logged unpack-forky unpack_forky
        forky_key >"$FORKY.new/key"
    fi
    put_in_place "$BOOKWORM" "$FORKY" "$BUILDKIT"
    if ! is_current "$IMAGES" "$(images_key)"; then
        step "Fetched packages for the images" logged image-packages fetch_image_packages
        step "Made the images" logged images make_images
        images_key >"$IMAGES.new/key"
        put_in_place "$IMAGES"
    fi
    rm -rf "$PACKAGES/apt" "$PACKAGES"/*.new
    touch "$PACKAGES/checked"
}

# New programs take the place of old ones only when nothing runs from those; data of another version goes.
put_in_place() {
    local folder stopped=0
    for folder in "$@"; do
        if [[ -d $folder.new ]]; then
            if [[ -d $folder && $stopped == 0 ]]; then
                say "          Stopping the engines, which run older programs"
                stop_everything
                rm -rf "$RUN"
                prepare_folders
                stopped=1
            fi
            rm -rf "$folder"
            mv "$folder.new" "$folder"
        fi
    done
}

refresh_if_needed() {
    if ! everything_is_made; then
        check_space
        make_what_is_missing
    elif ((UPDATE)); then
        make_what_is_missing
    elif ! lists_are_fresh; then
        if (STEP='Asking the mirror for changes' refresh_index forky amd64) 2>/dev/null; then
            make_what_is_missing
        else
            warn "The Debian mirror could not be asked whether packages have changed; going on with those from before." \
                "See $LOGS/index-forky-amd64.log."
        fi
    fi
}

start_everything() {
    step 'Certificates' logged certificates make_certificates
    step 'Networks and emulators' alone connect_machine
    step 'Registries' start_registries
    step 'Images in the registries' logged fill-registries fill_registries
    install_runc_wrapper
    step 'Engines' start_engines
    prepare_docker_cli
}

connect_machine() {
    make_bridges
    make_mount_points
    register_emulators
}

start_engines() {
    start_dockerds
    start_buildkitd
    start_sshd
    wait_for_dockerds
    wait_for_buildkitd
    wait_for_sshd
}

main() {
    local start
    start=$(now)
    watch_failures
    umask 022
    check_settings
    check_host
    mkdir -p "$ENGINES" "$LOGS"
    install_missing_tools
    lock
    prepare_folders
    alone claim_slot
    check_ports
    say "Test engines in $ENGINES, slot $SLOT"
    refresh_if_needed
    start_everything
    write_description
    say "$(printf '%8s  %s' "$(seconds_since "$start")" 'in all')"
    say_how_to_reach
    printf '%s\n' "$DESCRIPTION"
}

main
