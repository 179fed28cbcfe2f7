using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>Turns checked outputs into the exporters of one engine.</summary>
internal static class ExporterPlan
{
    /// <summary>What a user is told where the result goes nowhere.</summary>
    public const string NoOutput = "No output was asked for, so the result stays in the build cache only. Push it with -Push, load it into docker with -Load, or name an -Output; -Output type=cacheonly says that this is meant.";

    /// <summary>Attributes that only the client acts on; they are checked before and not sent.</summary>
    private static readonly HashSet<string> s_clientAttributes = new(StringComparer.Ordinal) { "push", "tar", "mode", "context" };

    /// <summary>Adds what a driver does where no output was asked for.</summary>
    /// <param name="outputs">What <see cref="OutputPlan.Check(BuildRequest)"/> gave.</param>
    /// <param name="features">What the engine's driver can do.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The outputs; empty where the result stays in the cache although nobody said so.</returns>
    public static IReadOnlyList<PlannedOutput> WithDefault(IReadOnlyList<PlannedOutput> outputs, DriverFeatures features, ClientEnvironment environment)
    {
        if (outputs.Count > 0 || IsDefaultOff(environment))
        {
            return outputs;
        }

        // As docker build always did: the result becomes an image of the daemon.
        return features.IsDockerDaemon ? [new PlannedOutput { Spec = new OutputSpec { Type = "image" } }]
            : features.LoadsByDefault ? [new PlannedOutput { Spec = new OutputSpec { Type = "docker" } }]
            : outputs;
    }

    /// <summary>Whether a build without outputs is left without a warning.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Whether the user asked for it.</returns>
    public static bool IsDefaultOff(ClientEnvironment environment) => GoText.Switch(environment, "BUILDX_NO_DEFAULT_LOAD");

