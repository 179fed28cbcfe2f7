using System.Collections.Frozen;
using BuildxPS.Engine.Configuration;
using Attributes = System.Collections.Frozen.FrozenDictionary<string, BuildxPS.Engine.Builds.Caches.CacheAttribute>;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>
/// The attributes of each type of cache, as the engine reads them. Many engines take a wrong value for none, so that a
/// cache works otherwise than it was asked for: it is refused here.
/// </summary>
public static class CacheAttributes
{
    private static readonly (string, CacheAttribute)[] s_anyWritten =
    [
        ("mode", new("none of min (the result's own layers) and max (those of all steps)", "max", v => v is "min" or "max") { Words = ["min", "max"] }),
        ("ignore-error", CacheAttribute.Switch),
    ];

    // Only what is made of an image's layers can be compressed otherwise; the other types keep the layers as they are.
    private static readonly (string, CacheAttribute)[] s_layersWritten =
    [
        .. s_anyWritten,
        ("compression", CacheAttribute.OneOf("uncompressed", "estargz", "gzip", "zstd")),
        ("compression-level", CacheAttribute.Level),
        ("force-compression", new(CacheAttribute.Switch.Problem, "true", v => v.Length == 0 || GoText.Boolean(v) is not null) { Words = ["true", "false"] }),
        ("oci-mediatypes", CacheAttribute.Switch),
        ("image-manifest", CacheAttribute.Switch),
    ];

    private static readonly (string, CacheAttribute)[] s_registry = [("ref", CacheAttribute.Text), ("registry.insecure", CacheAttribute.Switch)];

    private static readonly (string, CacheAttribute)[] s_gha =
    [
        ("scope", CacheAttribute.Text),
        ("token", CacheAttribute.Text),
        ("url", CacheAttribute.Address),
        ("url_v2", CacheAttribute.Address),
        ("version", CacheAttribute.OneOf("1", "2")),
        ("timeout", CacheAttribute.Duration),
        ("ghtoken", CacheAttribute.Text),
        ("repository", CacheAttribute.Repository),
    ];

    private static readonly (string, CacheAttribute)[] s_s3 =
    [
        ("bucket", CacheAttribute.Text),
        ("region", CacheAttribute.Text),
        ("name", CacheAttribute.Names),
        ("prefix", CacheAttribute.Any),
        ("manifests_prefix", CacheAttribute.Any),
        ("blobs_prefix", CacheAttribute.Any),
        ("endpoint_url", CacheAttribute.Address),
        ("use_path_style", CacheAttribute.Switch),
        ("touch_refresh", CacheAttribute.Duration),
        ("upload_parallelism", CacheAttribute.Count),
        ("disable_accept_encoding", CacheAttribute.Switch),
        ("retry_mode", CacheAttribute.OneOf("standard", "adaptive")),
        ("retry_max_attempts", CacheAttribute.Count),
        ("access_key_id", CacheAttribute.Text),
        ("secret_access_key", CacheAttribute.Text),
        ("session_token", CacheAttribute.Any),
    ];

    private static readonly (string, CacheAttribute)[] s_azblob =
    [
        ("account_url", CacheAttribute.Address),
        ("account_name", CacheAttribute.Text),
        ("container", CacheAttribute.Text),
        ("name", CacheAttribute.Names),
        ("prefix", CacheAttribute.Any),
        ("manifests_prefix", CacheAttribute.Any),
        ("blobs_prefix", CacheAttribute.Any),
        ("secret_access_key", new("not a key of Azure's, which is base64", "bXkga2V5", v => v.Length > 0 && Convert.TryFromBase64String(v, new byte[v.Length], out _))),
    ];

    private static readonly FrozenDictionary<string, Attributes> s_read = Types(
        ("registry", s_registry),
        ("local", [("src", CacheAttribute.CheckedElsewhere), ("digest", CacheAttribute.CheckedElsewhere), ("tag", CacheAttribute.CheckedElsewhere)]),
        ("gha", s_gha),
        ("s3", s_s3),
        ("azblob", s_azblob));

    private static readonly FrozenDictionary<string, Attributes> s_written = Types(
        ("registry", [.. s_registry, .. s_layersWritten]),
        ("local", [("dest", CacheAttribute.CheckedElsewhere), ("tag", CacheAttribute.CheckedElsewhere), ("reset", CacheAttribute.Switch), .. s_layersWritten]),
        ("inline", []),
        ("gha", [.. s_gha, .. s_anyWritten]),
        ("s3", [.. s_s3, .. s_anyWritten]),
        ("azblob", [.. s_azblob, .. s_anyWritten]));

    /// <summary>The attributes that caches of a type know.</summary>
    /// <param name="type">The type, for example <c>registry</c>.</param>
    /// <param name="isWritten">Whether the cache is written to, rather than read from.</param>
    /// <returns>Names in their order, each with the words that its value can be; none for a type that is not known.</returns>
    public static IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> For(string type, bool isWritten)
        => (isWritten ? s_written : s_read).TryGetValue(type, out var known)
            ? known.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => KeyValuePair.Create(k.Key, k.Value.Words))
            : [];

    /// <summary>Checks a cache's type and attributes.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="isWritten">Whether it is written to, rather than read from.</param>
    /// <returns>What the user should be told.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CacheInvalid"/>, naming the part.</exception>
    public static IEnumerable<string> Check(CacheSpec cache, bool isWritten)
    {
        var types = isWritten ? s_written : s_read;
        if (!types.TryGetValue(cache.Type, out var known))
        {
            throw CachePlan.Invalid($"The cache '{cache.SafeText}' has the type '{cache.Type}', which is not known", $"The types are {string.Join(", ", types.Keys.Order(StringComparer.Ordinal))}.");
        }

        var unknown = new List<string>();
        foreach (var (key, value) in cache.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal))
        {
            if (!known.TryGetValue(key, out var attribute))
            {
                unknown.Add(key);
            }
            else if (!attribute.Fits(value))
            {
                throw CachePlan.Invalid(
                    $"The cache '{cache.SafeText}' has the {key} '{CacheSecrets.Show(key, value)}', which is {attribute.Problem}",
                    $"Write for example {key}={attribute.Example}.");
            }
        }

        return unknown.Select(k => $"The cache '{cache.SafeText}' has the attribute '{k}', which this module does not know {(isWritten ? "where one of that type is written" : "where one of that type is read")}. The engine gets it as it is, and may ignore it.");
    }

    private static FrozenDictionary<string, Attributes> Types(params (string Type, (string Name, CacheAttribute Attribute)[] Attributes)[] types)
        => types.ToFrozenDictionary(t => t.Type, t => t.Attributes.ToFrozenDictionary(a => a.Name, a => a.Attribute, StringComparer.Ordinal), StringComparer.Ordinal);
}
