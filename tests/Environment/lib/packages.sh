# shellcheck shell=bash
#
# Debian packages, fetched and unpacked without touching the machine's own apt or dpkg. A group's list (packages/NAME.list,
# one line "uri file size hash" a package) says exactly what belongs to it; everything made from packages is keyed on
# such lists, so that a package that moved leads to a new build, and nothing else does.

BOOKWORM_PACKAGES=(
    docker.io containerd runc tini docker-registry skopeo libgpgme11 libassuan0 qemu-user-static
    apache2-utils libapr1 libaprutil1 openssh-server libwrap0
)
FORKY_PACKAGES=(docker.io docker-cli docker-buildx containerd tini-static)
FOREIGN_ARCHITECTURES=(arm64 armhf riscv64 s390x ppc64el)

debian_mirror() {
    local mirror=${BUILDXPS_DEBIAN_MIRROR:-} codename source
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    codename=${codename:-bookworm}
    for source in /etc/apt/sources.list.d/*.sources; do
        if [[ -z $mirror && -r $source ]]; then
            mirror=$(awk -v suite="$codename" '
                /^$/ { uri = "" }
                /^URIs:/ { uri = $2 }
                /^Suites:/ { for (i = 2; i <= NF; i++) if ($i == suite && uri) { print uri; exit } }' "$source")
        fi
    done
    for source in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        if [[ -z $mirror && -r $source ]]; then
            mirror=$(sed -nE "s/^deb +(\[[^]]*\] +)?([^ ]+) +$codename +.*main.*/\2/p" "$source" | head -n 1)
        fi
    done
    if [[ -z $mirror ]]; then
        fail "No Debian mirror is configured on this machine." \
            "Set BUILDXPS_DEBIAN_MIRROR to one that has the suites bookworm and forky."
    fi
    printf '%s\n' "${mirror%/}"
}

