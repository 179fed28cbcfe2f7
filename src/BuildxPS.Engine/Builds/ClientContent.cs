using BuildxPS.Engine.Builds.Caches;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Content;

namespace BuildxPS.Engine.Builds;

/// <summary>
/// Content on this client that a build reads and writes: local caches, OCI layouts as contexts and as outputs. And what the
/// engine is told of them.
/// </summary>
internal sealed class ClientContent : IAsyncDisposable
{
    private const string ExportStore = "export";
    private const string ContextsCapability = "moby.buildkit.frontend.contexts+forward";
    private const string QueryCapability = "moby.buildkit.frontend.gitquerystring+forward";

    private readonly Dictionary<string, IContentStore> _stores = new(StringComparer.Ordinal);
    private readonly ClientCaches _caches;
    private readonly List<string> _warnings = [];
    private readonly SortedDictionary<string, string> _contexts = new(StringComparer.Ordinal);
    private LayoutOutput? _layout;

    private ClientContent(ClientEnvironment environment) => _caches = new ClientCaches(_stores, environment);

    /// <summary>Stores by the name that the engine asks for them by.</summary>
    public IReadOnlyDictionary<string, IContentStore> Stores => _stores;

    /// <summary>Caches that the engine reads, without those that are not there.</summary>
    public IReadOnlyList<OpenCache> Imports => _caches.Imports;

    /// <summary>Caches that the engine writes.</summary>
    public IReadOnlyList<EngineCache> Exports => _caches.Exports;

    /// <summary>What the user should be told before the build.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Opens what a build needs; nothing is written yet.</summary>
    /// <param name="caches">The caches.</param>
    /// <param name="contexts">The named contexts.</param>
    /// <param name="outputs">The outputs.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The content.</returns>
    /// <exception cref="BuildxException">A folder cannot be written.</exception>
    public static ClientContent Open(PlannedCaches caches, IReadOnlyList<PlannedContext> contexts, IReadOnlyList<PlannedOutput> outputs, ClientEnvironment environment)
    {
        var content = new ClientContent(environment);
        content._warnings.AddRange(caches.Warnings);
        if (caches.To.Any(c => c.Type == "inline") && outputs.Count > 0 && !outputs.Any(o => o.IsImage))
        {
            content._warnings.Add("The inline cache is written nowhere: it is part of an image, and no output is one.");
        }

        content._caches.Open(caches);
        content._warnings.AddRange(content._caches.Warnings);
        foreach (var context in contexts)
        {
            content.AddContext(context, environment);
        }

        if (outputs.FirstOrDefault(o => o.Client == ClientOutput.Layout) is { } output)
        {
            LayoutOutput.CheckWritable(output.Spec.Destination!);
            content._stores[ExportStore] = content._layout = new LayoutOutput(output.Spec.Destination!);
        }

        return content;
    }

    /// <summary>The mount that serves a named context's folder; those of the main context have theirs already.</summary>
    /// <param name="name">The context's name.</param>
    /// <returns>The mount's name.</returns>
    public static string MountOf(string name) => name is "context" or "dockerfile" ? "_" + name : name;

    /// <summary>Tells the frontend of contexts and caches.</summary>
    /// <param name="call">The call without them.</param>
    /// <param name="imports">The caches that its engine can read.</param>
    /// <returns>The call.</returns>
    public FrontendCall AddTo(FrontendCall call, IReadOnlyList<OpenCache> imports)
    {
        if (_contexts.Count == 0 && imports.Count == 0)
        {
            return call;
        }

        var attributes = call.Attributes.ToDictionary(StringComparer.Ordinal);
        foreach (var (key, value) in _contexts)
        {
            attributes[key] = value;
        }

        ClientCaches.Tell(attributes, imports);
        return call with { Attributes = attributes };
    }

    /// <summary>Brings what the engine wrote into its folders.</summary>
    /// <param name="response">What the exporters answered.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the user should be told.</returns>
    public async Task<IReadOnlyList<string>> CommitAsync(IReadOnlyDictionary<string, string> response, CancellationToken cancellationToken)
    {
        if (_layout is not null)
        {
            await _layout.CommitAsync(LayoutAnswers.Image(response, _layout.Folder), LayoutAnswers.Names(response), reset: false, cancellationToken).ConfigureAwait(false);
        }

        return await _caches.CommitAsync(response, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores.Values.Distinct())
        {
            switch (store)
            {
                case IAsyncDisposable output:
                    await output.DisposeAsync().ConfigureAwait(false);
                    break;
                case IDisposable source:
                    source.Dispose();
                    break;
            }
        }
    }

    private void AddContext(PlannedContext context, ClientEnvironment environment)
    {
        var spec = context.Spec;
        AddCapability(ContextsCapability);
        if (context.Warning is not null)
        {
            _warnings.Add(context.Warning);
        }

        switch (spec.Kind)
        {
            case BuildContextKind.Folder:
                _contexts["context:" + spec.Name] = "local:" + MountOf(spec.Name);
                _contexts["sharedkey:localdir:" + spec.Name] = SharedKey.Create(spec.Location, environment);
                break;
            case BuildContextKind.Layout:
                // A name of its own: engines keep layouts apart by it.
                var store = BuildReference.Create();
                _stores["oci:" + store] = new LayoutStore(spec.Location);
                var tag = spec.Tag ?? (spec.Digest is null ? "latest" : null);
                _contexts["context:" + spec.Name] = $"oci-layout://{store}{(tag is null ? "" : ":" + tag)}@{context.Digest}";
                break;
            default:
                _contexts["context:" + spec.Name] = spec.Location;
                if (spec.Kind == BuildContextKind.Address && BuildAddress.Parse(spec.Location, "The build context").HasQuery)
                {
                    AddCapability(QueryCapability);
                }

                break;
        }
    }

    private void AddCapability(string name)
    {
        var all = new SortedSet<string>(_contexts.GetValueOrDefault("frontend.caps", "").Split(',', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal) { name };
        _contexts["frontend.caps"] = string.Join(',', all);
    }
}
