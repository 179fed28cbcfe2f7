using System.Security.Cryptography;
using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>Has a docker daemon push what its engine built, where the engine cannot: with a classic image store.</summary>
internal sealed class DaemonPush(WatchedCredentials logins, Func<BuildEvent, CancellationToken, ValueTask> report)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether the daemon pushes, and not the engine in it.</summary>
    /// <param name="features">What the engine's driver can do.</param>
    /// <returns>Whether its image store is a classic one.</returns>
    public static bool IsNeeded(DriverFeatures features) => features is { IsDockerDaemon: true, HasContainerdStore: false };

    /// <summary>Pushes what a build asks to push, one name after another.</summary>
    /// <param name="build">The build, done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The manifest that the registry has under the first name; null where nothing was to be pushed by the daemon.</returns>
    /// <exception cref="BuildxException">The registry refused, or could not be reached; the image is in the daemon.</exception>
    public async Task<Descriptor?> RunAsync(NodeBuild build, CancellationToken cancellationToken)
    {
        var names = IsNeeded(build.Node.Features)
            ? build.Exporters.Where(e => e.Output.Pushes).SelectMany(e => NamesOf(e.Exporter, build.Response)).Distinct().ToList()
            : [];
        if (names.Count == 0)
        {
            return null;
        }

        // A push that nobody does must not look like one that was done.
        var daemon = (build.Node.Node.Driver as IDockerHost)?.Daemon ?? throw new InvalidOperationException("The daemon that has to push is not known.");
        Descriptor? first = null;
        foreach (var name in names)
        {
            var (digest, size) = await PushPatientlyAsync(daemon, name, cancellationToken).ConfigureAwait(false);
            first ??= new Descriptor { MediaType = MediaTypes.DockerManifest, Digest = digest, Size = size ?? 0 };
        }

        return first;
    }

    private async Task<(string Digest, long? Size)> PushPatientlyAsync(DockerDaemon daemon, ImageReference name, CancellationToken cancellationToken)
    {
        var retry = new PushRetry();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await PushAsync(daemon, name, cancellationToken).ConfigureAwait(false);
            }
            catch (BuildxException e) when (e.IsTransient && attempt <= retry.Delays.Count)
            {
                await report(new VertexWarning { Warning = retry.Describe(e, attempt) }, cancellationToken).ConfigureAwait(false);
                await Task.Delay(retry.Delays[attempt - 1], cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<(string Digest, long? Size)> PushAsync(DockerDaemon daemon, ImageReference name, CancellationToken cancellationToken)
    {
        var vertex = new VertexChanged
        {
            Digest = "sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            Name = $"pushing {name} with docker",
            Started = DateTimeOffset.UtcNow,
        };
        await report(vertex, cancellationToken).ConfigureAwait(false);
        try
        {
            var login = await logins.GetAsync(
                name.Registry == "docker.io" ? "registry-1.docker.io" : name.Registry, [$"repository:{name.Repository}:pull,push"], cancellationToken).ConfigureAwait(false);
            var layers = new LayerProgress(vertex.Digest, report);
            var pushed = await daemon.PushAsync(name, login, (id, current, total, isDone) => layers.ReportAsync(id, current, total, isDone, cancellationToken), cancellationToken).ConfigureAwait(false);
            await report(vertex with { Completed = DateTimeOffset.UtcNow }, cancellationToken).ConfigureAwait(false);
            return pushed;
        }
        catch (BuildxException e)
        {
            await report(vertex with { Completed = DateTimeOffset.UtcNow, Error = DisplayText.Line(e.Message) }, cancellationToken).ConfigureAwait(false);
            if (e.Failure == BuildxFailure.RegistryUnauthorized && logins.Explain(name.Registry) is { } explained)
            {
                throw new BuildxException(e.Failure, $"{e.Message.TrimEnd('.')}. {explained.Sentence}", explained.Advice, e);
            }

            throw;
        }
    }

    private static IEnumerable<ImageReference> NamesOf(EngineExporter exporter, IReadOnlyDictionary<string, string> response)
        => exporter.Attributes.GetValueOrDefault("name", "").Split(',')
            .SelectMany(n => n == "*" ? response.GetValueOrDefault("image.name", "").Split(',') : [n])
            .Select(n => ImageReference.TryParse(n, out var reference, out _) ? reference : null)
            .OfType<ImageReference>();

    /// <summary>The layers of one push; what changes faster than anybody reads is passed over.</summary>
    private sealed class LayerProgress(string vertex, Func<BuildEvent, CancellationToken, ValueTask> report)
    {
        private readonly Dictionary<string, VertexProgress> _layers = new(StringComparer.Ordinal);

        public async ValueTask ReportAsync(string id, long current, long total, bool isDone, CancellationToken cancellationToken)
        {
            var now = DateTimeOffset.UtcNow;
            var before = _layers.GetValueOrDefault(id);
            if (before is not null && !isDone && now - before.Timestamp < s_interval)
            {
                return;
            }

            total = isDone ? before?.Total ?? 0 : total;
            var progress = new VertexProgress
            {
                VertexDigest = vertex,
                Id = "pushing layer " + id,
                Current = isDone ? total : current,
                Total = total,
                Timestamp = now,
                Started = before?.Started ?? now,
                Completed = isDone ? now : null,
            };
            _layers[id] = progress;
            await report(progress, cancellationToken).ConfigureAwait(false);
        }
    }
}