# private_apt SUITE ARCHITECTURES APT-GET-ARGS...: apt-get with lists, cache and status of its own.
private_apt() {
    local suite=$1 architectures=$2 home architecture mirror source options=()
    shift 2
    home=$PACKAGES/apt/$suite-${architectures// /-}
    if [[ ! -f $home/sources.list ]]; then
        mirror=$(debian_mirror)
        mkdir -p "$home/lists/partial" "$home/cache/archives/partial"
        : >"$home/status"
        source="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
        printf 'deb %s\n' "$source" >"$home/sources.list"
        if [[ $suite-$architectures == forky-amd64 ]]; then
            printf 'deb-src %s\n' "$source" >>"$home/sources.list"
        fi
    fi
    for architecture in $architectures; do
        options+=(-o "APT::Architectures::=$architecture")
    done
    apt-get -o Dir::Etc::sourcelist="$home/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::Lists="$home/lists" \
        -o Dir::Cache="$home/cache" -o Dir::State::status="$home/status" -o Dir::State::extended_states="$home/extended" \
        -o APT::Architecture="${architectures%% *}" "${options[@]}" -o APT::Install-Recommends=false \
        -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Get::List-Cleanup=false "$@"
}

refresh_index() {
    local suite=$1 architectures=$2 log
    log=$LOGS/index-$suite-${architectures// /-}.log
    if ! private_apt "$suite" "$architectures" -q --error-on=any update >"$log" 2>&1 </dev/null; then
        fail_with_log "The package index of Debian's suite $suite ($architectures) could not be fetched." "$log" \
            "Check the network and the mirror ($(debian_mirror)); BUILDXPS_DEBIAN_MIRROR names another."
    fi
}

# list_packages GROUP PATTERN SUITE ARCHITECTURES APT-GET-ARGS...: writes down which files a group needs now.
list_packages() {
    local group=$1 pattern=$2 suite=$3 architectures=$4 log=$LOGS/packages-$1.log found=$PACKAGES/$1.found
    shift 4
    if ! private_apt "$suite" "$architectures" -qq --print-uris "$@" >"$found" 2>"$log" </dev/null; then
        fail_with_log "Debian's suite $suite no longer has every package that the test engines need ($group)." "$log" \
            "See the lists in tests/Environment/lib and files/buildkit-dev-packages.txt."
    fi
    sed -n "s/^'\(.*\)' \([^ ]*\) \([0-9]*\) \(.*\)\$/\1 \2 \3 \4/p" "$found" |
        awk -v pattern="$pattern" '$2 ~ pattern' | sort -k 2 >"$PACKAGES/$group.new"
    rm "$found"
    if [[ ! -s $PACKAGES/$group.new ]]; then
        fail "Debian's suite $suite offers nothing that the test engines can use for $group." \
            "Look at what 'apt-get --print-uris' prints for: $*"
    fi
    tell_changes "$group"
    mv "$PACKAGES/$group.new" "$PACKAGES/$group.list"
}

tell_changes() {
    local old=$PACKAGES/$1.list new=$PACKAGES/$1.new change
    if [[ ! -f $old ]] || cmp -s "$old" "$new"; then
        return
    fi
    say "          Debian's packages have changed since the last start ($1):"
    while read -r change; do
        say "            $change"
    done < <(
        comm -23 <(cut -d' ' -f2 "$old") <(cut -d' ' -f2 "$new") | sed 's/^/gone: /'
        comm -13 <(cut -d' ' -f2 "$old") <(cut -d' ' -f2 "$new") | sed 's/^/new:  /'
    )
}

# fetch_packages GROUP FOLDER: downloads what the group's list names; apt checks size and hash.
fetch_packages() {
    local group=$1 folder=$2 uri file hash _ requests=()
    rm -rf "$folder"
    mkdir -p "$folder"
    while read -r uri file _ hash; do
        requests+=("$uri" "$folder/$file" "$hash")
    done <"$PACKAGES/$group.list"
    /usr/lib/apt/apt-helper -o APT::Sandbox::User=root -o Acquire::Retries=3 download-file "${requests[@]}"
}

# unpack_packages ROOT DEB...: into a merged /usr, without maintainer scripts and documentation.
unpack_packages() {
    local root=$1 folder package
    shift
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
    for folder in bin sbin lib lib64; do
        if [[ ! -e $root/$folder ]]; then
            ln -s "usr/$folder" "$root/$folder"
        fi
    done
    for package in "$@"; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --exclude='./usr/share/doc/*' \
            --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/lintian/*'
    done
}

# key_of GROUP|FUNCTION...: changes when a package of the groups or the code of the functions does.
key_of() {
    local part
    for part in "$@"; do
        if declare -F "$part" >/dev/null; then
            declare -f "$part"
        else
            cut -d' ' -f2,4 "$PACKAGES/$part.list"
        fi
    done | sha256sum | cut -d' ' -f1
}

# is_current FOLDER KEY
is_current() {
    [[ -f $1/key && $(<"$1/key") == "$2" ]]
}

bookworm_key() {
    key_of packages-bookworm unpack_bookworm unpack_packages
}

forky_key() {
    key_of packages-forky unpack_forky unpack_packages
}

# What a root needs goes to ROOT.new; up.sh puts it in place once nothing runs from the old one.
unpack_bookworm() {
    local emulator name
    fetch_packages packages-bookworm "$PACKAGES/bookworm"
    rm -rf "$BOOKWORM.new"
    unpack_packages "$BOOKWORM.new" "$PACKAGES"/bookworm/*.deb
    for emulator in "$BOOKWORM.new"/usr/bin/qemu-*; do
        name=${emulator##*/qemu-}
        if [[ " ${EMULATED[*]} " != *" ${name%-static} "* ]]; then
            rm -f "$emulator"
        fi
    done
    rm -rf "$PACKAGES/bookworm"
}

unpack_forky() {
    fetch_packages packages-forky "$PACKAGES/forky"
    rm -rf "$FORKY.new"
    unpack_packages "$FORKY.new" "$PACKAGES"/forky/*.deb
    rm -rf "$PACKAGES/forky"
}

# Whether the lists are there and young enough to be used without asking the mirror.
lists_are_fresh() {
    local checked=$PACKAGES/checked
    [[ -f $checked ]] || return 1
    [[ $BUILDXPS_UPDATE_DAYS != never ]] || return 0
    (($(date +%s) - $(stat -c %Y "$checked") < BUILDXPS_UPDATE_DAYS * 86400))
}
