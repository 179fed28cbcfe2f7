# shellcheck shell=bash
#
# engines.json: how tests reach everything.

prepare_docker_cli() {
    mkdir -p "$DOCKER_CLI_CONFIG/cli-plugins"
    ln -sfn "$FORKY/usr/libexec/docker/cli-plugins/docker-buildx" "$DOCKER_CLI_CONFIG/cli-plugins/docker-buildx"
    buildkitd_registries >"$RUN/registries.toml"
}

write_description() {
    cat >"$DESCRIPTION.new" <<JSON
{
  "engines": {
    "d20": {"host": "unix://$RUN/d20/docker.sock", "log": "$RUN/d20/log", "version": "$(engine_version d20)"},
    "d28": {"host": "unix://$RUN/d28/docker.sock", "tcp": "tcp://127.0.0.1:$BUILDXPS_PORT_DOCKERD", "ssh": "ssh://root@127.0.0.1:$BUILDXPS_PORT_SSH", "log": "$RUN/d28/log", "version": "$(engine_version d28)"},
    "d28c": {"host": "unix://$RUN/d28c/docker.sock", "log": "$RUN/d28c/log", "version": "$(engine_version d28c)"},
    "bkd": {"host": "unix://$RUN/bkd/buildkitd.sock", "tcp": "tcp://127.0.0.1:$BUILDXPS_PORT_BUILDKITD", "log": "$RUN/bkd/log", "version": "$(buildkitd_version)"}
  },
  "registries": {"plain": "$REGISTRY", "https": "$REGISTRY_TLS", "token": "$REGISTRY_TOKEN"},
  "users": {"https": {"name": "$REGISTRY_USER", "password": "$REGISTRY_PASSWORD"}, "token": {"name": "$REGISTRY_USER", "password": "$REGISTRY_PASSWORD"}},
  "certificates": {"ca": "$CERTIFICATES/ca.pem", "clientCertificate": "$CERTIFICATES/client.pem", "clientKey": "$CERTIFICATES/client.key"},
  "ssh": {"identity": "$RUN/sshd/user-key", "knownHosts": "$RUN/sshd/known_hosts"},
  "tools": {"docker": "$FORKY/usr/bin/docker", "dockerConfig": "$DOCKER_CLI_CONFIG", "buildctl": "$BUILDKIT/buildctl", "skopeo": "$BOOKWORM/usr/bin/skopeo", "libraryPath": "$BOOKWORM_LIBRARIES", "buildkitdConfig": "$RUN/registries.toml"},
  "images": "$IMAGES"
}
JSON
    mv "$DESCRIPTION.new" "$DESCRIPTION"
}

engine_version() {
    docker_of "$1" version --format '{{.Server.Version}}'
}

buildkitd_version() {
    "$BUILDKIT/buildkitd" --version | awk '{ print $3 }'
}

say_how_to_reach() {
    say "
Engines:
  d20   dockerd $(engine_version d20), classic store:     DOCKER_HOST=unix://$RUN/d20/docker.sock
  d28   dockerd $(engine_version d28), containerd store:  DOCKER_HOST=unix://$RUN/d28/docker.sock
        also tcp://127.0.0.1:$BUILDXPS_PORT_DOCKERD (TLS) and ssh://root@127.0.0.1:$BUILDXPS_PORT_SSH
  d28c  dockerd $(engine_version d28c), classic store:     DOCKER_HOST=unix://$RUN/d28c/docker.sock
  bkd   buildkitd $(buildkitd_version):                  unix://$RUN/bkd/buildkitd.sock
        also tcp://127.0.0.1:$BUILDXPS_PORT_BUILDKITD (TLS)
Registries:
  http://$REGISTRY (also docker.io to the engines), https://$REGISTRY_TLS (password), http://$REGISTRY_TOKEN (token)
Certificates: $CERTIFICATES; logs: $RUN/*/log; stop everything: $ENVIRONMENT/down.sh
"
}
