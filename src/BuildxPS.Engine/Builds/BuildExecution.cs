using System.Threading.Channels;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Builds;

/// <summary>The straight walk of one build: check, choose, start, solve, export, put in place.</summary>
internal sealed class BuildExecution(ClientEnvironment environment, BuildParts parts, ChannelWriter<BuildEvent> events)
{
    /// <summary>An engine that has answered has this long for its last events and for closing the build.</summary>
    private static readonly TimeSpan s_closing = TimeSpan.FromSeconds(5);

    /// <summary>Files here are cleaned up after this long, even if the engine does not let go of the build.</summary>
    private static readonly TimeSpan s_letGo = TimeSpan.FromSeconds(2);

    private readonly BuildObserver _seen = new();
    private readonly CredentialStore _logins = parts.OpenCredentials();
    private WatchedCredentials? _engineLogins;
    private readonly long _begin = parts.Clock.GetTimestamp();

    /// <summary>Runs the build.</summary>
    /// <param name="request">What to build.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>A task that ends when everything is in its place.</returns>
    public async Task RunAsync(BuildRequest request, CancellationToken cancellationToken)
    {
        using var logins = _logins;
        _engineLogins = new WatchedCredentials(logins);
        request = RequestCheck.Normalize(request, environment);
        var outputs = OutputPlan.Check(request);
        var inputs = BuildInputs.Find(request, environment);
        var files = ClientFiles.Open(inputs, outputs, parts);
        await using (files.ConfigureAwait(false))
        {
            var builder = await parts.ResolveBuilder(request.Builder, cancellationToken).ConfigureAwait(false);
            await using (builder.ConfigureAwait(false))
            {
                builder.NoteUse?.Invoke();
                var node = await ChosenNode.ConnectAsync(builder, request.Platforms, ReportAsync, cancellationToken).ConfigureAwait(false);
                await using (node.ConfigureAwait(false))
                {
                    await RunAsync(request, inputs, outputs, files, node, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task RunAsync(
        BuildRequest request, BuildInputs inputs, IReadOnlyList<PlannedOutput> outputs, ClientFiles files, ChosenNode node, CancellationToken cancellationToken)
    {
        try
        {
            outputs = ExporterPlan.WithDefault(outputs, node.Features, environment);
            var loadsIndexes = await OpenLoadsAsync(outputs, request, files, node, cancellationToken).ConfigureAwait(false);
            var exporters = ExporterPlan.Create(outputs, request, node.Description, node.Features, loadsIndexes);
            var call = FrontendAttributes.Create(
                request, inputs.DockerfileName, node.Plan.Nodes[0].Platforms, node.Description, node.Features, environment, node.Node.ProxyArguments);
            var build = new EngineBuild
            {
                Ref = BuildReference.Create(),
                Exporters = [.. exporters.Select(e => e.Exporter)],
                FrontendAttributes = call.Attributes,
                SharedKey = SharedKey.Create(inputs.ContextPath, environment),
            };
            var buildRef = $"{node.Plan.Builder}/{node.Node.Name}/{build.Ref}";
            await events.WriteAsync(new BuildStarted { BuildRef = buildRef, Plan = node.Plan }, cancellationToken).ConfigureAwait(false);
            if (outputs.Count == 0 && !ExporterPlan.IsDefaultOff(environment))
            {
                await WarnAsync(ExporterPlan.NoOutput, cancellationToken).ConfigureAwait(false);
            }

            var services = new BuildServices
            {
                Sources = files.Sources,
                Outputs = [.. exporters.Select(e => files.For(e.Output))],
                OnFailure = e => files.Failures.Note(e),
                Credentials = _engineLogins,
            };
            var (response, platforms) = await BuildAsync(node, build, call, services, files, inputs, buildRef, cancellationToken).ConfigureAwait(false);
            await files.CommitAsync([.. exporters.Select(e => e.Output)], cancellationToken).ConfigureAwait(false);
            platforms = request.Platforms.Count > 0 ? request.Platforms : platforms.Count > 0 ? platforms : [.. node.Description.Platforms.Take(1)];
            var images = await FindImagesAsync(response, exporters, platforms, cancellationToken).ConfigureAwait(false);
            var result = BuildResults.Create(
                buildRef, node.Plan.Builder, outputs, exporters, response, platforms, _seen, parts.Clock.GetElapsedTime(_begin)) with
            { PlatformImages = images };
            await events.WriteAsync(new BuildCompleted { Result = result }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Before the engine and the builder: closing those can take long if they are gone.
            await files.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<(IReadOnlyDictionary<string, string> Response, IReadOnlyList<Platform> Platforms)> BuildAsync(
        ChosenNode node, EngineBuild build, FrontendCall call, BuildServices services, ClientFiles files, BuildInputs inputs, string buildRef, CancellationToken cancellationToken)
    {
        IRunningBuild? running = null;
        var forwarding = Task.CompletedTask;
        try
        {
            running = await node.Engine.StartAsync(build, services, cancellationToken).ConfigureAwait(false);
            forwarding = ForwardAsync(running.Events, cancellationToken);
            var result = await SolveAsync(running, call, cancellationToken).ConfigureAwait(false);

            // Waiting on the token as well: an engine that is gone may not notice that it is told to stop.
            var response = await running.ExportAsync(result, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
            await WaitAsync(forwarding, s_closing, cancellationToken).ConfigureAwait(false);
            if (forwarding.IsFaulted)
            {
                await forwarding.ConfigureAwait(false);
            }

            return (response, BuildResults.PlatformsOf(result));
        }
        catch (BuildxException e) when (!cancellationToken.IsCancellationRequested)
        {
            await WaitAsync(forwarding, s_closing, cancellationToken).ConfigureAwait(false);
            var baseImage = e.Failure == BuildxFailure.PlatformNotAvailable
                ? await BaseImagePlatforms.FindAsync(e.Message, OpenRegistry, cancellationToken).ConfigureAwait(false)
                : null;
            throw FailureAnalysis.Explain(e, files.Failures, _seen, new FailureContext
            {
                BuildRef = buildRef,
                Inputs = inputs,
                Plan = node.Plan.Nodes[0],
                Logins = _engineLogins!,
                BaseImage = baseImage,
            });
        }
        finally
        {
            if (running is not null)
            {
                await WaitAsync(running.DisposeAsync().AsTask(), s_letGo, CancellationToken.None).ConfigureAwait(false);
            }

            // Nothing is written to the events after this method has ended.
            await WaitAsync(forwarding, s_letGo, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Opens the docker daemon for what is loaded into it from an engine that is no part of one.</summary>
    /// <returns>Whether that daemon takes indexes.</returns>
    private async Task<bool> OpenLoadsAsync(
        IReadOnlyList<PlannedOutput> outputs, BuildRequest request, ClientFiles files, ChosenNode node, CancellationToken cancellationToken)
    {
        var takesIndexes = false;
        foreach (var load in node.Features.IsDockerDaemon ? [] : outputs.Where(o => o.IsLoad))
        {
            var daemon = parts.OpenDocker(request.Builder);
            files.Add(load, new DockerLoadOutput(daemon, ReportAsync));
            takesIndexes = await daemon.HasContainerdStoreAsync(cancellationToken).ConfigureAwait(false);
        }

        return takesIndexes;
    }

    private async Task<IReadOnlyList<BuiltImage>?> FindImagesAsync(
        IReadOnlyDictionary<string, string> response,
        IReadOnlyList<(PlannedOutput Output, EngineExporter Exporter)> exporters,
        IReadOnlyList<Platform> platforms,
        CancellationToken cancellationToken)
    {
        var (images, problem) = await BuiltImages.FindAsync(response, exporters, platforms, OpenRegistry, cancellationToken).ConfigureAwait(false);
        if (problem is not null)
        {
            await WarnAsync($"The digests of the single platforms are not known: {problem}", cancellationToken).ConfigureAwait(false);
        }

        return images;
    }

    private RegistryClient OpenRegistry() => new(new RegistryClientOptions { Environment = environment, Credentials = _logins });

    private ValueTask WarnAsync(string message, CancellationToken cancellationToken)
        => ReportAsync(new VertexWarning { Warning = new BuildWarning { Message = message } }, cancellationToken);

    private static async Task<EngineResult> SolveAsync(IRunningBuild running, FrontendCall call, CancellationToken cancellationToken)
    {
        try
        {
            return await running.SolveAsync(call, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e)
        {
            await WaitAsync(running.FailAsync(e, cancellationToken), s_closing, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private async Task ForwardAsync(IAsyncEnumerable<BuildEvent> source, CancellationToken cancellationToken)
    {
        await foreach (var e in source.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            await ReportAsync(e, cancellationToken).ConfigureAwait(false);
        }
    }

    private ValueTask ReportAsync(BuildEvent e, CancellationToken cancellationToken)
    {
        _seen.Handle(e);
        return events.WriteAsync(e, cancellationToken);
    }

    /// <summary>Waits for something whose outcome changes nothing any more, but not for ever.</summary>
    private static async Task WaitAsync(Task task, TimeSpan limit, CancellationToken cancellationToken)
        => await task.WaitAsync(limit, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
