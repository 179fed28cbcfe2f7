using System.Text.Json;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>Puts a build's result together.</summary>
internal static class BuildResults
{
    private const int MaxPlatforms = 1000;

    /// <summary>Makes the result of a build that succeeded.</summary>
    public static BuildResult Create(
        string buildRef,
        string builder,
        IReadOnlyList<PlannedOutput> outputs,
        IReadOnlyList<(PlannedOutput Output, EngineExporter Exporter)> exporters,
        IReadOnlyDictionary<string, string> response,
        IReadOnlyList<Platform> platforms,
        BuildObserver seen,
        TimeSpan duration)
    {
        var written = outputs.Where(o => o.Spec.Type == "cacheonly" || exporters.Any(e => ReferenceEquals(e.Output, o)));
        return new BuildResult
        {
            BuildRef = buildRef,
            Builder = builder,
            Images = [.. exporters.Where(e => e.Output.IsImage).SelectMany(e => Names(e.Exporter)).Distinct()],
            Digest = response.GetValueOrDefault("containerimage.digest"),
            Platforms = platforms,
            Outputs = [.. written.Select(Describe)],
            Duration = duration,
            Steps = [.. seen.Steps.Select(Ended)],
            Warnings = seen.Warnings,
            Metadata = BuildMetadata.Create(response, buildRef),
        };
    }

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
