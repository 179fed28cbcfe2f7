using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Builds.Attestations;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Files.Outputs;

namespace BuildxPS.Engine.Builds.Results;

/// <summary>The files that scripts read a build's outcome from: the image's id, and the metadata.</summary>
internal sealed class ResultFiles(BuildRequest request, ClientEnvironment environment)
{
    private static readonly Dictionary<string, string> s_noResponse = new(StringComparer.Ordinal);

    /// <summary>Refuses what cannot be written, before anything is contacted.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>, or there will be no id.</exception>
    public static void Check(BuildRequest request)
    {
        foreach (var file in new[] { request.ImageIdFile, request.MetadataFile }.OfType<string>())
        {
            FileOutput.CheckWritable(file);
        }

        if (request.ImageIdFile is { } id && request.Outputs.FirstOrDefault(o => o.Type is "local" or "tar") is { } output)
        {
            throw new BuildxException(
                BuildxFailure.OutputInvalid,
                $"The output '{output}' is no image, so that the file '{id}' would get no image id.",
                "Leave -ImageIdFile out, or ask for an image instead of files.");
        }
    }

    /// <summary>Removes an id that an earlier build left: if this build fails, nobody is to take it for its own.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public void Begin()
    {
        if (request.ImageIdFile is not { } path)
        {
            return;
        }

        try
        {
            if (File.Exists(path))
            {
                File.Delete(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BuildxException(
                BuildxFailure.DestinationNotWritable, $"The image id of an earlier build in '{path}' cannot be removed: {e.Message}", "Give this user the right to remove it, or name another file.", e);
        }
    }

    /// <summary>Writes the files.</summary>
    /// <param name="result">What the build produced.</param>
    /// <param name="builds">The nodes' parts.</param>
    /// <param name="warn">Tells the user of what is missing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task WriteAsync(BuildResult result, IReadOnlyList<NodeBuild> builds, Func<string, CancellationToken, ValueTask> warn, CancellationToken cancellationToken)
    {
        if (request.ImageIdFile is { } idFile)
        {
            await FileOutput.WriteAsync(idFile, Encoding.ASCII.GetBytes(result.ImageId ?? ""), cancellationToken).ConfigureAwait(false);
        }

        if (request.MetadataFile is { } metadataFile)
        {
            var provenance = await ReadProvenanceAsync(builds, warn, cancellationToken).ConfigureAwait(false);
            var warnings = environment["BUILDX_METADATA_WARNINGS"] is { } wanted && GoText.Boolean(wanted) == true
                ? result.Warnings.Where(w => w.VertexDigest is not null).ToList()
                : [];
            var response = builds.Count == 1
                ? WithRegistryDigest(builds[0].Response, result)
                : result.Digest is { } digest ? new Dictionary<string, string>(StringComparer.Ordinal) { ["containerimage.digest"] = digest } : s_noResponse;
            await FileOutput.WriteAsync(metadataFile, MetadataFile.Render(response, result.BuildRef, provenance, warnings), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What was pushed by a daemon is known by the registry's digest, as in the result.</summary>
    private static IReadOnlyDictionary<string, string> WithRegistryDigest(IReadOnlyDictionary<string, string> response, BuildResult result)
        => result.Digest is { } digest && response.TryGetValue("containerimage.digest", out var said) && said != digest
            ? new Dictionary<string, string>(response, StringComparer.Ordinal) { ["containerimage.digest"] = digest }
            : response;

    private async Task<IReadOnlyDictionary<string, JsonObject>> ReadProvenanceAsync(
        IReadOnlyList<NodeBuild> builds, Func<string, CancellationToken, ValueTask> warn, CancellationToken cancellationToken)
    {
        var all = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var build in ProvenanceReport.IsWanted(environment) ? builds : [])
        {
            try
            {
                var recorded = await build.Node.Engine.ReadProvenanceAsync(build.Build.Ref, cancellationToken).ConfigureAwait(false);
                foreach (var (key, value) in ProvenanceReport.Create(recorded, environment))
                {
                    // Builds of single platforms do not say which.
                    all[builds.Count > 1 && !key.Contains('/', StringComparison.Ordinal) ? $"{key}/{build.Call.Attributes.GetValueOrDefault("platform")}" : key] = value;
                }
            }
            catch (Exception e) when (e is BuildxException or InvalidDataException)
            {
                await warn($"The build's provenance is missing in '{request.MetadataFile}': {e.Message}", cancellationToken).ConfigureAwait(false);
            }
        }

        return all;
    }
}
