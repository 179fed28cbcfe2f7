namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <content>Registries, as engines meet them.</content>
public static partial class FailureCatalogue
{
    private static FailureEntry[] Registries() =>
    [
        new(BuildxFailure.RegistryPlainHttp, FailureCategory.SecurityError,
            "A registry answers plain http to a request over https",
            "It has no TLS. Known by what the engine's http client says; by this client, from the answer's first bytes. Nothing is asked over http in its place without being told to.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The registry HOST:PORT answers plain http where the engine expects https",
                    Texts = ["http: server gave HTTP response to HTTPS client"],
                    BuilderAdvice = "If you trust the network in between, let the builder use http: Set-BuildxBuilder BUILDER -InsecureRegistry HOST:PORT.",
                    DaemonAdvice = "If you trust the network in between, list HOST:PORT under insecure-registries in the daemon's daemon.json and restart it, or build on a builder of your own (New-BuildxBuilder -InsecureRegistry HOST:PORT).",
                    RemoteAdvice = "If you trust the network in between, write http = true in [registry.\"HOST:PORT\"] of that engine's buildkitd.toml, and restart it.",
                },
            ],
        },
        new(BuildxFailure.RegistryCertificateInvalid, FailureCategory.SecurityError,
            "A registry's certificate is not trusted",
            "Its authority is not known where the engine (or this client) runs, or it is for another name, or no longer valid. Known by what the engine's TLS says (x509), and by the checks of this client.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The engine does not trust the certificate of the registry HOST:PORT",
                    Texts = ["tls: failed to verify certificate", "x509: ", "tls: failed to verify"],
                    BuilderAdvice = "Give the builder the authority that signed it, as a PEM file: Set-BuildxBuilder BUILDER -RegistryCa @{ 'HOST:PORT' = 'FILE' }.",
                    DaemonAdvice = "Put the authority that signed it into /etc/docker/certs.d/HOST:PORT/ca.crt where the daemon runs, and restart the daemon, whose builds read it at its start only.",
                    RemoteAdvice = "Write ca = [\"FILE\"] in [registry.\"HOST:PORT\"] of that engine's buildkitd.toml, and restart it.",
                },
            ],
        },
        new(BuildxFailure.NameNotResolved, FailureCategory.ConnectionError,
            "A host name cannot be resolved",
            "The name is looked up where the engine runs. An engine in a container does not see this machine's hosts file. Known by what the engine's resolver says, and by the socket error of this client.")
        {
            Cases =
            [
                new()
                {
                    Summary = "A host name could not be resolved where the engine runs",
                    Texts = ["no such host", "server misbehaving", "Temporary failure in name resolution", "dial tcp: lookup "],
                    BuilderAdvice = "Check how the name is written. The builder's container does not see this machine's hosts file and may have another DNS server: Set-BuildxBuilder BUILDER -DriverOption network=host gives it the names and the network of its machine.",
                    DaemonAdvice = "Check how the name is written, and the DNS settings and the hosts file of the machine that the daemon runs on.",
                    RemoteAdvice = "Check how the name is written, and the DNS settings and the hosts file of the machine or container that the engine runs in.",
                },
            ],
        },
        new(BuildxFailure.RegistryHttpsRequired, FailureCategory.SecurityError,
            "A registry wants https and was asked over plain http",
            "The builder was told to use http for it, or its address is a loopback one, which engines ask over http unless told otherwise. Known by the status 400 of an http request.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The registry HOST:PORT wants https where the engine speaks plain http",
                    Texts = ["unexpected status from * request to http://*: 400 Bad Request", "Client sent an HTTP request to an HTTPS server"],
                    BuilderAdvice = "Give the builder the authority of the registry's certificate, which makes it use https: Set-BuildxBuilder BUILDER -RegistryCa @{ 'HOST:PORT' = 'FILE' }.",
                    DaemonAdvice = "Take HOST:PORT out of insecure-registries in the daemon's daemon.json and restart it; a registry on a loopback address needs another name, since daemons ask those over http.",
                    RemoteAdvice = "Write http = false, and ca = [\"FILE\"] where its authority is your own, in [registry.\"HOST:PORT\"] of that engine's buildkitd.toml, and restart it.",
                },
            ],
        },
        new(BuildxFailure.RegistryUnreachable, FailureCategory.ConnectionError,
            "No registry answers at an address",
            "Known by the connection's error: refused, reset, no route, or no answer in time.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The engine does not reach the registry HOST:PORT",
                    Texts =
                    [
                        "failed to do request: *connect: connection refused", "failed to do request: *i/o timeout", "failed to do request: *connection reset by peer",
                        "failed to do request: *EOF", "failed to do request: *no route to host", "failed to do request: *network is unreachable",
                    ],
                    BuilderAdvice = "Check host and port, and that the registry is up. The engine looks from its container, where localhost is the container itself: Set-BuildxBuilder BUILDER -DriverOption network=host gives it the network of its machine.",
                    DaemonAdvice = "Check host and port, and that the registry is up. The daemon looks from the machine that it runs on.",
                    RemoteAdvice = "Check host and port, and that the registry is up. The engine looks from where it runs.",
                },
            ],
        },
        new(BuildxFailure.RegistryError, FailureCategory.InvalidResult,
            "A registry answered with an error",
            "What a registry, or its token service, answers and has no reason of its own here. A push that was refused for the moment (429, 5xx, a broken connection) is tried again without building again.")
        {
            Advice = "Read the registry's answer in the message. If it was busy, push again later: what was built is in the engine's cache.",
            Cases =
            [
                new()
                {
                    Summary = "The registry HOST:PORT could not take a push just now",
                    Advice = "Push again a little later: what was built is in the engine's cache. If it stays so, see the registry's log and its limits.",
                    Texts =
                    [
                        "failed to push *unexpected status from *: 408", "failed to push *unexpected status from *: 429", "failed to push *unexpected status from *: 5",
                        "failed to push *TLS handshake timeout", "failed to push *: toomanyrequests: ", "failed to push *: unavailable: ",
                        "failed to push *connection reset by peer", "failed to push *broken pipe", "failed to push *EOF",
                    ],
                },
            ],
        },
        new(BuildxFailure.RegistryIndexRefused, FailureCategory.NotImplemented,
            "A registry refuses indexes of images",
            "An image of several platforms, or one with attestations, is an index. Known by the status 415, or by the registry's code for a manifest that it does not understand.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The registry HOST:PORT refuses indexes, which images of several platforms and images with attestations are",
                    Advice = "Use a registry that takes OCI indexes (distribution 2.7 and newer do), or push one plain image: one -Platform, with -Provenance $false, and with -Output type=image,push=true,oci-mediatypes=false for a registry that knows docker's types only.",
                    Texts = ["failed to push *: 415", "failed to push *manifest invalid"],
                },
            ],
        },
        new(BuildxFailure.RegistryLoginExpired, FailureCategory.AuthenticationError,
            "A registry refused a layer that it had begun to take",
            "The login was good when the upload began: a token that ended meanwhile, or a cache in front of the registry. Known by the status 401 of the request that ends an upload.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The registry HOST:PORT accepted the login and refused a layer at the end of its upload, as if the login had ended meanwhile",
                    Advice = "Build again: the engine gets a new token, steps come from its cache, and layers that the registry has are not sent again. If it stays so, let the registry's tokens live longer than the largest upload takes, or look at what caches its answers.",
                    Texts = ["failed to push *unexpected status from PUT request to *digest=*: 401"],
                },
            ],
        },
        new(BuildxFailure.RegistryUnauthorized, FailureCategory.AuthenticationError,
            "A registry wants a login, or the login lacks a right",
            "Known by the status 401 or 403, by the registry's code (insufficient_scope, denied), or by the token service's answer. The message says which login was used. Many registries answer so for what does not exist.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The registry HOST:PORT refused the engine's request",
                    Advice = "Check the image's name first: registries answer like this for images that do not exist. If it is private, log in with 'Connect-BuildxRegistry HOST:PORT' as a user who may read (or push to) it.",
                    Texts =
                    [
                        "insufficient_scope", "pull access denied", "401 Unauthorized", "403 Forbidden", "no basic auth credentials", "failed to authorize",
                        "authentication required", "failed to fetch oauth token",
                        // What a token service without POST answers to a login that it refused as GET.
                        "unexpected status from POST request to *: 405", "failed to fetch anonymous token",
                    ],
                },
            ],
        },
        new(BuildxFailure.CredentialHelperFailed, FailureCategory.AuthenticationError,
            "A program that keeps logins failed",
            "Docker's configuration names a credential helper that is missing, failed, took longer than 50 seconds, or answered with something that is no login.")
        { Advice = "Run docker-credential-NAME list to see what it says, or take it out of credsStore and credHelpers in docker's config.json." },
        new(BuildxFailure.CredentialHelperMissing, FailureCategory.NotInstalled,
            "A login cannot be kept safely",
            "Docker's configuration names no credential helper, none is installed that it takes by itself, and a plain file was not asked for.")
        { Advice = "Install a credential helper (docker-credential-pass, for example) and name it as credsStore in docker's config.json, or keep the login in a plain file with -UseFile." },
        new(BuildxFailure.MediaTypeUnsupported, FailureCategory.NotImplemented,
            "A document in a registry is of a type that is not known",
            "Known by the media type that the registry names.")
        { Advice = "Check that the reference is an image's, and not that of something else that a registry can keep." },
        new(BuildxFailure.ImageInvalid, FailureCategory.InvalidData,
            "A document of an image is malformed",
            "A manifest, index or config can be read in two ways, is too large, or is no JSON.")
        { Advice = "Push the image again with another tool, or ask who made it." },
        new(BuildxFailure.DigestMismatch, FailureCategory.SecurityError,
            "Bytes are not those that their digest promises",
            "Everything that is named by a digest is hashed when it is read.")
        { Advice = "Try again; if it stays, what keeps the image (a registry, a proxy, a folder) is damaged or changes it." },
    ];
}
