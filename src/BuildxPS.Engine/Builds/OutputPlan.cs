using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>Turns the outputs that a user asked for into an engine's exporters.</summary>
internal static class OutputPlan
{
    private const string OfferedTypes = "local, tar, image, docker and cacheonly";

    /// <summary>Attributes that only the client acts on; they are checked here and not sent.</summary>
    private static readonly HashSet<string> s_clientAttributes = new(StringComparer.Ordinal) { "push", "tar", "mode", "context" };

    private static readonly string[] s_fileAttributes = ["platform-split", "attestation-prefix", "source-date-epoch"];

    /// <summary>Checks the outputs of a request, without an engine.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The outputs, with the one that <see cref="BuildRequest.Load"/> adds.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.OutputInvalid"/> or <see cref="BuildxFailure.TagInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<PlannedOutput> Check(BuildRequest request)
    {
        var outputs = request.Outputs.Select(Check).ToList();
        if (request.Load && !outputs.Exists(o => o.Spec.Type == "docker" && o.Client == ClientOutput.None))
        {
            outputs.Add(new PlannedOutput { Spec = new OutputSpec { Type = "docker" } });
        }

        var comparer = OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var twice = outputs.Where(o => o.Client != ClientOutput.None)
            .GroupBy(o => Path.TrimEndingDirectorySeparator(Path.GetFullPath(o.Spec.Destination!)), comparer)
            .FirstOrDefault(g => g.Count() > 1);
        return twice is null
            ? outputs
            : throw Invalid($"Two outputs have the same destination '{twice.Key}'", "Give each output a destination of its own.");
    }

