using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>The docker daemons that a build's images are sent to, and what became of them.</summary>
internal sealed class LoadTargets
{
    private readonly Dictionary<PlannedOutput, (DockerImageStore Store, string Address, DockerLoadOutput Place)> _targets = new(ReferenceEqualityComparer.Instance);

    private LoadTargets()
    {
    }

    /// <summary>No daemons.</summary>
    public static LoadTargets None { get; } = new();

    /// <summary>The store that an output is sent to; null where it is not sent to a daemon.</summary>
    /// <param name="output">The output.</param>
    /// <returns>The store.</returns>
    public DockerImageStore? For(PlannedOutput output) => _targets.TryGetValue(output, out var target) ? target.Store : null;

    /// <summary>Refuses contexts that are not there, before anything is contacted.</summary>
    /// <param name="outputs">The outputs.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ContextNotFound"/>, or what is wrong with the context.</exception>
    public static void CheckContexts(IEnumerable<PlannedOutput> outputs, ClientEnvironment environment)
    {
        foreach (var output in outputs)
        {
            if (output.LoadContext is not { } name)
            {
                continue;
            }

            var contexts = new ContextCatalog(environment);
            var context = contexts.Find(name, new BuilderSelection()) ?? throw new BuildxException(
                BuildxFailure.ContextNotFound,
                $"The output '{output.Spec}' is to be loaded into the docker context '{DisplayText.Line(name)}', and there is none. There is: {string.Join(", ", contexts.List().Take(20).Select(c => c.Name))}.",
                "Write context= with one of these names, or leave it out to load into the docker that you work with (docker context ls shows them).");
            if (context.Failure is { } failure)
            {
                throw failure;
            }
        }
    }

    /// <summary>Opens the daemons.</summary>
    /// <param name="outputs">The outputs.</param>
    /// <param name="request">The request.</param>
    /// <param name="files">Takes the places of the outputs.</param>
    /// <param name="node">The node that builds.</param>
    /// <param name="open">Opens a daemon.</param>
    /// <param name="report">Takes the steps as events of the build.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The targets; an image for the daemon that its engine is part of has none, since it is there when it is built.</returns>
    public static async Task<LoadTargets> OpenAsync(
        IReadOnlyList<PlannedOutput> outputs,
        BuildRequest request,
        ClientFiles files,
        ChosenNode node,
        Func<BuilderSelection, DockerDaemon> open,
        Func<BuildEvent, CancellationToken, ValueTask> report,
        CancellationToken cancellationToken)
    {
        var targets = new LoadTargets();
        foreach (var load in outputs.Where(o => o.IsLoad && (!node.Features.IsDockerDaemon || o.LoadContext is not null)))
        {
            var daemon = open(load.LoadContext is { } context ? request.Builder with { Name = null, Context = context, DockerHost = null } : request.Builder);
            if (node.Node.Driver is IDockerHost { Daemon.Address: var own } && own == daemon.Address)
            {
                daemon.Dispose();
                continue;
            }

            DockerImageStore store;
            try
            {
                store = await daemon.GetImageStoreAsync(cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                daemon.Dispose();
                throw;
            }

            var place = new DockerLoadOutput(daemon, Plan(load, request, store), report);
            targets._targets[load] = (store, daemon.Address, place);
            files.Add(load, place);
        }

        return targets;
    }

    /// <summary>Whether images were taken apart, so that it is known what they are.</summary>
    public bool HasParts => Parts.Any();

    /// <summary>Which image has which names, where images were taken apart.</summary>
    public IEnumerable<string> Descriptions => Parts.Where(t => t.Place.Loaded.Count > 1).Select(t => ClassicParts.Describe(t.Address, t.Place.Loaded));

    /// <summary>Adds to a result what was loaded under names of its own.</summary>
    /// <param name="result">The result so far.</param>
    /// <returns>The result.</returns>
    public BuildResult AddTo(BuildResult result)
        => Parts.Aggregate(
            result,
            (sum, target) => ClassicParts.AddTo(sum, target.Place.Loaded, ClassicNames.OwnOf(target.Store.Platform, [.. target.Place.Loaded.Select(i => i.Platform)])));

    private IEnumerable<(DockerImageStore Store, string Address, DockerLoadOutput Place)> Parts => _targets.Values.Where(t => t.Place.Loaded.Count > 0);

    private static LoadPlan Plan(PlannedOutput output, BuildRequest request, DockerImageStore store)
    {
        var (names, knowsNames) = NamesOf(output, request);
        if (store.TakesIndexes || !ExporterPlan.MakesIndex(request))
        {
            return new LoadPlan { Store = store, Names = names, KnowsNames = knowsNames };
        }

        // Before the build: a tag that becomes too long.
        _ = request.Platforms.SelectMany(p => ClassicNames.For(names, p, isOwn: false)).ToList();
        return new LoadPlan
        {
            Store = store,
            Names = names,
            KnowsNames = knowsNames,
            Split = (platform, all) => all.Count == 1 ? names : ClassicNames.For(names, platform, platform == ClassicNames.OwnOf(store.Platform, all)),
        };
    }

    /// <summary>The names of an output's image.</summary>
    /// <param name="output">The output.</param>
    /// <param name="request">The request, whose tags come first.</param>
    /// <returns>The names, and whether there are no others: <c>*</c> stands for those that a frontend chooses.</returns>
    public static (IReadOnlyList<ImageReference> Names, bool AreAll) NamesOf(PlannedOutput output, BuildRequest request)
    {
        if (request.Tags.Count > 0)
        {
            return (request.Tags, true);
        }

        var names = OutputPlan.NamesOf(output.Spec);
        return ([.. names.Where(n => n != "*").Select(ImageReference.Parse)], !names.Contains("*"));
    }
}
