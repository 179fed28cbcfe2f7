using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>
/// Several platforms in a docker daemon with a classic image store. Its engine makes one image a build and a name stands for
/// one image, so each platform is a build of its own with names of its own.
/// </summary>
internal static class ClassicParts
{
    /// <summary>Whether a build must be divided.</summary>
    /// <param name="request">The request.</param>
    /// <param name="outputs">The outputs.</param>
    /// <param name="features">What the engine's driver can do.</param>
    /// <returns>Whether images of several platforms are for the engine's own daemon, and that keeps images of one.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>: other outputs, which are made of all platforms at once, are asked for as well.</exception>
    public static bool AreNeeded(BuildRequest request, IReadOnlyList<PlannedOutput> outputs, DriverFeatures features)
    {
        if (request.Platforms.Count < 2 || features is not { IsDockerDaemon: true, HasContainerdStore: false } || !outputs.Any(IsStored))
        {
            return false;
        }

        if (outputs.FirstOrDefault(o => o.Pushes) is { Spec: var pushed })
        {
            throw Unsupported(
                $"The output '{pushed}' cannot be pushed for {request.Platforms.Count} platforms: the daemon's classic image store holds images of one platform, and pushes no index of several.",
                "Build on a builder of its own (New-BuildxBuilder), or switch the daemon to the containerd image store.");
        }

        return outputs.FirstOrDefault(o => !IsStored(o) && o.Spec.Type != "cacheonly") is { Spec: var other }
            ? throw Unsupported(
                $"The output '{other}' is made of all platforms at once, and an image in the daemon's classic image store of one platform at a time.",
                "Build once for each of the outputs: the second build comes from the cache.")
            : true;
    }

    /// <summary>Divides a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="outputs">The outputs; all of them store an image.</param>
    /// <param name="daemon">The daemon's own platform.</param>
    /// <returns>A request for each platform, with the names of its image.</returns>
    public static IReadOnlyList<BuildRequest> Divide(BuildRequest request, IReadOnlyList<PlannedOutput> outputs, Platform? daemon)
    {
        var names = outputs.Select(o => LoadTargets.NamesOf(o, request).Names).FirstOrDefault(n => n.Count > 0) ?? [];
        var own = ClassicNames.OwnOf(daemon, request.Platforms);
        return [.. request.Platforms.Select(p => request with { Platforms = [p], Tags = ClassicNames.For(names, p, p == own) })];
    }

    /// <summary>The image of each part.</summary>
    /// <param name="parts">The parts and what the engine answered.</param>
    /// <returns>The images.</returns>
    public static IReadOnlyList<BuiltImage> ImagesOf(IEnumerable<(BuildRequest Request, IReadOnlyDictionary<string, string> Response)> parts)
        =>
        [
            .. from part in parts
               let digest = part.Response.GetValueOrDefault("containerimage.config.digest") ?? part.Response.GetValueOrDefault("containerimage.digest")
               where Digests.IsValid(digest)
               select new BuiltImage
               {
                   Platform = part.Request.Platforms[0],
                   Digest = digest!,
                   Size = 0,
                   MediaType = MediaTypes.DockerConfig,
                   Names = [.. part.Request.Tags.Select(t => t.ToString())],
               },
        ];

    /// <summary>Adds the images to a result.</summary>
    /// <param name="result">The result so far.</param>
    /// <param name="images">The images.</param>
    /// <param name="own">The platform whose image has the names that the user asked for; null for none.</param>
    /// <returns>The result, whose digest is that of this image.</returns>
    public static BuildResult AddTo(BuildResult result, IReadOnlyList<BuiltImage> images, Platform? own) => result with
    {
        Digest = images.FirstOrDefault(i => i.Platform == own)?.Digest ?? result.Digest,
        ImageId = images.FirstOrDefault(i => i.Platform == own)?.Digest ?? result.ImageId,
        PlatformImages = images,
        Images = [.. result.Images.Where(n => images.Any(i => i.Names.Contains(n))).Concat(images.SelectMany(i => i.Names)).Distinct()],
    };

    /// <summary>Says which image has which names.</summary>
    /// <param name="address">The daemon's address.</param>
    /// <param name="images">The images.</param>
    /// <returns>A sentence.</returns>
    public static string Describe(string address, IReadOnlyList<BuiltImage> images)
        => $"The docker daemon at {address} keeps images of one platform under a name (classic image store), so each platform has a name of its own: "
            + string.Join("; ", images.Select(i => $"{i.Platform} is {(i.Names.Count == 0 ? i.Digest : string.Join(" and ", i.Names.Select(n => ImageReference.Parse(n).FamiliarName)))}")) + ".";

    private static bool IsStored(PlannedOutput output) => output is { IsImage: true, Client: ClientOutput.None, LoadContext: null };

    private static BuildxException Unsupported(string problem, string advice) => new(BuildxFailure.EngineUnsupported, problem, advice);
}
