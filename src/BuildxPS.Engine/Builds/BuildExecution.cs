using System.Threading.Channels;
using BuildxPS.Engine.Builds.Caches;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Builds.Git;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Builds.Questions;
using BuildxPS.Engine.Builds.Results;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Emulation;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Builds;

/// <summary>The straight walk of one build: check, choose, start, solve, export, put in place.</summary>
internal sealed partial class BuildExecution(ClientEnvironment environment, BuildParts parts, ChannelWriter<BuildEvent> events, SemaphoreSlim room)
{
    private readonly BuildObserver _seen = new();
    private readonly CredentialStore _logins = parts.OpenCredentials();
    private WatchedCredentials? _engineLogins;
    private RegistryTrust _trust = RegistryTrust.Default;
    private readonly List<TokenFetcher> _tokens = [];
    private ReadOnlyMemory<byte>? _policy;
    private GitFacts _git = new();
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
        LoadTargets.CheckContexts(outputs, environment);
        var inputs = BuildInputs.Find(request, environment) with { Caches = CachePlan.Check(request), Contexts = NamedContexts.Find(request) };
        _policy = SourcePolicy.Read(environment);
        ResultFiles.Check(request);
        using var mounts = _mounts = BuildMounts.Open(request, environment);
        _git = inputs.Context.Kind == MainContextKind.Folder
            ? await GitFacts.ReadAsync(inputs.Context.Location, environment, cancellationToken).ConfigureAwait(false)
            : new GitFacts();
        var files = ClientFiles.Open(inputs, outputs, parts, environment);
        await using (files.ConfigureAwait(false))
        {
            var builder = await parts.ResolveBuilder(request.Builder, cancellationToken).ConfigureAwait(false);
            await using (builder.ConfigureAwait(false))
            {
                builder.NoteUse?.Invoke();
                // As buildx writes the path, whose choice among several engines is to be the same.
                var key = inputs.Context.Kind == MainContextKind.Folder ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.ContextPath)) : request.ContextPath;
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
                CacheSupport.CheckWritten(inputs.Caches, node.Description, node.Features);
                NamedContexts.CheckEngine(inputs.Contexts, request, node.Description);
                SourcePolicy.CheckEngine(_policy, node.Description);
            }

            inputs = await FetchDockerfileAsync(inputs, files, nodes.Nodes[0], cancellationToken).ConfigureAwait(false);
            if (Question is not null)
            {
                await AskAsync(request, inputs, files, nodes, cancellationToken).ConfigureAwait(false);
                return;
            }

            outputs = ExporterPlan.WithDefault(outputs, nodes.Nodes[0].Features, environment);
            if (nodes.Nodes.Count > 1)
            {
                SeveralNodes.Check(nodes.Plan, nodes.Nodes, outputs, request.CacheTo);
                await files.ShareAsync(cancellationToken).ConfigureAwait(false);
            }

            var loads = await LoadTargets.OpenAsync(outputs, request, files, nodes.Nodes[0], parts.OpenDocker, ReportAsync, cancellationToken).ConfigureAwait(false);
            foreach (var bytes in outputs.Where(o => o.Client == ClientOutput.Pipeline))
            {
                files.AddLast(bytes, new PipelineOutput(bytes, (e, token) => events.WriteAsync(e, token), room));
            }

            var divided = Divide(request, outputs, nodes.Nodes[0]);
            if (divided.Count > 0)
            {
                await files.ShareAsync(cancellationToken).ConfigureAwait(false);
            }

            var builds = divided.Count > 0
                ? divided.Select(part => Prepare(part, inputs, outputs, files, nodes, nodes.Nodes[0], loads, part.Platforms[0])).ToList()
                : nodes.Nodes.Select(n => Prepare(request, inputs, outputs, files, nodes, n, loads)).ToList();
            var buildRef = builds[0].BuildRef(nodes.Plan);
            var resultFiles = new ResultFiles(request, environment);
            resultFiles.Begin();
            await events.WriteAsync(new BuildStarted { BuildRef = buildRef, Plan = nodes.Plan }, cancellationToken).ConfigureAwait(false);
            await WarnAsync([.. files.Content.Warnings, .. nodes.Nodes.SelectMany(n => ReadableCaches(files, n).Warnings).Distinct()], cancellationToken).ConfigureAwait(false);
            await WarnAsync(nodes.Plan, outputs, cancellationToken).ConfigureAwait(false);
            await WarnAsync(_mounts!.Warnings, cancellationToken).ConfigureAwait(false);
            await WarnAsync(_git.Warning is { } unknown ? [unknown] : [], cancellationToken).ConfigureAwait(false);
            await WarnAsync([.. outputs.SelectMany(o => OutputAttributes.Warnings(o.Spec))], cancellationToken).ConfigureAwait(false);
            await SideBySide.RunAsync(builds.Select(b => (Func<CancellationToken, Task>)b.RunAsync), cancellationToken).ConfigureAwait(false);

            // As with engines that push themselves: what is pushed is pushed before anything is put in place here.
            var pushed = await new DaemonPush(_engineLogins!, ReportAsync).RunAsync(builds[0], cancellationToken).ConfigureAwait(false);
            await files.CommitAsync([.. builds[0].Exporters.Select(e => e.Output)], cancellationToken).ConfigureAwait(false);
            await WarnAsync(await files.Content.CommitAsync(builds[0].Response, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            await WarnAsync(UnusedCaches.Find([.. builds.SelectMany(b => b.Seen.Steps)], files.Failures, inputs.Caches.From), cancellationToken).ConfigureAwait(false);
            var result = divided.Count > 0 ? await CollectAsync(request, divided, outputs, builds, nodes.Plan, cancellationToken).ConfigureAwait(false)
                : builds.Count == 1 ? await FinishAsync(request, outputs, builds[0], nodes.Plan, loads, cancellationToken).ConfigureAwait(false)
                : await MergeAsync(request, outputs, builds, nodes.Plan, cancellationToken).ConfigureAwait(false);
            result = pushed is null ? result : BuildResults.WithPushed(result, pushed);
            await resultFiles.WriteAsync(result, builds, WarnAsync, cancellationToken).ConfigureAwait(false);
            await files.CommitLastAsync(cancellationToken).ConfigureAwait(false);
            await events.WriteAsync(new BuildCompleted { Result = result }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _tokens.ForEach(t => t.Dispose());

            // Before the engine and the builder: closing those can take long if they are gone.
            await files.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>A request for each platform where the engine's own daemon keeps images of one; empty where one build makes all.</summary>
    private static IReadOnlyList<BuildRequest> Divide(BuildRequest request, IReadOnlyList<PlannedOutput> outputs, ChosenNode node)
        => ClassicParts.AreNeeded(request, outputs, node.Features)
            ? ClassicParts.Divide(request, outputs, OwnOf(node))
            : [];

    /// <summary>The engine's own platform, which it names first.</summary>
    private static Platform? OwnOf(ChosenNode node) => node.Description.Platforms is [var own, ..] ? own : null;

    /// <summary>Makes one node's part, or a platform's, without contacting anything.</summary>
    private NodeBuild Prepare(
        BuildRequest request,
        BuildInputs inputs,
        IReadOnlyList<PlannedOutput> outputs,
        ClientFiles files,
        ChosenNodes nodes,
        ChosenNode node,
        LoadTargets loads,
        Platform? only = null)
    {
        var isOneOfSeveral = nodes.Nodes.Count > 1;
        var exporters = ExporterPlan.WithVariables(ExporterPlan.Create(outputs, request, node.Description, node.Features, loads.For), environment);
        var imports = ReadableCaches(files, node).Usable;
        var call = files.Content.AddTo(
            FrontendAttributes.Create(
                request, inputs.Dockerfile.Name, only is null ? node.Plan.Platforms : [only], node.Description, node.Features, environment, node.Node.ProxyArguments),
            imports);
        call = _git.AddTo(RepositoryInputs.AddTo(ContextAttributes.AddTo(call, inputs), inputs, environment), inputs);
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
            CacheImports = [.. imports.Select(i => i.Told)],
            FrontendAttributes = ClientCaches.Recorded(call.Attributes, imports),
            Entitlements = Entitlements.ForEngine(request),
            SourcePolicy = _policy,
            SharedKey = inputs.Context.Kind == MainContextKind.Folder ? SharedKey.Create(inputs.Context.Location, environment) : "",
        };
        var own = new NodeEvents(only?.ToString() ?? node.Node.Name);
        var isPart = isOneOfSeveral || only is not null;
        var seen = isPart ? new BuildObserver() : _seen;
        return new NodeBuild(
            node,
            seen,
            isPart ? (e, token) => events.WriteAsync(own.Translate(e), token) : events.WriteAsync)
        {
            IsFromStream = inputs.Context.Kind == MainContextKind.Archive,
            Build = build,
            Call = call,
            CheckResult = Question is { } asked ? result => FrontendQuestions.Check(result, asked) : null,
            Exporters = exporters,
            Services = new BuildServices
            {
                Sources = files.Sources,
                Uploads = files.Uploads,
                Outputs = [.. exporters.Select(e => files.For(e.Output))],
                OnFailure = e => files.Failures.Note(e),
                ContentStores = files.Content.Stores,
                OnContentFailure = files.Failures.Suspect,
                Credentials = _engineLogins,
                Tokens = TokensFor(node),
                OnLoginFailure = files.Failures.SuspectLogin,
                Secrets = _mounts!.Secrets,
                SshAgents = _mounts.Agents,
            },
            Explain = async (e, token) => FailureAnalysis.Explain(e, files.Failures, seen, new FailureContext
            {
                BuildRef = $"{nodes.Plan.Builder}/{node.Node.Name}/{build.Ref}",
                Inputs = inputs,
                Plan = node.Plan,
                Builder = nodes.Plan.Builder,
                Driver = nodes.Plan.Driver,
                Site = EmulatorSite.Of(node.Node, nodes.Plan.Driver, nodes.Plan.Builder, request.Builder, environment),
                IsOneOfSeveral = isOneOfSeveral,
                Logins = _engineLogins!,
                Mounts = _mounts!,
                BaseImage = e.Failure == BuildxFailure.PlatformNotAvailable
                    ? await BaseImagePlatforms.FindAsync(e.Message, OpenRegistry, token).ConfigureAwait(false)
                    : null,
            }),
        };
    }

    private static (IReadOnlyList<OpenCache> Usable, IReadOnlyList<string> Warnings) ReadableCaches(ClientFiles files, ChosenNode node)
        => CacheSupport.ChooseRead(files.Content.Imports, node.Description, node.Features);

    private async Task<BuildInputs> FetchDockerfileAsync(BuildInputs inputs, ClientFiles files, ChosenNode node, CancellationToken cancellationToken)
    {
        if (inputs.Dockerfile.Address is not { } address)
        {
            return inputs;
        }

        inputs = inputs with { Dockerfile = await RemoteDockerfile.FetchAsync(address, node.Engine, ReportAsync, cancellationToken).ConfigureAwait(false) };
        files.Add(inputs.Dockerfile, parts);
        return inputs;
    }

    // Nodes may trust registries differently; what a node must not talk to, this client does not for it.
    private TokenFetcher TokensFor(ChosenNode node)
    {
        var tokens = new TokenFetcher(
            new RegistryClientOptions { Environment = environment, Trust = node.Node.Trust, Credentials = _engineLogins },
            node.Features.SharesLoopback);
        _tokens.Add(tokens);
        return tokens;
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
