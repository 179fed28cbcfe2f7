# shellcheck shell=bash
#
# Images as OCI layouts, made without an engine, the same bytes each time: a base for six platforms (busybox), BuildKit
# itself for container builders, and the Dockerfile frontends.

IMAGE_TIME=1700000000
IMAGE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Debian's name : image architecture : variant
BASE_PLATFORMS=(amd64:amd64: arm64:arm64:v8 armhf:arm:v7 riscv64:riscv64: s390x:s390x: ppc64el:ppc64le:)
IMAGE_WORK=$PACKAGES/images

IMAGE_FUNCTIONS=(make_images make_base_image base_root make_buildkit_image make_frontend_image write_manifest
    store_blob write_index_file)

images_key() {
    printf '%s %s\n' "$(key_of packages-image busybox-amd64 busybox-foreign "${IMAGE_FUNCTIONS[@]}")" \
        "$(sha256sum "$BUILDKIT/key" "$FILES/runc" | cut -d' ' -f1 | tr -d '\n')"
}

fetch_image_packages() {
    fetch_packages packages-image "$IMAGE_WORK/packages"
    fetch_packages busybox-foreign "$IMAGE_WORK/busybox"
}

make_images() {
    fetch_packages busybox-amd64 "$IMAGE_WORK/busybox-amd64"
    mv "$IMAGE_WORK"/busybox-amd64/* "$IMAGE_WORK/busybox/"
    rm -rf "$IMAGES.new"
    dpkg-deb --fsys-tarfile "$IMAGE_WORK"/busybox/busybox-static_*_amd64.deb | tar -xO --wildcards '*bin/busybox' >"$IMAGE_WORK/busybox.amd64"
    chmod 755 "$IMAGE_WORK/busybox.amd64"
    "$IMAGE_WORK/busybox.amd64" --list >"$IMAGE_WORK/applets"

    make_buildkit_image &
    local buildkit_image=$!
    make_base_image
    make_frontend_image dockerfile dockerfile-frontend
    make_frontend_image dockerfile-labs dockerfile-frontend-labs
    wait "$buildkit_image"
    rm -rf "$IMAGE_WORK"
}

make_base_image() {
    local platform debian architecture variant root manifests=()
    local layout=$IMAGES.new/base
    for platform in "${BASE_PLATFORMS[@]}"; do
        IFS=: read -r debian architecture variant <<<"$platform"
        root=$IMAGE_WORK/base-$debian
        base_root "$root" "$debian" "$architecture"
        manifests+=("$(write_manifest "$layout" "$root" "$architecture" "$variant" -9 \
            "{\"Env\":[\"PATH=$IMAGE_PATH\"],\"Cmd\":[\"sh\"]}")")
    done
    local IFS=,
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' \
        "${manifests[*]}" >"$IMAGE_WORK/base-index"
    write_index_file "$layout" "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",$(store_blob "$layout" "$IMAGE_WORK/base-index")}"
}

base_root() {
    local root=$1 debian=$2 architecture=$3 applet
    mkdir -p "$root"/{bin,etc,tmp,root,proc,sys,dev,run,var/tmp,usr/bin,usr/sbin,sbin,lib}
    dpkg-deb --fsys-tarfile "$IMAGE_WORK"/busybox/busybox-static_*_"$debian".deb | tar -xO --wildcards '*bin/busybox' >"$root/bin/busybox"
    chmod 755 "$root/bin/busybox"
    while read -r applet; do
        if [[ $applet != busybox ]]; then
            ln -s busybox "$root/bin/$applet"
        fi
    done <"$IMAGE_WORK/applets"
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'daemon:x:1:1:daemon:/:/bin/false' \
        'nobody:x:65534:65534:nobody:/:/bin/false' >"$root/etc/passwd"
    printf '%s\n' 'root:x:0:' 'daemon:x:1:' 'nogroup:x:65534:' >"$root/etc/group"
    printf 'ID=testbase\nVERSION_ID=1\nPRETTY_NAME="test base (%s)"\n' "$architecture" >"$root/etc/os-release"
    chmod 1777 "$root/tmp" "$root/var/tmp"
}

make_buildkit_image() {
    local root=$IMAGE_WORK/buildkit layout=$IMAGES.new/buildkit packages applet manifest
    # git's closure without what it does not need to clone and fetch.
    mapfile -t packages < <(find "$IMAGE_WORK/packages" -name '*.deb' | grep -vE '/(perl|libperl|debconf|dpkg_|libgdbm|libdb5)')
    unpack_packages "$root" "${packages[@]}"
    rm -rf "$root"/usr/lib/x86_64-linux-gnu/gconv
    cp "$BUILDKIT/buildkitd" "$BUILDKIT/buildctl" "$root/usr/bin/"
    cp "$IMAGE_WORK/busybox.amd64" "$root/usr/bin/busybox"
    while read -r applet; do
        if [[ ! -e $root/usr/bin/$applet && ! -e $root/usr/sbin/$applet ]]; then
            ln -s busybox "$root/usr/bin/$applet"
        fi
    done <"$IMAGE_WORK/applets"
    mkdir -p "$root"/{proc,sys,dev,tmp,run,root} "$root/var/lib" "$root/etc/ssl/certs"
    chmod 1777 "$root/tmp"
    sed 's,^real=.*,real=/usr/sbin/runc,' "$FILES/runc" >"$root/usr/bin/buildkit-runc"
    chmod 755 "$root/usr/bin/buildkit-runc"
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    printf '%s\n' 'root:x:0:' >"$root/etc/group"
    manifest=$(write_manifest "$layout" "$root" amd64 '' -1 "{\"Env\":[\"PATH=$IMAGE_PATH\"],\"Entrypoint\":[\"buildkitd\"]}")
    write_index_file "$layout" "$manifest"
}

# make_frontend_image NAME PROGRAM
make_frontend_image() {
    local root=$IMAGE_WORK/$1 layout=$IMAGES.new/$1 manifest
    mkdir -p "$root/bin"
    cp "$BUILDKIT/$2" "$root/bin/dockerfile-frontend"
    manifest=$(write_manifest "$layout" "$root" amd64 '' -1 "{\"Env\":[\"PATH=$IMAGE_PATH\"],\"Entrypoint\":[\"/bin/dockerfile-frontend\"]}")
    write_index_file "$layout" "$manifest"
}

# write_manifest LAYOUT ROOT ARCHITECTURE VARIANT COMPRESSION CONFIG: an image of one layer; prints its descriptor.
write_manifest() {
    local layout=$1 root=$2 architecture=$3 variant=${4:+,\"variant\":\"$4\"} compression=$5 config=$6
    local layer_id layer_blob config_blob
    tar --sort=name --mtime="@$IMAGE_TIME" --owner=0 --group=0 --numeric-owner -C "$root" -cf "$root.tar" .
    layer_id=$(sha256sum <"$root.tar" | cut -d' ' -f1)
    gzip -n "$compression" "$root.tar"
    layer_blob=$(store_blob "$layout" "$root.tar.gz")
    printf '{"created":"2023-11-14T22:13:20Z","architecture":"%s","os":"linux"%s,"config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"2023-11-14T22:13:20Z","created_by":"test image"}]}' \
        "$architecture" "$variant" "$config" "$layer_id" >"$root.config"
    config_blob=$(store_blob "$layout" "$root.config")
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",%s}]}' \
        "$config_blob" "$layer_blob" >"$root.manifest"
    printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"platform":{"architecture":"%s","os":"linux"%s}}' \
        "$(store_blob "$layout" "$root.manifest")" "$architecture" "$variant"
    rm -rf "$root"
}

# store_blob LAYOUT FILE: moves it in and prints digest and size as a descriptor has them.
store_blob() {
    local digest size
    digest=$(sha256sum <"$2" | cut -d' ' -f1)
    size=$(stat -c %s "$2")
    mkdir -p "$1/blobs/sha256"
    mv "$2" "$1/blobs/sha256/$digest"
    printf '"digest":"sha256:%s","size":%s' "$digest" "$size"
}

# write_index_file LAYOUT DESCRIPTOR: names the image "latest".
write_index_file() {
    printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
    printf '{"schemaVersion":2,"manifests":[%s,"annotations":{"org.opencontainers.image.ref.name":"latest"}}]}' "${2%\}}" >"$1/index.json"
}
