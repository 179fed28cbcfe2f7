namespace BuildxPS.Engine.Diagnostics;

/// <summary>A failure that is known by its text, because engines tell it in no other way.</summary>
/// <param name="Failure">What it is.</param>
/// <param name="Summary">What failed, in our words; the engine's words follow it.</param>
/// <param name="Advice">What to do.</param>
/// <param name="Texts">Texts of which one is in the error; parts of one text that stand apart are joined by <c>*</c>.</param>
internal sealed record KnownFailure(BuildxFailure Failure, string Summary, string Advice, params string[] Texts)
{
    // The first that fits counts: what is special stands before what is general. A step that ended with an exit code
    // never comes here: its text holds the command, which may say anything.
    private static readonly KnownFailure[] s_failures =
    [
        new(
            BuildxFailure.RegistryPlainHttp,
            "A registry answers plain http where the engine expects https",
            "Let the engine use http for this registry: tell the builder (Set-BuildxBuilder NAME -InsecureRegistry HOST:PORT; in a config file http = true in [registry.\"HOST:PORT\"]), or list the host under insecure-registries in the docker daemon's daemon.json.",
            "http: server gave HTTP response to HTTPS client"),
        new(
            BuildxFailure.RegistryCertificateInvalid,
            "The engine does not trust a registry's certificate",
            "Give the engine the registry's CA: tell the builder (Set-BuildxBuilder NAME -RegistryCa @{ 'HOST:PORT' = 'FILE' }; in a config file ca = [\"FILE\"] in [registry.\"HOST:PORT\"]), or put it in /etc/docker/certs.d/HOST:PORT/ca.crt where the docker daemon runs.",
            "tls: failed to verify certificate",
            "x509: ",
            "tls: failed to verify"),
        new(
            BuildxFailure.NameNotResolved,
            "A host name could not be resolved where the engine runs",
            "Check the name, and the DNS settings of the machine or container that the engine runs in: it does not see this machine's hosts file.",
            "no such host",
            "server misbehaving",
            "Temporary failure in name resolution",
            "dial tcp: lookup "),
        new(
            BuildxFailure.RegistryError,
            "A registry wants https where the engine speaks plain http",
            "Engines take registries on the loopback address for http ones: give the builder a config file (New-BuildxBuilder -ConfigFile) with http = false, and ca = [\"FILE\"] where its CA is your own, in its [registry.\"HOST:PORT\"].",
            "unexpected status from * request to http://*: 400 Bad Request",
            "Client sent an HTTP request to an HTTPS server"),
        new(
            BuildxFailure.RegistryUnreachable,
            "The engine does not reach a registry",
            "Check host and port, and that the registry is up. The engine looks from where it runs: in a container, localhost is that container unless it has the host's network (New-BuildxBuilder -DriverOption network=host).",
            "failed to do request: *connect: connection refused",
            "failed to do request: *i/o timeout",
            "failed to do request: *connection reset by peer",
            "failed to do request: *EOF",
            "failed to do request: *no route to host",
            "failed to do request: *network is unreachable"),
        new(
            BuildxFailure.RegistryError,
            "A registry could not take a push just now",
            "Push again a little later: what was built is in the engine's cache. If it stays so, see the registry's log and its limits.",
            "failed to push *unexpected status from *: 408",
            "failed to push *unexpected status from *: 429",
            "failed to push *unexpected status from *: 5",
            "failed to push *TLS handshake timeout",
            "failed to push *: toomanyrequests: ",
            "failed to push *: unavailable: ",
            "failed to push *connection reset by peer",
            "failed to push *broken pipe",
            "failed to push *EOF"),
        new(
            BuildxFailure.RegistryError,
            "A registry refuses indexes, which images of several platforms and images with attestations are",
            "Use a registry that takes OCI indexes (distribution 2.3 and newer do), or push one plain image: one -Platform, with -Provenance $false, and -Output type=image,push=true,oci-mediatypes=false for a registry that knows docker's types only.",
            "failed to push *: 415",
            "failed to push *manifest invalid"),
        new(
            BuildxFailure.RegistryUnauthorized,
            "A registry refused the engine's request",
            "Check the image's name first: registries answer like this for images that do not exist. If it is private, log in to the registry where the engine gets its credentials and check that the login may read (or push to) it.",
            "insufficient_scope",
            "pull access denied",
            "401 Unauthorized",
            "403 Forbidden",
            "no basic auth credentials",
            "failed to authorize",
            "authentication required",
            "failed to fetch oauth token",
            // What a token service without POST answers to a login that it refused as GET.
            "unexpected status from POST request to *: 405",
            "failed to fetch anonymous token"),
        new(
            BuildxFailure.PlatformNotAvailable,
            "An image is not available for the platform",
            "Choose a platform that the image has with -Platform, or a base image that has the platform.",
            "no match for platform in manifest",
            "does not match the specified platform",
            "no matching manifest for"),
        new(
            BuildxFailure.EntitlementRefused,
            "The build needs an entitlement that was not granted",
            "The step asks for the host's network, a device or security.insecure. Grant it with -Allow network.host (or security.insecure, device), on an engine whose configuration allows it (New-BuildxBuilder -BuildKitdFlag '--allow-insecure-entitlement network.host'), or leave it out.",
            "granting entitlement *is not allowed",
            "network.host is not allowed",
            "security.insecure is not allowed",
            "device is not allowed"),
        new(
            BuildxFailure.EngineUnsupported,
            "The engine cannot do what the build asks for",
            "Choose another output type with -Output, or build with a newer engine: a docker daemon with the classic image store takes only docker, local and tar outputs.",
            "exporter \"*could not be found",
            "unknown cache exporter",
            "does not currently support exporting manifest lists",
            "exporting multiple references to image store is currently unsupported",
            "unable to export multiple",
            "failed to find frontend"),
        new(
            BuildxFailure.EngineUnsupported,
            "The Dockerfile's frontend cannot do what is asked of it",
            "Name a newer frontend in the Dockerfile's first line (# syntax=docker/dockerfile:1), or use a newer engine.",
            "unsupported frontend capability",
            "unsupported request "),
        new(
            BuildxFailure.TargetNotFound,
            "The target stage is not in the Dockerfile",
            "Give -Target the name that stands after AS in one of the Dockerfile's FROM lines, or leave it out to build the last stage.",
            "target stage *could not be found"),
        new(
            BuildxFailure.DockerfileNotFound,
            "The engine did not find the Dockerfile",
            "Give its path with -File, or check that it lies in the folder given with -Path.",
            "failed to read dockerfile: *no such file or directory",
            "failed to read dockerfile: *not found",
            "the Dockerfile cannot be empty",
            "dockerfile: open *no such file or directory"),
        new(
            BuildxFailure.SourceFileNotFound,
            "A file that the Dockerfile copies does not exist",
            "Check the path in COPY or ADD: it is relative to the folder given with -Path (or to the stage named by --from), and .dockerignore may leave it out.",
            "failed to compute cache key: *not found",
            "failed to calculate checksum of ref *not found",
            "failed to compute cache key: *no such file or directory",
            "failed to walk *no such file or directory",
            "no source files were specified"),
        new(
            BuildxFailure.DiskFull,
            "The engine's disk is full",
            "See what its build cache takes with Get-BuildxDiskUsage and remove what is not needed with Clear-BuildxCache (-MaxUsedSpace 20GB keeps some), or free space on that disk otherwise; then build again.",
            "no space left on device",
            "disk quota exceeded"),
        new(
            BuildxFailure.EngineLost,
            "The engine ended the connection while it was working",
            "See whether the engine was stopped or restarted, read its log, and build again: what was finished comes from its cache.",
            "connection reset by peer",
            "no such job"),
        new(
            BuildxFailure.ImageNotFound,
            "An image was not found",
            "Check the image's name and tag in FROM or COPY --from, and that the registry it names has it.",
            "failed to resolve source metadata for *not found",
            "failed to load metadata for *not found",
            "failed to do request *404",
            "manifest unknown",
            "repository does not exist",
            "failed to copy: *404",
            "failed to resolve reference *not found",
            "failed to create LLB definition: *: not found"),
        new(
            BuildxFailure.DockerfileInvalid,
            "The Dockerfile is not valid",
            "Correct the line that is shown.",
            "dockerfile parse error",
            "unknown instruction",
            "file with no instructions",
            "no build stage in current context",
            "invalid reference format",
            "should not be blank",
            "failed to create LLB definition",
            "failed to parse",
            "failed to process"),
    ];

    /// <summary>Finds the failure that a text tells.</summary>
    /// <param name="text">The engine's text.</param>
    /// <returns>The failure; null if it is none of these.</returns>
    public static KnownFailure? Find(string text) => s_failures.FirstOrDefault(f => f.Texts.Any(t => Fits(text, t)));

    private static bool Fits(string text, string pattern)
    {
        var position = 0;
        foreach (var part in pattern.Split('*'))
        {
            var found = text.IndexOf(part, position, StringComparison.OrdinalIgnoreCase);
            if (found < 0)
            {
                return false;
            }

            position = found + part.Length;
        }

        return true;
    }
}
