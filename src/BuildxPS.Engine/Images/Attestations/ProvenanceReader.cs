using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Attestations;

/// <summary>Reads what SLSA 0.2 and SLSA 1 have in common, and where BuildKit keeps its own part of it.</summary>
internal static class ProvenanceReader
{
    /// <summary>Reads a predicate of SLSA 0.2.</summary>
    /// <param name="json">The predicate.</param>
    /// <returns>The provenance in short.</returns>
    public static ImageProvenance ReadV02(StrictJson json)
    {
        var metadata = json.Object("metadata");
        var config = json.Object("invocation")?.Object("configSource");
        var provenance = new ImageProvenance
        {
            SlsaVersion = "0.2",
            BuildType = json.Text("buildType") ?? "",
            BuilderId = json.Object("builder")?.Text("id") ?? "",
            Materials = [.. json.Objects("materials").Select(ReadMaterial)],
            InvocationId = metadata?.Text("buildInvocationID") ?? metadata?.Text("buildInvocationId") ?? "",
            StartedOn = metadata?.Time("buildStartedOn"),
            FinishedOn = metadata?.Time("buildFinishedOn"),
            IsReproducible = metadata?.Flag("reproducible") ?? false,
        };
        return WithConfig(
            !IsOfBuildKit(provenance) || json.Object("invocation") is not { } invocation
                ? provenance
                : WithRequest(provenance, invocation.Object("parameters"), metadata?.Object("https://mobyproject.org/buildkit@v1#metadata")) with
                {
                    BuilderPlatform = invocation.Object("environment")?.Text("platform") ?? "",
                },
            config,
            "entryPoint");
    }

    /// <summary>Reads a predicate of SLSA 1.</summary>
    /// <param name="json">The predicate.</param>
    /// <returns>The provenance in short.</returns>
    public static ImageProvenance ReadV1(StrictJson json)
    {
        var definition = json.Object("buildDefinition");
        var run = json.Object("runDetails");
        var metadata = run?.Object("metadata");
        var provenance = new ImageProvenance
        {
            SlsaVersion = "1",
            BuildType = definition?.Text("buildType") ?? "",
            BuilderId = run?.Object("builder")?.Text("id") ?? "",
            Materials = [.. definition?.Objects("resolvedDependencies").Select(ReadMaterial) ?? []],
            InvocationId = metadata?.Text("invocationId") ?? metadata?.Text("invocationID") ?? "",
            StartedOn = metadata?.Time("startedOn"),
            FinishedOn = metadata?.Time("finishedOn"),
        };
        if (!IsOfBuildKit(provenance))
        {
            return provenance;
        }

        // SLSA 1 leaves all of this to the builder.
        var external = definition?.Object("externalParameters");
        return WithConfig(
            WithRequest(provenance, external?.Object("request"), metadata?.Object("buildkit_metadata")) with
            {
                BuilderPlatform = definition?.Object("internalParameters")?.Text("builderPlatform") ?? "",
                IsReproducible = metadata?.Flag("buildkit_reproducible") ?? false,
            },
            external?.Object("configSource"),
            "path");
    }

    private static bool IsOfBuildKit(ImageProvenance provenance) => provenance.BuildType.Contains("buildkit", StringComparison.OrdinalIgnoreCase);

    private static ImageProvenance WithRequest(ImageProvenance provenance, StrictJson? request, StrictJson? buildKit)
    {
        var parameters = request?.TextMap("args") ?? provenance.Parameters;
        var vcs = buildKit?.TextMap("vcs");
        return provenance with
        {
            Frontend = request?.Text("frontend") ?? "",
            Parameters = parameters,
            Source = vcs?.GetValueOrDefault("source") ?? parameters.GetValueOrDefault("vcs:source"),
            Revision = vcs?.GetValueOrDefault("revision") ?? parameters.GetValueOrDefault("vcs:revision"),
        };
    }

    private static ImageProvenance WithConfig(ImageProvenance provenance, StrictJson? config, string fileKey) => provenance with
    {
        Source = provenance.Source ?? (config?.Text("uri") is { Length: > 0 } uri ? uri : null),
        Revision = provenance.Revision ?? config?.TextMap("digest").GetValueOrDefault("sha1"),
        Dockerfile = config?.Text(fileKey) ?? "",
    };

    private static ProvenanceMaterial ReadMaterial(StrictJson json) => new() { Uri = json.Text("uri") ?? "", Digests = json.TextMap("digest") };
}
