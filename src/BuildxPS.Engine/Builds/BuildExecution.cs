using System.Threading.Channels;
using BuildxPS.Engine.Builds.Questions;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Builds;

/// <summary>The straight walk of one build: check, choose, start, solve, export, put in place.</summary>
internal sealed partial class BuildExecution(ClientEnvironment environment, BuildParts parts, ChannelWriter<BuildEvent> events)
{
    private readonly BuildObserver _seen = new();
    private readonly CredentialStore _logins = parts.OpenCredentials();
    private WatchedCredentials? _engineLogins;
    private RegistryTrust _trust = RegistryTrust.Default;
    private BuildMounts? _mounts;
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
        var inputs = BuildInputs.Find(request, environment) with { Caches = CachePlan.Check(request), Contexts = NamedContexts.Find(request) };
        using var mounts = _mounts = BuildMounts.Open(request, environment);
        var files = ClientFiles.Open(inputs, outputs, parts, environment);
        await using (files.ConfigureAwait(false))
        {
            var builder = await parts.ResolveBuilder(request.Builder, cancellationToken).ConfigureAwait(false);
            await using (builder.ConfigureAwait(false))
            {
                builder.NoteUse?.Invoke();
                // As buildx writes the path, whose choice among several engines is to be the same.
                var key = Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.ContextPath));
                var nodes = await ChosenNodes.ConnectAsync(builder, request.Platforms, key, ReportAsync, cancellationToken).ConfigureAwait(false);
                await using (nodes.ConfigureAwait(false))
                {
                    _trust = nodes.Nodes[0].Node.Trust;
                    await RunAsync(request, inputs, outputs, files, nodes, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task RunAsync(
        BuildRequest request, BuildInputs inputs, IReadOnlyList<PlannedOutput> outputs, ClientFiles files, ChosenNodes nodes, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var node in nodes.Nodes)
            {
                CachePlan.CheckEngine(inputs.Caches, node.Features);
                NamedContexts.CheckEngine(inputs.Contexts, request, node.Description);
            }

            if (Question is not null)
            {
                await AskAsync(request, inputs, files, nodes, cancellationToken).ConfigureAwait(false);
                return;
            }

            outputs = ExporterPlan.WithDefault(outputs, nodes.Nodes[0].Features, environment);
            if (nodes.Nodes.Count > 1)
            {
                SeveralNodes.Check(nodes.Plan, nodes.Nodes, outputs, request.CacheTo);
            }

            var loadsIndexes = await OpenLoadsAsync(outputs, request, files, nodes.Nodes[0], cancellationToken).ConfigureAwait(false);
            var builds = nodes.Nodes.Select(n => Prepare(request, inputs, outputs, files, nodes, n, loadsIndexes)).ToList();
            var buildRef = builds[0].BuildRef(nodes.Plan);
            await events.WriteAsync(new BuildStarted { BuildRef = buildRef, Plan = nodes.Plan }, cancellationToken).ConfigureAwait(false);
            await WarnAsync(files.Content.Warnings, cancellationToken).ConfigureAwait(false);
            await WarnAsync(nodes.Plan, outputs, cancellationToken).ConfigureAwait(false);
            await WarnAsync(_mounts!.Warnings, cancellationToken).ConfigureAwait(false);
            await SideBySide.RunAsync(builds.Select(b => (Func<CancellationToken, Task>)b.RunAsync), cancellationToken).ConfigureAwait(false);
            await files.CommitAsync([.. builds[0].Exporters.Select(e => e.Output)], cancellationToken).ConfigureAwait(false);
            await WarnAsync(await files.Content.CommitAsync(builds[0].Response, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            await WarnAsync(UnusedCaches.Find([.. builds.SelectMany(b => b.Seen.Steps)], files.Failures), cancellationToken).ConfigureAwait(false);
            var result = builds.Count == 1
                ? await FinishAsync(request, outputs, builds[0], nodes.Plan, cancellationToken).ConfigureAwait(false)
                : await MergeAsync(request, outputs, builds, nodes.Plan, cancellationToken).ConfigureAwait(false);
            await events.WriteAsync(new BuildCompleted { Result = result }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Before the engine and the builder: closing those can take long if they are gone.
            await files.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Makes one node's part, without contacting anything.</summary>
    private NodeBuild Prepare(
        BuildRequest request, BuildInputs inputs, IReadOnlyList<PlannedOutput> outputs, ClientFiles files, ChosenNodes nodes, ChosenNode node, bool loadsIndexes)
    {
        var isOneOfSeveral = nodes.Nodes.Count > 1;
        var exporters = ExporterPlan.Create(outputs, request, node.Description, node.Features, loadsIndexes);
        var call = files.Content.AddTo(FrontendAttributes.Create(
            request, inputs.DockerfileName, node.Plan.Platforms, node.Description, node.Features, environment, node.Node.ProxyArguments));
        if (isOneOfSeveral)
        {
            call = SeveralNodes.AsPart(call);
        }

        if (Question is { } question)
        {
            call = FrontendQuestions.Ask(call, question);
        }

        var build = new EngineBuild
        {
            Ref = BuildReference.Create(),
            IsInternal = Question is not null,
            Exporters = [.. exporters.Select(e => isOneOfSeveral && e.Output.Pushes ? SeveralNodes.ByDigest(e.Exporter) : e.Exporter)],
            CacheExports = files.Content.Exports,
            CacheImports = files.Content.Imports,
            FrontendAttributes = call.Attributes,
            SharedKey = SharedKey.Create(inputs.ContextPath, environment),
        };
        var own = new NodeEvents(node.Node.Name);
        var seen = isOneOfSeveral ? new BuildObserver() : _seen;
        return new NodeBuild(
            node,
            seen,
            isOneOfSeveral ? (e, token) => events.WriteAsync(own.Translate(e), token) : events.WriteAsync)
        {
            Build = build,
            Call = call,
            CheckResult = Question is { } asked ? result => FrontendQuestions.Check(result, asked) : null,
            Exporters = exporters,
            Services = new BuildServices
            {
                Sources = files.Sources,
                Outputs = [.. exporters.Select(e => files.For(e.Output))],
                OnFailure = e => files.Failures.Note(e),
                ContentStores = files.Content.Stores,
                OnContentFailure = files.Failures.Suspect,
                Credentials = _engineLogins,
                Secrets = _mounts!.Secrets,
                SshAgents = _mounts.Agents,
            },
            Explain = async (e, token) => FailureAnalysis.Explain(e, files.Failures, seen, new FailureContext
            {
                BuildRef = $"{nodes.Plan.Builder}/{node.Node.Name}/{build.Ref}",
                Inputs = inputs,
                Plan = node.Plan,
                IsOneOfSeveral = isOneOfSeveral,
                Logins = _engineLogins!,
                Mounts = _mounts!,
                BaseImage = e.Failure == BuildxFailure.PlatformNotAvailable
                    ? await BaseImagePlatforms.FindAsync(e.Message, OpenRegistry, token).ConfigureAwait(false)
                    : null,
            }),
        };
    }

    private async Task<BuildResult> FinishAsync(
        BuildRequest request, IReadOnlyList<PlannedOutput> outputs, NodeBuild build, BuildPlan plan, CancellationToken cancellationToken)
    {
        var platforms = request.Platforms.Count > 0 ? request.Platforms
            : build.Platforms.Count > 0 ? build.Platforms
            : [.. build.Node.Description.Platforms.Take(1)];
        var images = await FindImagesAsync(build, platforms, cancellationToken).ConfigureAwait(false);
        return BuildResults.Create(plan, [build], outputs, _seen, platforms, parts.Clock.GetElapsedTime(_begin)) with { PlatformImages = images };
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
        var index = await new IndexMerge(registry, ReportAsync).PushAsync(SeveralNodes.NamesOfIndex(pushed), digests, cancellationToken).ConfigureAwait(false);
        return BuildResults.WithIndex(result, index) with { Duration = parts.Clock.GetElapsedTime(_begin) };
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

    private async Task<IReadOnlyList<BuiltImage>?> FindImagesAsync(NodeBuild build, IReadOnlyList<Platform> platforms, CancellationToken cancellationToken)
    {
        var (images, problem) = await BuiltImages.FindAsync(build.Response, build.Exporters, platforms, OpenRegistry, cancellationToken).ConfigureAwait(false);
        if (problem is not null)
        {
            await WarnAsync($"The digests of the single platforms are not known: {problem}", cancellationToken).ConfigureAwait(false);
        }

        return images;
    }

    private RegistryClient OpenRegistry() => new(new RegistryClientOptions { Environment = environment, Trust = _trust, Credentials = _logins });

    private async Task WarnAsync(BuildPlan plan, IReadOnlyList<PlannedOutput> outputs, CancellationToken cancellationToken)
    {
        if (outputs.Count == 0 && !ExporterPlan.IsDefaultOff(environment))
        {
            await WarnAsync(ExporterPlan.NoOutput, cancellationToken).ConfigureAwait(false);
        }

        foreach (var node in plan.Nodes.Where(n => n.Unlisted.Count > 0))
        {
            await WarnAsync(
                $"The engine of the node '{node.Node}' does not list {string.Join(", ", node.Unlisted)}: it may lack an emulator, and a step that runs a program may fail.",
                cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WarnAsync(IReadOnlyList<string> messages, CancellationToken cancellationToken)
    {
        foreach (var message in messages)
        {
            await WarnAsync(message, cancellationToken).ConfigureAwait(false);
        }
    }

    private ValueTask WarnAsync(string message, CancellationToken cancellationToken)
        => ReportAsync(new VertexWarning { Warning = new BuildWarning { Message = message } }, cancellationToken);

    private ValueTask ReportAsync(BuildEvent e, CancellationToken cancellationToken)
    {
        _seen.Handle(e);
        return events.WriteAsync(e, cancellationToken);
    }
}