    /// <summary>Makes the exporters for an engine.</summary>
    /// <param name="outputs">What <see cref="WithDefault"/> gave.</param>
    /// <param name="request">The request.</param>
    /// <param name="engine">What the engine can do.</param>
    /// <param name="features">What its driver can do.</param>
    /// <param name="loads">The store of the docker daemon that an output is loaded into; null for outputs that are not sent to one.</param>
    /// <returns>Outputs and their exporters; an output without an exporter leaves the result in the cache only.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static IReadOnlyList<(PlannedOutput Output, EngineExporter Exporter)> Create(
        IReadOnlyList<PlannedOutput> outputs,
        BuildRequest request,
        EngineDescription engine,
        DriverFeatures features,
        Func<PlannedOutput, DockerImageStore?> loads)
    {
        // Engines merge what exporters answer, and the last one wins: what was pushed is what the user looks up next.
        var planned = WithoutRepeats(outputs, features).Where(o => o.Spec.Type != "cacheonly").OrderBy(o => o.Pushes).ToList();
        var isStoredToo = planned.Count < outputs.Count(o => o.Spec.Type != "cacheonly");
        if (planned.Exists(o => o.Client == ClientOutput.Layout) && !engine.Capabilities.Contains(NamedContexts.LayoutCapability))
        {
            throw Unsupported(
                $"The engine{Version(engine)} cannot write an image as a layout folder.",
                "Leave tar=false out to get an archive, or use an engine with BuildKit 0.11 or newer.");
        }

        var exporters = planned.Select(o => (o, Exporter(o, request, engine, features, loads(o), isStoredToo))).ToList();
        return exporters.Count <= 1 || engine.Capabilities.Contains("exporter.multiple")
            ? exporters
            : throw Unsupported(
                $"The engine{Version(engine)} writes one output a build, but {exporters.Count} were asked for.",
                "Ask for one output, build once for each (the second build comes from the cache), or use an engine with BuildKit 0.13 or newer.");
    }

    /// <summary>Adds what the environment sets: <c>BUILDX_NO_DEFAULT_OCI_ARTIFACT</c> keeps attestations in the form that older registries take.</summary>
    /// <param name="exporters">The exporters.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The exporters.</returns>
    /// <exception cref="BuildxException">The variable is neither true nor false.</exception>
    public static IReadOnlyList<(PlannedOutput Output, EngineExporter Exporter)> WithVariables(
        IReadOnlyList<(PlannedOutput Output, EngineExporter Exporter)> exporters, ClientEnvironment environment)
        => !GoText.Switch(environment, "BUILDX_NO_DEFAULT_OCI_ARTIFACT")
            ? exporters
            : [.. exporters.Select(e => e.Exporter is { Type: "image" or "oci" or "moby" } && !e.Exporter.Attributes.ContainsKey("oci-artifact")
                ? (e.Output, e.Exporter with { Attributes = new Dictionary<string, string>(e.Exporter.Attributes, StringComparer.Ordinal) { ["oci-artifact"] = "false" } })
                : e)];

    private static string Version(EngineDescription engine) => engine.Version is null ? "" : $" (BuildKit {engine.Version})";

    /// <summary>In a daemon's own engine to store an image and to load it are the same: it is not done twice.</summary>
    private static IEnumerable<PlannedOutput> WithoutRepeats(IReadOnlyList<PlannedOutput> outputs, DriverFeatures features)
    {
        var stored = outputs.FirstOrDefault(o => o.Spec.Type is "image" or "registry");
        return outputs.Where(o => !(features.IsDockerDaemon && stored is not null && o.IsLoad && o.Spec.Attributes.Count == 0));
    }

    private static EngineExporter Exporter(
        PlannedOutput output, BuildRequest request, EngineDescription engine, DriverFeatures features, DockerImageStore? target, bool isStoredToo)
    {
        var attributes = output.Spec.Attributes
            .Where(a => !s_clientAttributes.Contains(a.Key))
            .ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal);
        if (!output.IsImage)
        {
            return new EngineExporter { Type = output.Spec.Type, Attributes = attributes };
        }

        if (request.Tags.Count > 0)
        {
            attributes["name"] = string.Join(',', request.Tags);
        }

        if (request.BuildArguments.TryGetValue("BUILDKIT_INLINE_BUILDINFO_ATTRS", out var buildInfo))
        {
            attributes["buildinfo-attrs"] = buildInfo;
        }

        AnnotationPlan.Add(attributes, request, engine);
        var type = ImageExporter(output, request, features, target, attributes);
        if (output.Client == ClientOutput.Layout)
        {
            attributes["tar"] = "false";
        }

        if (output.Pushes && !DaemonPush.IsNeeded(features))
        {
            attributes["push"] = "true";
            if (!isStoredToo && (request.Push || output.Spec.Type == "registry"))
            {
                // What only goes to a registry need not be laid out for running.
                attributes.TryAdd("unpack", "false");
            }
        }

        return new EngineExporter { Type = type, Attributes = attributes };
    }

    private static string ImageExporter(
        PlannedOutput output, BuildRequest request, DriverFeatures features, DockerImageStore? target, Dictionary<string, string> attributes)
    {
        if (output.Client is ClientOutput.File or ClientOutput.Layout or ClientOutput.Pipeline)
        {
            RequireArchives(output, request, features);
            return output.Spec.Type;
        }

        if (target is not null)
        {
            RequireArchiveExporter(output, features);

            // What holds several images is taken apart on its way into a store that does not take indexes.
            return target.TakesIndexes || MakesIndex(request) ? "oci" : "docker";
        }

        if (!features.IsDockerDaemon)
        {
            return "image";
        }

        if (output.Pushes && attributes.TryGetValue("push-by-digest", out var byDigest) && GoText.Boolean(byDigest) != false)
        {
            throw Unsupported(
                $"The output '{output.Spec}' is to be pushed by its digest alone, which a docker daemon does not do (push-by-digest).",
                "Build on a builder of its own (New-BuildxBuilder).");
        }

        if (!features.HasContainerdStore)
        {
            attributes.Remove("push-by-digest");
            CheckClassicStore(output, request, attributes);
        }

        return "moby";
    }

    /// <summary>Whether the image will be an index, even if one of a single image.</summary>
    /// <param name="request">The request.</param>
    /// <returns>Whether it is asked for several platforms, or for an index.</returns>
    internal static bool MakesIndex(BuildRequest request)
        => request.Platforms.Count > 1 || (request.BuildArguments.TryGetValue("BUILDKIT_MULTI_PLATFORM", out var multi) && GoText.Boolean(multi) == true);

    private static void RequireArchiveExporter(PlannedOutput output, DriverFeatures features)
    {
        if (features is { IsDockerDaemon: true, HasContainerdStore: false })
        {
            throw Unsupported(
                $"The daemon cannot write '{output.Spec}': its classic image store has no exporter for image archives.",
                "Build the image into the daemon and save it with docker save, switch the daemon to the containerd image store, build on a builder of its own (New-BuildxBuilder), or use the type tar or local for the files alone.");
        }
    }

    private static void RequireArchives(PlannedOutput output, BuildRequest request, DriverFeatures features)
    {
        RequireArchiveExporter(output, features);
        if (output.Spec.Type == "docker" && request.Platforms.Count > 1)
        {
            throw Unsupported(
                $"An archive of the type docker holds one platform, but {request.Platforms.Count} were asked for.",
                "Ask for one platform, or use the type oci, which holds several.");
        }
    }

    private static void CheckClassicStore(PlannedOutput output, BuildRequest request, Dictionary<string, string> attributes)
    {
        if (request.Platforms.Count > 1)
        {
            throw Unsupported(
                $"The daemon's classic image store holds images of one platform, but {request.Platforms.Count} were asked for.",
                "Ask for one platform, build on a builder of its own (New-BuildxBuilder), switch the daemon to the containerd image store, or use the type local or tar.");
        }

        // The daemon would drop them without a word.
        var dropped = attributes.Keys.Where(k => k is not ("name" or "unpack" or "store" or "buildinfo-attrs")).Order(StringComparer.Ordinal).ToList();
        if (dropped.Count > 0)
        {
            throw Unsupported(
                $"The daemon's classic image store does not know {string.Join(", ", dropped)} of the image output.",
                "Leave it out, or switch the daemon to the containerd image store.");
        }
    }

    private static BuildxException Unsupported(string problem, string advice) => new(BuildxFailure.EngineUnsupported, problem, advice);
}
