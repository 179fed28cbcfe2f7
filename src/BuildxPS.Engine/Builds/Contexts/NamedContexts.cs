using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Content;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>A named context whose folder or layout was found on this client.</summary>
internal sealed record PlannedContext
{
    /// <summary>What the user asked for.</summary>
    public required BuildContextSpec Spec { get; init; }

    /// <summary>The image in a layout; null for other kinds.</summary>
    public ContentDigest? Digest { get; init; }

    /// <summary>What the user should be told before the build; null for nothing.</summary>
    public string? Warning { get; init; }
}

/// <summary>Finds what named contexts stand for, before anything is contacted.</summary>
internal static class NamedContexts
{
    /// <summary>What an engine can do that reads and writes layouts of its client; both came with BuildKit 0.11.</summary>
    public const string LayoutCapability = "source.ocilayout";

    /// <summary>What came with named contexts, in BuildKit 0.10; the frontend's own capabilities are not told before a build.</summary>
    private const string ContextCapability = "source.local.differ";

    private const string DefaultTag = "latest";
    private const int ShownNames = 10;

    /// <summary>Finds the contexts of a request. A later one of a name wins.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The contexts.</returns>
    /// <exception cref="BuildxException">A folder, a layout or an image in it is not there.</exception>
    public static IReadOnlyList<PlannedContext> Find(BuildRequest request)
        => [.. request.NamedContexts.GroupBy(c => c.Name, StringComparer.Ordinal).Select(g => Find(g.Last()))];

    /// <summary>Checks whether an engine knows such contexts.</summary>
    /// <param name="contexts">The contexts.</param>
    /// <param name="request">The request.</param>
    /// <param name="engine">What the engine can do.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static void CheckEngine(IReadOnlyList<PlannedContext> contexts, BuildRequest request, EngineDescription engine)
    {
        var version = engine.Version is null ? "" : $" (BuildKit {engine.Version})";
        if (contexts.FirstOrDefault(c => c.Spec.Kind == BuildContextKind.Layout) is { } layout && !engine.Capabilities.Contains(LayoutCapability))
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The engine{version} cannot take the build context '{layout.Spec}': it does not read OCI layouts of its clients.",
                "Push the image to a registry and name it as docker-image://, or use an engine with BuildKit 0.11 or newer.");
        }

        // A frontend image may know what the engine's own frontend does not.
        if (contexts.Count > 0 && !engine.Capabilities.Contains(ContextCapability) && !request.BuildArguments.ContainsKey("BUILDKIT_SYNTAX"))
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The engine{version} cannot take the build context '{BuildAddress.Hide(contexts[0].Spec.ToString())}': its Dockerfile frontend knows no named contexts.",
                "Use an engine with BuildKit 0.10 or newer, or copy what is needed into the build context.");
        }
    }

    private static PlannedContext Find(BuildContextSpec context)
    {
        switch (context.Kind)
        {
            case BuildContextKind.Image:
                CheckImage(context);
                return new PlannedContext { Spec = context };
            case BuildContextKind.Folder:
                RequireAbsolute(context);
                BuildInputs.CheckContext(context.Location, $"The folder of the build context '{context.Name}',", "-BuildContext");
                return new PlannedContext { Spec = context };
            case BuildContextKind.Layout:
                RequireAbsolute(context);
                return FindInLayout(context);
            default:
                return new PlannedContext { Spec = context };
        }
    }

    private static void CheckImage(BuildContextSpec context)
    {
        var reference = context.Location["docker-image://".Length..];
        if (reference != "scratch" && !ImageReference.TryParse(reference, out _, out var problem))
        {
            throw Invalid($"The build context '{context}' names no image: {problem}", "Write it as docker-image://[registry[:port]/]repository[:tag].");
        }
    }

    private static void RequireAbsolute(BuildContextSpec context)
    {
        if (RequestCheck.HasImpossibleCharacter(context.Location, out var shown))
        {
            throw Invalid($"The build context '{context.Name}={shown}' is not a path: no name of a file holds such a character", "Take the character out of the path.");
        }

        if (!Path.IsPathFullyQualified(context.Location))
        {
            throw Invalid($"The folder of the build context '{context}' is not an absolute path", "Give an absolute path.");
        }
    }

    private static PlannedContext FindInLayout(BuildContextSpec context)
    {
        var folder = context.Location;
        if (!Directory.Exists(folder))
        {
            throw new BuildxException(
                BuildxFailure.LayoutNotFound,
                $"The OCI layout '{folder}' of the build context '{context.Name}' does not exist{(File.Exists(folder) ? ": it is a file" : "")}.",
                "Name the folder that holds index.json and blobs; an archive must be unpacked first.");
        }

        var (digest, warning) = context.Digest is { } named ? (ParseDigest(context, named), null) : Resolve(context);
        using var store = new LayoutStore(folder);
        return store.Find(digest) is not null
            ? new PlannedContext { Spec = context, Digest = digest, Warning = warning }
            : throw NotFound($"The OCI layout '{folder}' has no blob {digest}, which the build context '{context.Name}' stands for", LayoutIndex.Read(folder));
    }

    private static ContentDigest ParseDigest(BuildContextSpec context, string digest)
        => ContentDigest.TryParse(digest, out var parsed)
            ? parsed
            : throw Invalid($"The build context '{context}' names the digest '{digest}', which is none", "Write a digest as sha256: and 64 hexadecimal digits, or leave it out.");

    private static (ContentDigest Digest, string? Warning) Resolve(BuildContextSpec context)
    {
        var folder = context.Location;
        var index = LayoutIndex.Read(folder) ?? throw new BuildxException(
            BuildxFailure.LayoutNotFound,
            $"'{folder}' of the build context '{context.Name}' is no OCI layout: it has no index.json.",
            "Name the folder that holds index.json and blobs.");
        if (index.Find(context.Tag ?? DefaultTag) is { } found)
        {
            return (found, null);
        }

        // As in buildx, a layout with one image needs no name for it; whoever gave one should hear that it is another.
        return index.FindOnly() is { } only
            ? (only, context.Tag is null ? null : $"The OCI layout '{folder}' has no image '{context.Tag}'; its only one, '{Show(index)}', is used for the build context '{context.Name}'.")
            : throw NotFound($"The OCI layout '{folder}' has no image '{context.Tag ?? DefaultTag}' for the build context '{context.Name}'", index);
    }

    private static BuildxException NotFound(string problem, LayoutIndex? index) => new(
        BuildxFailure.ImageNotFound,
        problem + (index is { Names.Count: > 0 } ? $"; it has {Show(index)}." : "; it has none."),
        "Name one that is there: oci-layout://FOLDER:TAG or oci-layout://FOLDER@DIGEST.");

    private static string Show(LayoutIndex index)
        => string.Join(", ", index.Names.Take(ShownNames).Select(n => DisplayText.Line(n, 256))) + (index.Names.Count > ShownNames ? ", …" : "");

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.ArgumentInvalid, problem + ".", advice);
}
