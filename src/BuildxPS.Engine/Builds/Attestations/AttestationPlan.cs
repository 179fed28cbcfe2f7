using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Attestations;

/// <summary>Which attestations a build makes, as buildx decides it.</summary>
internal static class AttestationPlan
{
    /// <summary>What is made where nothing is said: it travels with images only, and names no build arguments.</summary>
    private const string DefaultProvenance = "mode=min,inline-only=true";

    /// <summary>The attestations that were asked for; of one type the first counts.</summary>
    /// <param name="request">The request.</param>
    /// <returns>Those that are not disabled.</returns>
    public static IReadOnlyList<AttestationSpec> Asked(BuildRequest request)
        => [.. request.Attestations.DistinctBy(a => a.Type).Where(a => !a.IsDisabled)];

    /// <summary>Adds the attestations to what the frontend is told.</summary>
    /// <param name="attributes">The frontend's attributes.</param>
    /// <param name="request">The request.</param>
    /// <param name="engine">What the engine can do.</param>
    /// <param name="features">What its driver can do.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>, or a variable is not valid.</exception>
    public static void Add(
        Dictionary<string, string> attributes, BuildRequest request, EngineDescription engine, DriverFeatures features, ClientEnvironment environment)
    {
        var hasStore = !features.IsDockerDaemon || features.HasContainerdStore;
        var isSupported = hasStore && engine.Capabilities.Contains("exporter.image.attestations");
        foreach (var attestation in Asked(request))
        {
            attributes["attest:" + attestation.Type] = isSupported ? attestation.ToString() : throw Unsupported(attestation, engine, hasStore);
        }

        if (isSupported && !request.Attestations.Any(a => a.Type == AttestationSpec.Provenance) && !GoText.Switch(environment, "BUILDX_NO_DEFAULT_ATTESTATIONS"))
        {
            attributes["attest:provenance"] = DefaultProvenance;
        }
    }

    private static BuildxException Unsupported(AttestationSpec attestation, EngineDescription engine, bool hasStore) => hasStore
        ? new(
            BuildxFailure.EngineUnsupported,
            $"The engine{(engine.Version is null ? "" : $" (BuildKit {engine.Version})")} cannot make the attestation '{attestation}'.",
            "Leave it out, or use an engine with BuildKit 0.11 or newer.")
        : new(
            BuildxFailure.EngineUnsupported,
            $"The daemon cannot keep the attestation '{attestation}': its classic image store takes images alone.",
            "Build on a builder of its own (New-BuildxBuilder), or switch the daemon to the containerd image store.");
}
