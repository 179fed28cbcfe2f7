using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>Which output carries which annotations.</summary>
internal static class AnnotationPlan
{
    private const string Capability = "exporter.image.annotations";

    /// <summary>Refuses annotations that nothing could carry.</summary>
    /// <param name="request">The request.</param>
    /// <param name="outputs">Its outputs, without a driver's default.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AnnotationInvalid"/>.</exception>
    public static void Check(BuildRequest request, IReadOnlyList<PlannedOutput> outputs)
    {
        if (request.Annotations.Count > 0 && outputs.Count > 0 && !outputs.Any(o => o.IsImage))
        {
            throw new BuildxException(
                BuildxFailure.AnnotationInvalid,
                $"The annotation '{request.Annotations[0]}' has nothing to stand on: no output is an image.",
                "Ask for an image (-Push, -Load, -Output type=image, oci or docker), or leave the annotation out.");
        }
    }

    /// <summary>Adds the annotations to an exporter of images. As in buildx, but also to one that was not named but is the driver's default.</summary>
    /// <param name="attributes">The exporter's attributes.</param>
    /// <param name="request">The request.</param>
    /// <param name="engine">What the engine can do.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static void Add(Dictionary<string, string> attributes, BuildRequest request, EngineDescription engine)
    {
        if (request.Annotations.Count > 0 && !engine.Capabilities.Contains(Capability))
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The engine{(engine.Version is null ? "" : $" (BuildKit {engine.Version})")} cannot write the annotation '{request.Annotations[0]}'.",
                "Leave it out, or use an engine with BuildKit 0.11 or newer.");
        }

        foreach (var annotation in request.Annotations)
        {
            attributes[Key(annotation)] = annotation.Value;
        }
    }

    /// <summary>The annotations of an index that this client makes of several nodes' parts.</summary>
    /// <param name="exporter">The exporter that pushed the parts.</param>
    /// <returns>Keys and values.</returns>
    public static IReadOnlyDictionary<string, string> OfIndex(EngineExporter exporter)
    {
        const string prefix = "annotation-index.";
        return exporter.Attributes.Where(a => a.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(a => a.Key[prefix.Length..], a => a.Value, StringComparer.Ordinal);
    }

    private static string Key(AnnotationSpec annotation)
    {
        var level = AnnotationSpec.NameOf(annotation.Level);
        return $"annotation{(level.Length == 0 ? "" : "-" + level)}{(annotation.Platform is { } platform ? $"[{platform}]" : "")}.{annotation.Key}";
    }
}
