using System.Text.Json;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Results;

/// <summary>Puts a build's result together.</summary>
internal static class BuildResults
{
    private const int MaxPlatforms = 1000;
    private const string ConfigDigest = "containerimage.config.digest";

    /// <summary>Makes the result of a build that succeeded.</summary>
    /// <param name="plan">Which node built what.</param>
    /// <param name="builds">The nodes' parts, done.</param>
    /// <param name="outputs">The outputs.</param>
    /// <param name="seen">What was seen besides the parts of several nodes; of one node, all.</param>
    /// <param name="platforms">The platforms that were built.</param>
    /// <param name="duration">How long it took.</param>
    /// <returns>The result. Of several nodes it has no digest: each has an image of its own.</returns>
    public static BuildResult Create(
        BuildPlan plan,
        IReadOnlyList<NodeBuild> builds,
        IReadOnlyList<PlannedOutput> outputs,
        BuildObserver seen,
        IReadOnlyList<Platform> platforms,
        TimeSpan duration)
    {
        var first = builds[0];
        var buildRef = first.BuildRef(plan);
        var isOne = builds.Count == 1;
        var written = outputs.Where(o => o.Spec.Type == "cacheonly" || first.Exporters.Any(e => ReferenceEquals(e.Output, o)));
        IEnumerable<BuildStep> steps = isOne ? seen.Steps.Select(s => s with { Node = first.Node.Node.Name })
            : [.. seen.Steps, .. builds.SelectMany(b => b.Seen.Steps.Select(s => s with { Node = b.Node.Node.Name }))];
        return new BuildResult
        {
            BuildRef = buildRef,
            Builder = plan.Builder,
            Nodes = plan.Nodes,
            Images = [.. builds.SelectMany(b => b.Exporters).Where(e => e.Output.IsImage).SelectMany(e => Names(e.Exporter)).Distinct()],
            Digest = isOne ? first.Response.GetValueOrDefault("containerimage.digest") : null,
            ImageId = isOne ? first.Response.GetValueOrDefault("containerimage.config.digest") ?? first.Response.GetValueOrDefault("containerimage.digest") : null,
            Platforms = platforms,
            Outputs = [.. written.Select(Describe)],
            Duration = duration,
            Steps = [.. steps.Select((s, i) => Ended(isOne ? s : s with { Number = i + 1 }))],
            Warnings = isOne ? seen.Warnings : [.. seen.Warnings.Concat(builds.SelectMany(b => b.Seen.Warnings)).Distinct()],
            Metadata = BuildMetadata.Create(isOne ? first.Response : new Dictionary<string, string>(), buildRef),
        };
    }

    /// <summary>Adds the index that was made of several nodes' parts.</summary>
    /// <param name="result">The result so far.</param>
    /// <param name="index">The index.</param>
    /// <returns>The result with the index's digest and images.</returns>
    public static BuildResult WithIndex(BuildResult result, ImageIndex index) => result with
    {
        Digest = index.Digest,
        ImageId = index.Digest,
        PlatformImages = BuiltImages.Of(index),
        Metadata = new Dictionary<string, string>(result.Metadata, StringComparer.Ordinal)
        {
            ["containerimage.digest"] = index.Digest,
            ["image.name"] = string.Join(',', result.Images),
        },
    };

    /// <summary>Adds what a docker daemon pushed of an image in its classic store.</summary>
    /// <param name="result">The result so far, with the image's id as its digest.</param>
    /// <param name="pushed">The manifest that the registry has.</param>
    /// <returns>The result with the manifest's digest.</returns>
    public static BuildResult WithPushed(BuildResult result, Descriptor pushed) => result with
    {
        Digest = pushed.Digest,
        PlatformImages = result.Platforms is [var only] && pushed.Size > 0
            ? [new BuiltImage { Platform = only, Digest = pushed.Digest, Size = pushed.Size, MediaType = pushed.MediaType }]
            : result.PlatformImages,
        Metadata = new Dictionary<string, string>(
            result.Digest is null ? result.Metadata : result.Metadata.Concat(result.Metadata.ContainsKey(ConfigDigest) ? [] : [KeyValuePair.Create(ConfigDigest, result.Digest)]),
            StringComparer.Ordinal)
        {
            ["containerimage.digest"] = pushed.Digest,
        },
    };

    /// <summary>The platforms that a frontend's result is for.</summary>
    /// <param name="result">The result; its metadata comes from a frontend and may be anything.</param>
    /// <returns>Empty where it does not say.</returns>
    public static IReadOnlyList<Platform> PlatformsOf(EngineResult result)
    {
        if (TryParse(result, "refs.platforms") is { } several)
        {
            using (several)
            {
                return several.RootElement.ValueKind == JsonValueKind.Object
                    && several.RootElement.TryGetProperty("Platforms", out var list) && list.ValueKind == JsonValueKind.Array
                    ? [.. list.EnumerateArray().Take(MaxPlatforms).Select(p => p.ValueKind == JsonValueKind.Object ? Text(p, "ID") : null)
                        .Select(id => Platform.TryParse(id, out var platform, out _) ? platform : null).OfType<Platform>()]
                    : [];
            }
        }

        if (TryParse(result, "containerimage.config") is { } config)
        {
            using (config)
            {
                return config.RootElement.ValueKind == JsonValueKind.Object
                    && Platform.TryParse($"{Text(config.RootElement, "os")}/{Text(config.RootElement, "architecture")}{Variant(config.RootElement)}", out var platform, out _)
                    ? [platform]
                    : [];
            }
        }

        return [];
    }

    private static string Variant(JsonElement config) => Text(config, "variant") is { Length: > 0 } variant ? "/" + variant : "";

    private static JsonDocument? TryParse(EngineResult result, string key)
    {
        if (!result.Metadata.TryGetValue(key, out var bytes))
        {
            return null;
        }

        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static IEnumerable<string> Names(EngineExporter exporter)
        => exporter.Attributes.GetValueOrDefault("name", "").Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(n => ImageReference.TryParse(n, out var reference, out _) ? reference.ToString() : null)
            .OfType<string>();

    private static BuildOutput Describe(PlannedOutput output) => new()
    {
        Type = output.Spec.Type,
        Path = output.Spec.Destination,
        Size = output.Client == ClientOutput.File && new FileInfo(output.Spec.Destination!) is { Exists: true } file ? file.Length : null,
    };

    // 20.10 may end its event stream without the last state of a vertex, and a build that succeeded has none under way.
    private static BuildStep Ended(BuildStep step)
        => step.Status == BuildStepStatus.Running ? step with { Status = BuildStepStatus.Completed } : step;
}
