# shellcheck shell=bash
#
# A buildkitd of its own, on a unix socket and on tcp with mutual TLS.

start_buildkitd() {
    local home=$RUN/bkd
    mkdir -p "$home/data"
    cat >"$home/buildkitd.toml" <<TOML
debug = true
root = "$home/data"
insecure-entitlements = ["network.host", "security.insecure"]

[grpc]
  address = ["unix://$home/buildkitd.sock", "tcp://127.0.0.1:$BUILDXPS_PORT_BUILDKITD"]
  [grpc.tls]
    cert = "$CERTIFICATES/server.pem"
    key = "$CERTIFICATES/server.key"
    ca = "$CERTIFICATES/ca.pem"

[otel]
  socketPath = "$home/otel.sock"

[worker.oci]
  binary = "$RUN/shim/runc"
  defaultCgroupParent = "$CGROUP/bkd"
[worker.containerd]
  enabled = false

$(buildkitd_registries)
TOML
    # A mount namespace of its own: what a crash leaves mounted goes away with it.
    # shellcheck disable=SC2016 # the inner shell expands it
    start_process bkd "$home/buildkitd.toml" env PATH="$RUN/shim:/usr/sbin:/usr/bin:/sbin:/bin" \
        unshare -m "$BUILDKIT/buildkitd" --config "$home/buildkitd.toml"
}

# The part that a container builder made by a test needs too.
buildkitd_registries() {
    cat <<TOML
[registry."docker.io"]
  mirrors = ["$REGISTRY"]
[registry."$REGISTRY"]
  http = true
[registry."$REGISTRY_TOKEN"]
  http = true
[registry."$REGISTRY_TLS"]
  http = false
  ca = ["$CERTIFICATES/ca.pem"]
TOML
}

wait_for_buildkitd() {
    wait_until bkd env -i "$BUILDKIT/buildctl" --addr "unix://$RUN/bkd/buildkitd.sock" debug workers
}