    /// <summary>Makes the exporters for an engine.</summary>
    /// <param name="outputs">What <see cref="Check(BuildRequest)"/> gave.</param>
    /// <param name="request">The request.</param>
    /// <param name="engine">What the engine can do.</param>
    /// <param name="features">What its driver can do.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Outputs and their exporters, in order; one without an exporter leaves the result in the cache only.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static IReadOnlyList<(PlannedOutput Output, EngineExporter Exporter)> ForEngine(
        IReadOnlyList<PlannedOutput> outputs,
        BuildRequest request,
        EngineDescription engine,
        DriverFeatures features,
        ClientEnvironment environment)
    {
        if (outputs.Count == 0 && features.IsDockerDaemon && !GoText.Switch(environment, "BUILDX_NO_DEFAULT_LOAD"))
        {
            // As docker build always did: the result becomes an image of the daemon.
            outputs = [new PlannedOutput { Spec = new OutputSpec { Type = "image" } }];
        }

        var exporters = WithoutRepeats(outputs, features)
            .Where(o => o.Spec.Type != "cacheonly")
            .Select(o => (o, Exporter(o, request, features)))
            .ToList();
        return exporters.Count <= 1 || engine.Capabilities.Contains("exporter.multiple")
            ? exporters
            : throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The engine{Version(engine)} writes one output a build, but {exporters.Count} were asked for.",
                "Ask for one output, build once for each (the second build comes from the cache), or use an engine with BuildKit 0.13 or newer.");
    }

    private static string Version(EngineDescription engine) => engine.Version is null ? "" : $" (BuildKit {engine.Version})";

    private static PlannedOutput Check(OutputSpec spec)
    {
        switch (spec.Type)
        {
            case "local" or "tar":
                RequireDestination(spec);
                CheckLocal(spec);
                return new PlannedOutput { Spec = spec, Client = spec.Type == "local" ? ClientOutput.Folder : ClientOutput.File };
            case "docker" when spec.Destination is not null:
                RequireDestination(spec);
                CheckImage(spec);
                return new PlannedOutput { Spec = spec, Client = ClientOutput.File };
            case "image" or "docker":
                RefuseDestination(spec);
                CheckImage(spec);
                return new PlannedOutput { Spec = spec };
            case "cacheonly":
                RefuseDestination(spec);
                return new PlannedOutput { Spec = spec };
            default:
                throw Invalid(
                    $"The output '{spec}' has the type '{spec.Type}', which is not available",
                    $"The types that are available are {OfferedTypes}.");
        }
    }

    private static void RequireDestination(OutputSpec spec)
    {
        if (string.IsNullOrEmpty(spec.Destination))
        {
            throw Invalid($"The output '{spec}' has no destination", $"Say where it goes, for example 'type={spec.Type},dest={(spec.Type == "local" ? "folder" : "out.tar")}'.");
        }

        if (RequestCheck.HasImpossibleCharacter(spec.Destination, out var shown))
        {
            throw Invalid($"The destination '{shown}' is not a path: no name of a file holds such a character", "Take the character out of the destination.");
        }

        if (Path.GetFileName(spec.Destination) == "-")
        {
            throw Invalid(
                $"The output '{spec}' goes to standard output, which is not offered: a PowerShell pipeline carries objects",
                "Name a file or folder as the destination.");
        }

        if (!Path.IsPathFullyQualified(spec.Destination))
        {
            throw Invalid($"The destination of the output '{spec}' is not an absolute path", "Give an absolute path.");
        }
    }

    private static void RefuseDestination(OutputSpec spec)
    {
        if (spec.Destination is not null)
        {
            throw Invalid(
                $"The output '{spec}' has a destination, but the engine keeps what the type '{spec.Type}' makes",
                "Leave the destination out, or use the type tar, local or docker to get files.");
        }
    }

    private static void CheckLocal(OutputSpec spec)
    {
        string[] known = spec.Type == "local" ? [.. s_fileAttributes, "mode"] : s_fileAttributes;
        var unknown = spec.Attributes.Keys.Except(known, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
        {
            throw Invalid(
                $"The output '{spec}' has attributes that the type '{spec.Type}' does not know: {string.Join(", ", unknown.Select(k => $"'{k}'"))}",
                $"Leave them out; besides type and dest there are {string.Join(", ", known)}.");
        }

        if (spec.Type == "local" && spec.Attributes.TryGetValue("mode", out var mode) && mode != "copy")
        {
            throw Invalid($"The output '{spec}' has mode '{mode}', which is not available", "Leave the mode out, or write mode=copy: files are added to the folder and replaced.");
        }
    }

    private static void CheckImage(OutputSpec spec)
    {
        if (spec.Attributes.TryGetValue("push", out var push) && GoText.Boolean(push.Length == 0 ? "true" : push) != false)
        {
            throw Invalid($"The output '{spec}' asks to push, and pushing is not available yet", "Leave push out; the image is then stored by the engine.");
        }

        if (spec.Type == "docker" && spec.Attributes.TryGetValue("tar", out var tar) && GoText.Boolean(tar) == false)
        {
            throw Invalid($"The output '{spec}' asks for a layout folder (tar=false), which is not available", "Leave tar out to get a tar file.");
        }

        if (spec.Attributes.ContainsKey("context"))
        {
            throw Invalid($"The output '{spec}' names a context to load into, which is not available", "Choose the daemon with -Context or -DockerHost instead.");
        }

        foreach (var name in spec.Attributes.GetValueOrDefault("name", "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name != "*")
            {
                _ = ImageReference.Parse(name);
            }
        }
    }

    /// <summary>In a daemon's own engine to store an image and to load it are the same: it is not done twice.</summary>
    private static IEnumerable<PlannedOutput> WithoutRepeats(IReadOnlyList<PlannedOutput> outputs, DriverFeatures features)
    {
        var stored = outputs.FirstOrDefault(o => o.Spec.Type == "image");
        return outputs.Where(o => !(features.IsDockerDaemon && stored is not null
            && o.Spec.Type == "docker" && o.Client == ClientOutput.None && o.Spec.Attributes.Count == 0));
    }

    private static EngineExporter Exporter(PlannedOutput output, BuildRequest request, DriverFeatures features)
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

        return new EngineExporter { Type = ImageExporter(output, request, features, attributes), Attributes = attributes };
    }

    private static string ImageExporter(PlannedOutput output, BuildRequest request, DriverFeatures features, Dictionary<string, string> attributes)
    {
        if (output.Client == ClientOutput.File)
        {
            RequireArchives(output, request, features);
            return "docker";
        }

        if (!features.IsDockerDaemon)
        {
            return output.Spec.Type == "image"
                ? "image"
                : throw Unsupported("Loading an image from this builder into docker is not available yet.", "Use a builder of the docker driver, or the type tar or local.");
        }

        if (!features.HasContainerdStore)
        {
            CheckClassicStore(request, attributes);
        }

        return "moby";
    }

    private static void RequireArchives(PlannedOutput output, BuildRequest request, DriverFeatures features)
    {
        if (features is { IsDockerDaemon: true, HasContainerdStore: false })
        {
            throw Unsupported(
                $"The daemon cannot write '{output.Spec}': its classic image store has no exporter for image archives.",
                "Build the image into the daemon and save it with docker save, switch the daemon to the containerd image store, or use the type tar or local for the files alone.");
        }

        if (request.Platforms.Count > 1)
        {
            throw Unsupported(
                $"An archive of the type docker holds one platform, but {request.Platforms.Count} were asked for.",
                "Ask for one platform, or use the type image, tar or local.");
        }
    }

    private static void CheckClassicStore(BuildRequest request, Dictionary<string, string> attributes)
    {
        if (request.Platforms.Count > 1)
        {
            throw Unsupported(
                $"The daemon's classic image store holds images of one platform, but {request.Platforms.Count} were asked for.",
                "Ask for one platform, switch the daemon to the containerd image store, or use the type local or tar.");
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

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.OutputInvalid, problem + ".", advice);

    private static BuildxException Unsupported(string problem, string advice) => new(BuildxFailure.EngineUnsupported, problem, advice);
}
