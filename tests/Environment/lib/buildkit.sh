# shellcheck shell=bash
#
# Genuine buildkitd, buildctl and Dockerfile frontends. Debian has no package of them, but the whole source of BuildKit
# and of what it needs, as Go source packages in forky.

GO_WORK=$PACKAGES/go

buildkit_key() {
    printf '%s %s\n' "$(key_of packages-go source-docker prepare_sources compile_buildkit)" \
        "$(sha256sum <"$FILES/oci-worker.sed" | cut -d' ' -f1)"
}

list_buildkit_packages() {
    local go names
    go=$(private_apt forky amd64 -qq --print-uris --no-install-recommends install golang-go |
        sed -n "s/.* \(golang-[0-9.]*-go\)_.*/\1/p" | head -n 1)
    if [[ -z $go ]]; then
        fail "Debian's suite forky has no Go compiler that golang-go leads to."
    fi
    mapfile -t names <"$FILES/buildkit-dev-packages.txt"
    list_packages packages-go . forky amd64 download "$go" "${go%-go}-src" "${names[@]}"
    # The other files of that source package are not needed, and some mirrors lack them.
    list_packages source-docker '^docker\.io_.*\.orig\.tar\.' forky amd64 source docker.io
}

make_buildkit() {
    local start version
    version=$(sed -n 's/.* golang-github-docker-docker-dev_\([^ ]*\)_all\.deb .*/\1/p' "$PACKAGES/packages-go.list")
    STEP="Fetching the sources of BuildKit (golang-github-docker-docker-dev $version)"
    start=$(now)
    logged buildkit-sources fetch_sources
    say "$(printf '%8s  %s' "$(seconds_since "$start")" "Fetched BuildKit's sources")"
    STEP="Fitting the sources of BuildKit together (golang-github-docker-docker-dev $version)"
    logged buildkit-prepare prepare_sources
    STEP="Compiling BuildKit (golang-github-docker-docker-dev $version)"
    say "          Compiling BuildKit, which takes about two minutes ..."
    start=$(now)
    logged buildkit-compile compile_buildkit
    say "$(printf '%8s  %s' "$(seconds_since "$start")" "Compiled BuildKit $(go_buildkit_version)")"
    rm -rf "$GO_WORK"
    STEP=
}

fetch_sources() {
    fetch_packages packages-go "$GO_WORK/packages"
    fetch_packages source-docker "$GO_WORK/source"
    unpack_packages "$GO_WORK/root" "$GO_WORK"/packages/*.deb
    rm -r "$GO_WORK/packages"
}

# BuildKit lies in the package as a part of Docker: it becomes a package of its own again, three modules that Debian took
# out come from Docker's source archive, and two snapshotters that Debian does not have are cut.
prepare_sources() {
    local packaged=$GO_WORK/root/usr/share/gocode/src/github.com own=$GO_WORK/own/src/github.com
    local archive vendor depth
    archive=$(echo "$GO_WORK"/source/docker.io_*.orig.tar.*)
    mkdir -p "$own/moby" "$own/tonistiigi"
    cp -r "$packaged/moby/buildkit" "$own/moby/"
    # Without one, Go does not find packages whose path ends in a version.
    printf 'module github.com/moby/buildkit\n\ngo 1.24\n' >"$own/moby/buildkit/go.mod"
    sed -f "$FILES/oci-worker.sed" "$packaged/moby/buildkit/cmd/buildkitd/main_oci_worker.go" \
        >"$own/moby/buildkit/cmd/buildkitd/main_oci_worker.go"

    tar -tf "$archive" >"$GO_WORK/archive-list"
    vendor=$(sed -n 's,\(.*engine/vendor\)/modules\.txt$,\1,p' "$GO_WORK/archive-list")
    if [[ -z $vendor ]]; then
        echo "$archive holds no engine/vendor/modules.txt"
        return 1
    fi
    depth=$(tr -cd / <<<"$vendor" | wc -c)
    tar -xf "$archive" -C "$GO_WORK" --strip-components="$depth" "$vendor/github.com/moby/profiles" \
        "$vendor/github.com/tonistiigi/go-actions-cache" "$vendor/github.com/tonistiigi/go-csvvalue" "${vendor%/vendor}/vendor.mod"
    cp -r "$GO_WORK/vendor/github.com/moby/profiles" "$own/moby/"
    cp -r "$GO_WORK"/vendor/github.com/tonistiigi/* "$own/tonistiigi/"
    mv "$GO_WORK/vendor.mod" "$GO_WORK/vendor/"
    ln -sfn root/usr/share/gocode "$GO_WORK/debian"
}

go_buildkit_version() {
    sed -n 's,^.*github.com/moby/buildkit \(v[0-9.]*\).*$,\1,p' "$GO_WORK/vendor/vendor.mod" | head -n 1
}

compile_buildkit() {
    local buildkit=github.com/moby/buildkit tags='osusergo netgo static_build' version flags
    version=$(go_buildkit_version)
    flags="-s -w -X $buildkit/version.Version=${version:?}"
    rm -rf "$BUILDKIT.new"
    mkdir -p "$BUILDKIT.new"
    go_build -tags "$tags seccomp" -ldflags "$flags" -o "$BUILDKIT.new/" \
        "$buildkit/cmd/buildkitd" "$buildkit/cmd/buildctl" "$buildkit/frontend/dockerfile/cmd/dockerfile-frontend"
    go_build -tags "$tags dfrunsecurity dfrundevice dfparents" -ldflags "$flags" -o "$BUILDKIT.new/dockerfile-frontend-labs" \
        "$buildkit/frontend/dockerfile/cmd/dockerfile-frontend"
    "$BUILDKIT.new/buildkitd" --version
}

go_build() {
    local root
    root=$(echo "$GO_WORK"/root/usr/lib/go-*)
    env GOROOT="$root" GOPATH="$GO_WORK/own:$GO_WORK/debian" GOCACHE="$GO_WORK/cache" GO111MODULE=off GOPROXY=off \
        GOFLAGS= GOTOOLCHAIN=local CGO_ENABLED=0 "$root/bin/go" build "$@"
}
