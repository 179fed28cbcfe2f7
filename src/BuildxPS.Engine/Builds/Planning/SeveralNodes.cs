using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Planning;

/// <summary>What is different where several nodes build the parts of one result.</summary>
internal static class SeveralNodes
{
    /// <summary>Refuses, before anything runs, what cannot be put together again.</summary>
    /// <param name="plan">Which node builds what.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="outputs">The outputs.</param>
    /// <param name="caches">The caches to write.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static void Check(BuildPlan plan, IReadOnlyList<ChosenNode> nodes, IReadOnlyList<PlannedOutput> outputs, IReadOnlyList<CacheSpec> caches)
    {
        if (caches.FirstOrDefault(c => c.Type == "local") is { } cache)
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The cache '{cache.SafeText}' cannot take the caches of several nodes ({plan}): a folder holds that of one.",
                "Write the cache to a registry, or ask for the platforms of one node at a time.");
        }

        foreach (var output in outputs)
        {
            if (output.Spec.Type is "oci" or "docker" or "tar")
            {
                throw new BuildxException(
                    BuildxFailure.EngineUnsupported,
                    $"The output '{output.Spec}' cannot be put together from the parts of several nodes ({plan}).",
                    "Push the image with -Push, which makes one index of the parts; write the files with type=local; or ask for the platforms of one node at a time.");
            }

            if (output.Pushes && nodes.FirstOrDefault(n => n.Features.IsDockerDaemon) is { } daemon)
            {
                throw new BuildxException(
                    BuildxFailure.EngineUnsupported,
                    $"The node '{daemon.Node.Name}' is a docker daemon's own engine, which cannot push its part of an image of several nodes ({plan}).",
                    "Make the builder's nodes with the driver docker-container, remote or kubernetes.");
            }
        }
    }

    /// <summary>Has a node push its part without a name: no tag may point at half an image.</summary>
    /// <param name="exporter">An exporter that pushes.</param>
    /// <returns>The exporter that pushes by digest.</returns>
    public static EngineExporter ByDigest(EngineExporter exporter) => exporter with
    {
        Attributes = new Dictionary<string, string>(exporter.Attributes, StringComparer.Ordinal)
        {
            ["name"] = string.Join(',', Names(exporter).Select(n => (n with { Tag = null, Digest = null }).ToString()).Distinct()),
            ["push-by-digest"] = "true",
        },
    };

    /// <summary>Has a frontend answer with a result for several platforms, even if this node builds one.</summary>
    /// <param name="call">The frontend's call.</param>
    /// <returns>The call for a part.</returns>
    public static FrontendCall AsPart(FrontendCall call) => call with
    {
        Attributes = new Dictionary<string, string>(call.Attributes, StringComparer.Ordinal) { ["multi-platform"] = "true" },
    };

    /// <summary>The names that the merged index gets.</summary>
    /// <param name="exporter">The exporter that pushes, as the user asked for it.</param>
    /// <returns>The names; without tags where the index, too, is to be found by its digest only.</returns>
    public static IReadOnlyList<ImageReference> NamesOfIndex(EngineExporter exporter)
        => GoText.Boolean(exporter.Attributes.GetValueOrDefault("push-by-digest", "false")) != false
            ? [.. Names(exporter).Select(n => n with { Tag = null, Digest = null })]
            : Names(exporter);

    private static List<ImageReference> Names(EngineExporter exporter)
        => [.. exporter.Attributes.GetValueOrDefault("name", "").Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(n => ImageReference.TryParse(n, out var reference, out _) ? reference : null)
            .OfType<ImageReference>()];
}
