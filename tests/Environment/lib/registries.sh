# shellcheck shell=bash
#
# Three registries: a plain one that stands for docker.io, one with TLS and a password, one with tokens; and the server
# that gives the tokens.

start_registries() {
    make_password_file
    write_registry registry "127.0.0.1:$BUILDXPS_PORT_REGISTRY"
    write_registry registry-tls "$REGISTRY_TLS" \
        "auth: {htpasswd: {realm: buildxps-test, path: $RUN/registry-tls/htpasswd}}" \
        ", tls: {certificate: $CERTIFICATES/server.pem, key: $CERTIFICATES/server.key}"
    write_registry registry-token "$REGISTRY_TOKEN" \
        "auth: {token: {realm: 'http://127.0.0.1:$BUILDXPS_PORT_TOKEN_SERVER/token', service: buildxps-test, issuer: buildxps-test-tokens, rootcertbundle: $CERTIFICATES/token.pem}}"
    cp "$FILES/token-server.pl" "$RUN/token-server/"

    local name
    for name in registry registry-tls registry-token; do
        start_process "$name" "$RUN/$name/registry.yml" "$BOOKWORM/usr/bin/docker-registry" serve "$RUN/$name/registry.yml"
    done
    start_process token-server "$RUN/token-server/token-server.pl" perl "$RUN/token-server/token-server.pl" \
        "$BUILDXPS_PORT_TOKEN_SERVER" "$CERTIFICATES/token.key" "$CERTIFICATES/token.pem"

    wait_until registry listens 127.0.0.1 "$BUILDXPS_PORT_REGISTRY"
    wait_until registry-tls listens "$BUILDXPS_ADDRESS_REGISTRY_TLS" "$BUILDXPS_PORT_REGISTRY_TLS"
    wait_until registry-token listens 127.0.0.1 "$BUILDXPS_PORT_REGISTRY_TOKEN"
    wait_until token-server listens 127.0.0.1 "$BUILDXPS_PORT_TOKEN_SERVER"
}

make_password_file() {
    local file=$RUN/registry-tls/htpasswd
    if [[ ! -s $file ]]; then
        LD_LIBRARY_PATH=$BOOKWORM_LIBRARIES "$BOOKWORM/usr/bin/htpasswd" -Bbn "$REGISTRY_USER" "$REGISTRY_PASSWORD" >"$file"
    fi
}

# write_registry NAME ADDRESS [AUTHENTICATION [TLS]]
write_registry() {
    cat >"$RUN/$1/registry.yml" <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $RUN/$1/data}, delete: {enabled: true}}
${3:-}
http: {addr: '$2'${4:-}}
YAML
}

# Puts the images where builds look for them, once for each making of the images.
fill_registries() {
    local filled=$RUN/registry/filled name jobs=() job
    if [[ -f $filled ]] && cmp -s "$filled" "$IMAGES/key" && [[ -d $RUN/registry/data && -d $RUN/registry-tls/data && -d $RUN/registry-token/data ]]; then
        return
    fi
    # The layers first, so that the other names only point at them.
    push_image base "$REGISTRY/base:latest"
    for name in alpine busybox debian; do
        push_image base "$REGISTRY/library/$name:latest" &
        jobs+=("$!")
    done
    push_image buildkit "$REGISTRY/moby/buildkit:buildx-stable-1" &
    jobs+=("$!")
    push_image dockerfile "$REGISTRY/docker/dockerfile:1"
    push_image dockerfile-labs "$REGISTRY/docker/dockerfile:1-labs"
    push_image base "$REGISTRY_TLS/base:latest" --dest-creds "$REGISTRY_USER:$REGISTRY_PASSWORD"
    push_image base "$REGISTRY_TOKEN/base:latest" --dest-creds "$REGISTRY_USER:$REGISTRY_PASSWORD"
    for job in "${jobs[@]}"; do
        wait "$job"
    done
    cp "$IMAGES/key" "$filled"
}

# push_image LAYOUT REFERENCE [SKOPEO-OPTIONS...]
push_image() {
    local layout=$1 reference=$2
    shift 2
    if [[ $reference != "$REGISTRY_TLS"/* ]]; then
        set -- --dest-tls-verify=false "$@"
    fi
    env -u HTTP_PROXY -u HTTPS_PROXY -u http_proxy -u https_proxy LD_LIBRARY_PATH="$BOOKWORM_LIBRARIES" \
        SSL_CERT_FILE="$CERTIFICATES/ca.pem" "$BOOKWORM/usr/bin/skopeo" --insecure-policy --registries-conf /dev/null \
        copy --quiet --all "$@" "oci:$IMAGES/$layout:latest" "docker://$reference"
}
