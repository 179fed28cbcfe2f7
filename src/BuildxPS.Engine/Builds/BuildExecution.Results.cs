using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Builds.Results;

namespace BuildxPS.Engine.Builds;

// What a build that succeeded gives: of one part, of one for each platform, or of several nodes.
internal sealed partial class BuildExecution
{
    private async Task<BuildResult> FinishAsync(
        BuildRequest request, IReadOnlyList<PlannedOutput> outputs, NodeBuild build, BuildPlan plan, LoadTargets loads, CancellationToken cancellationToken)
    {
        var platforms = request.Platforms.Count > 0 ? request.Platforms
            : build.Platforms.Count > 0 ? build.Platforms
            : [.. build.Node.Description.Platforms.Take(1)];
        var images = loads.HasParts ? null : await FindImagesAsync(build, platforms, cancellationToken).ConfigureAwait(false);
        await WarnAsync([.. loads.Descriptions], cancellationToken).ConfigureAwait(false);
        return loads.AddTo(BuildResults.Create(plan, [build], outputs, _seen, platforms, parts.Clock.GetElapsedTime(_begin)) with { PlatformImages = images });
    }

    /// <summary>Puts the result of a build for each platform together.</summary>
    private async Task<BuildResult> CollectAsync(
        BuildRequest request, IReadOnlyList<BuildRequest> divided, IReadOnlyList<PlannedOutput> outputs, List<NodeBuild> builds, BuildPlan plan, CancellationToken cancellationToken)
    {
        var images = ClassicParts.ImagesOf(divided.Zip(builds, (part, build) => (part, build.Response)));
        await WarnAsync(ClassicParts.Describe(builds[0].Node.Node.Endpoint, images), cancellationToken).ConfigureAwait(false);
        var result = BuildResults.Create(plan, builds, outputs, _seen, request.Platforms, parts.Clock.GetElapsedTime(_begin));
        return ClassicParts.AddTo(result, images, ClassicNames.OwnOf(OwnOf(builds[0].Node), request.Platforms));
    }

    private async Task<BuildResult> MergeAsync(
        BuildRequest request, IReadOnlyList<PlannedOutput> outputs, List<NodeBuild> builds, BuildPlan plan, CancellationToken cancellationToken)
    {
        var result = BuildResults.Create(plan, builds, outputs, _seen, request.Platforms, parts.Clock.GetElapsedTime(_begin));
        if (builds[0].Exporters.FirstOrDefault(e => e.Output.Pushes) is not { Exporter: { } pushed })
        {
            return result;
        }

        using var registry = OpenRegistry();
        var digests = builds.Select(b => IndexMerge.DigestOf(b.Node.Node.Name, b.Response)).ToList();
        var index = await new IndexMerge(registry, ReportAsync).PushAsync(
            SeveralNodes.NamesOfIndex(pushed), digests, AnnotationPlan.OfIndex(pushed), cancellationToken).ConfigureAwait(false);
        return BuildResults.WithIndex(result, index) with { Duration = parts.Clock.GetElapsedTime(_begin) };
    }

    private async Task<IReadOnlyList<BuiltImage>?> FindImagesAsync(NodeBuild build, IReadOnlyList<Platform> platforms, CancellationToken cancellationToken)
    {
        var (images, problem) = await BuiltImages.FindAsync(build.Response, build.Exporters, platforms, OpenRegistry, cancellationToken).ConfigureAwait(false);
        if (problem is not null)
        {
            await WarnAsync($"The digests of the single platforms are not known: {problem}", cancellationToken).ConfigureAwait(false);
        }

        return images;
    }
}
