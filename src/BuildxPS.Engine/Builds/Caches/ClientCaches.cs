using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Content;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>The caches of a build: what is read and written here, and what the engine is told.</summary>
internal sealed class ClientCaches(IDictionary<string, IContentStore> stores, ClientEnvironment environment)
{
    /// <summary>Where the frontend looks for caches to read.</summary>
    private const string ImportsAttribute = "cache-imports";

    private readonly List<(CacheSpec Cache, LayoutOutput Output)> _written = [];
    private readonly List<OpenCache> _imports = [];
    private readonly List<EngineCache> _exports = [];
    private readonly List<string> _warnings = [];

    /// <summary>Caches that the engine reads, without those that are not there.</summary>
    public IReadOnlyList<OpenCache> Imports => _imports;

    /// <summary>Caches that the engine writes.</summary>
    public IReadOnlyList<EngineCache> Exports => _exports;

    /// <summary>What the user should be told before the build.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Opens the caches; nothing is written yet.</summary>
    /// <param name="caches">The caches.</param>
    /// <exception cref="BuildxException">A folder cannot be written.</exception>
    public void Open(PlannedCaches caches)
    {
        foreach (var cache in caches.To)
        {
            AddExport(cache);
        }

        foreach (var cache in caches.From)
        {
            AddImport(cache);
        }
    }

    /// <summary>Tells a frontend of caches that it may read.</summary>
    /// <param name="attributes">Its attributes; they are changed.</param>
    /// <param name="imports">The caches.</param>
    public static void Tell(Dictionary<string, string> attributes, IReadOnlyList<OpenCache> imports)
    {
        if (imports.Count > 0)
        {
            attributes[ImportsAttribute] = Text(imports, _ => true);
        }
    }

    /// <summary>
    /// What the engine gets beside the frontend's call. It keeps that in its history, where everybody reads who may build
    /// there, so that keys and tokens are not in it.
    /// </summary>
    /// <param name="attributes">The frontend's attributes.</param>
    /// <param name="imports">The caches.</param>
    /// <returns>The attributes for the record.</returns>
    public static IReadOnlyDictionary<string, string> Recorded(IReadOnlyDictionary<string, string> attributes, IReadOnlyList<OpenCache> imports)
        => attributes.ContainsKey(ImportsAttribute)
            ? new Dictionary<string, string>(attributes, StringComparer.Ordinal) { [ImportsAttribute] = Text(imports, a => CacheSecrets.Show(a.Key, a.Value) == a.Value) }
            : attributes;

    /// <summary>Brings what the engine wrote into its folders.</summary>
    /// <param name="response">What the exporters answered.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the user should be told.</returns>
    public async Task<IReadOnlyList<string>> CommitAsync(IReadOnlyDictionary<string, string> response, CancellationToken cancellationToken)
    {
        var warnings = new List<string>();
        foreach (var (cache, output) in _written)
        {
            if (await LayoutAnswers.CacheAsync(response, output, cancellationToken).ConfigureAwait(false) is not { } root)
            {
                warnings.Add($"The cache '{cache.SafeText}' was not written: the engine found nothing to keep.");
                continue;
            }

            var reset = cache.Attributes.TryGetValue("reset", out var text) && GoText.Boolean(text) == true;
            await output.CommitAsync(root, [LayoutName.Tag(cache.Attributes.GetValueOrDefault("tag", "latest"))], reset, cancellationToken).ConfigureAwait(false);
        }

        return warnings;
    }

    private void AddExport(CacheSpec cache)
    {
        if (Complete(cache) is not { } attributes)
        {
            return;
        }

        if (cache.Type == "local")
        {
            var folder = attributes["dest"];
            LayoutOutput.CheckWritable(folder);
            var output = new LayoutOutput(folder);
            _written.Add((cache, output));
            stores["local:" + (attributes["dest"] = HeaderText(folder))] = output;
        }

        _exports.Add(new EngineCache { Type = cache.Type, Attributes = attributes });
    }

    private void AddImport(CacheSpec cache)
    {
        if (Complete(cache) is not { } attributes)
        {
            return;
        }

        if (cache.Type == "local")
        {
            var folder = attributes["src"];
            var (digest, problem) = FindCache(cache, folder);
            if (digest is null)
            {
                _warnings.Add($"The cache '{cache.SafeText}' is not used: {problem}.");
                return;
            }

            attributes["digest"] = digest.ToString();
            attributes["src"] = HeaderText(folder);

            var name = "local:" + attributes["src"];
            if (!stores.ContainsKey(name))
            {
                // A folder that is written to as well is read through its output.
                stores[name] = new LayoutStore(folder);
            }
        }

        _imports.Add(new OpenCache(cache, new EngineCache { Type = cache.Type, Attributes = attributes }));
    }

    /// <summary>Adds what only this client knows.</summary>
    /// <returns>The attributes; null where the cache cannot be used, which the user is told.</returns>
    private Dictionary<string, string>? Complete(CacheSpec cache)
    {
        var attributes = cache.Attributes.ToDictionary(StringComparer.Ordinal);
        switch (cache.Type)
        {
            case "gha" when GitHubCache.Complete(attributes, environment) is { } missing:
                Warn($"The cache '{cache.SafeText}' is left out: {missing}. GitHub Actions gives these variables to actions only; a step of the kind 'run' gets them from an action before it that passes them on.");
                return null;
            case "s3" when AwsCredentials.Complete(attributes, environment) is { } problem:
                Warn($"The engine gets no keys from here for the cache '{cache.SafeText}', and uses its own, if it has any: {problem}. 'aws configure export-credentials --format env' prints keys that this client can use.");
                break;
        }

        return attributes;
    }

    private void Warn(string text)
    {
        // Once for a cache that is read and written.
        if (!_warnings.Contains(text))
        {
            _warnings.Add(text);
        }
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

    private static string Text(IReadOnlyList<OpenCache> imports, Func<KeyValuePair<string, string>, bool> isTold)
    {
        var caches = new JsonArray([.. imports.Select(i => i.Told).Select(i => new JsonObject
        {
            ["Type"] = i.Type,
            ["Attrs"] = new JsonObject(i.Attributes.Where(isTold).OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => KeyValuePair.Create(a.Key, (JsonNode?)JsonValue.Create(a.Value)))),
        })]);
        return Encoding.UTF8.GetString(GoJson.Write(writer => caches.WriteTo(writer)));
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
