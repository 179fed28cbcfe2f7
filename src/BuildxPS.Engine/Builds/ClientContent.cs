using System.Text;
using System.Text.Json.Nodes;
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
    private readonly List<(CacheSpec Cache, LayoutOutput Output)> _caches = [];
    private readonly List<EngineCache> _imports = [];
    private readonly List<EngineCache> _exports = [];
    private readonly List<string> _warnings = [];
    private readonly SortedDictionary<string, string> _contexts = new(StringComparer.Ordinal);
    private LayoutOutput? _layout;

    private ClientContent()
    {
    }

    /// <summary>Stores by the name that the engine asks for them by.</summary>
    public IReadOnlyDictionary<string, IContentStore> Stores => _stores;

    /// <summary>Caches that the engine reads, without those that are not there.</summary>
    public IReadOnlyList<EngineCache> Imports => _imports;

    /// <summary>Caches that the engine writes.</summary>
    public IReadOnlyList<EngineCache> Exports => _exports;

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
        var content = new ClientContent();
        content._warnings.AddRange(caches.Warnings);
        if (caches.To.Any(c => c.Type == "inline") && outputs.Count > 0 && !outputs.Any(o => o.IsImage))
        {
            content._warnings.Add("The inline cache is written nowhere: it is part of an image, and no output is one.");
        }

        foreach (var cache in caches.To)
        {
            content.AddExport(cache);
        }

        foreach (var cache in caches.From)
        {
            content.AddImport(cache);
        }

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
    /// <returns>The call.</returns>
    public FrontendCall AddTo(FrontendCall call)
    {
        if (_contexts.Count == 0 && _imports.Count == 0)
        {
            return call;
        }

        var attributes = call.Attributes.ToDictionary(StringComparer.Ordinal);
        foreach (var (key, value) in _contexts)
        {
            attributes[key] = value;
        }

        if (_imports.Count > 0)
        {
            attributes["cache-imports"] = ImportsText();
        }

        return call with { Attributes = attributes };
    }

    /// <summary>Brings what the engine wrote into its folders.</summary>
    /// <param name="response">What the exporters answered.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the user should be told.</returns>
    public async Task<IReadOnlyList<string>> CommitAsync(IReadOnlyDictionary<string, string> response, CancellationToken cancellationToken)
    {
        var warnings = new List<string>();
        if (_layout is not null)
        {
            await _layout.CommitAsync(LayoutAnswers.Image(response, _layout.Folder), LayoutAnswers.Names(response), reset: false, cancellationToken).ConfigureAwait(false);
        }

        foreach (var (cache, output) in _caches)
        {
            if (await LayoutAnswers.CacheAsync(response, output, cancellationToken).ConfigureAwait(false) is not { } root)
            {
                warnings.Add($"The cache '{cache}' was not written: the engine found nothing to keep.");
                continue;
            }

            var reset = cache.Attributes.TryGetValue("reset", out var text) && GoText.Boolean(text) == true;
            await output.CommitAsync(root, [LayoutName.Tag(cache.Attributes.GetValueOrDefault("tag", "latest"))], reset, cancellationToken).ConfigureAwait(false);
        }

        return warnings;
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

    private void AddExport(CacheSpec cache)
    {
        var attributes = cache.Attributes.ToDictionary(StringComparer.Ordinal);
        if (cache.Type == "local")
        {
            var folder = attributes["dest"];
            LayoutOutput.CheckWritable(folder);
            var output = new LayoutOutput(folder);
            _caches.Add((cache, output));
            _stores["local:" + (attributes["dest"] = HeaderText(folder))] = output;
        }

        _exports.Add(new EngineCache { Type = cache.Type, Attributes = attributes });
    }

    private void AddImport(CacheSpec cache)
    {
        var attributes = cache.Attributes.ToDictionary(StringComparer.Ordinal);
        if (cache.Type == "local")
        {
            var folder = attributes["src"];
            var (digest, problem) = FindCache(cache, folder);
            if (digest is null)
            {
                _warnings.Add($"The cache '{cache}' is not used: {problem}.");
                return;
            }

            attributes["digest"] = digest.ToString();
            attributes["src"] = HeaderText(folder);

            var name = "local:" + attributes["src"];
            if (!_stores.ContainsKey(name))
            {
                // A folder that is written to as well is read through its output.
                _stores[name] = new LayoutStore(folder);
            }
        }

        _imports.Add(new EngineCache { Type = cache.Type, Attributes = attributes });
    }

    private static (ContentDigest? Digest, string? Problem) FindCache(CacheSpec cache, string folder)
    {
        if (!Directory.Exists(folder))
        {
            return (null, $"'{folder}' does not exist");
        }

        try
        {
            var tag = cache.Attributes.GetValueOrDefault("tag", "latest");
            if (!ContentDigest.TryParse(cache.Attributes.GetValueOrDefault("digest"), out var digest))
            {
                digest = LayoutIndex.Read(folder) is { } index ? index.Find(tag) : null;
            }

            using var store = new LayoutStore(folder);
            return digest is null ? (null, $"'{folder}' holds no cache '{tag}'")
                : store.Find(digest) is null ? (null, $"'{folder}' has no blob {digest}")
                : (digest, null);
        }
        catch (BuildxException e)
        {
            return (null, e.Message.TrimEnd('.'));
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

    private string ImportsText()
    {
        var imports = new JsonArray([.. _imports.Select(i => new JsonObject
        {
            ["Type"] = i.Type,
            ["Attrs"] = new JsonObject(i.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => KeyValuePair.Create(a.Key, (JsonNode?)JsonValue.Create(a.Value)))),
        })]);
        return Encoding.UTF8.GetString(GoJson.Write(writer => imports.WriteTo(writer)));
    }

    /// <summary>A path as the engine can name the store by it: names travel in a header, which takes printable ASCII only.</summary>
    private static string HeaderText(string path)
    {
        var text = new StringBuilder(path.Length);
        foreach (var b in Encoding.UTF8.GetBytes(path))
        {
            _ = b is > (byte)' ' and < 0x7F and not (byte)'%' ? text.Append((char)b) : text.Append(System.Globalization.CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return text.ToString();
    }
}
