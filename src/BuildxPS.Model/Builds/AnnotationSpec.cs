using System.Text.RegularExpressions;

namespace BuildxPS;

/// <summary>
/// One annotation of an image: docker's <c>--annotation</c>. See the image specification of OCI for what annotations are, and
/// for the keys that it defines (<c>org.opencontainers.image.…</c>).
/// </summary>
public sealed partial record AnnotationSpec
{
    private const string Forms = "Write an annotation as 'key=value', with what it belongs to before it where that matters ('index:key=value', 'manifest[linux/amd64]:key=value'), or as a hashtable (@{ 'key' = 'value' }).";

    /// <summary>What carries it.</summary>
    public AnnotationLevel Level { get; init; }

    /// <summary>The platform whose manifest, or whose descriptor, carries it; null for all.</summary>
    public Platform? Platform { get; init; }

    /// <summary>The key, for example <c>org.opencontainers.image.title</c>.</summary>
    public required string Key { get; init; }

    /// <summary>The value; it may be empty.</summary>
    public required string Value { get; init; }

    /// <summary>Reads docker's text form of one annotation.</summary>
    /// <param name="text">For example <c>index:org.opencontainers.image.title=App</c>.</param>
    /// <returns>The annotation.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AnnotationInvalid"/>, naming the part.</exception>
    public static AnnotationSpec Parse(string text)
        => ParseAll(text) is [var only] ? only : throw Invalid($"'{text}' names several levels where one is expected");

    /// <summary>Reads docker's text form, which may name several levels: <c>index,manifest:key=value</c>.</summary>
    /// <param name="text">The text.</param>
    /// <returns>One annotation for each level.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AnnotationInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<AnnotationSpec> ParseAll(string text)
    {
        var equals = text?.IndexOf('=', StringComparison.Ordinal) ?? -1;
        return equals < 0
            ? throw Invalid($"'{text}' is not an annotation: it has no '='")
            : From(text![..equals], text[(equals + 1)..]);
    }

    /// <summary>Makes annotations of a key, which may name levels before a colon, and a value.</summary>
    /// <param name="key">For example <c>manifest[linux/arm64],index:org.opencontainers.image.title</c>.</param>
    /// <param name="value">The value.</param>
    /// <returns>One annotation for each level.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AnnotationInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<AnnotationSpec> From(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        var name = key[(colon + 1)..];
        if (name.Length == 0 || name.Any(char.IsWhiteSpace))
        {
            throw Invalid($"'{key}={value}' is not an annotation: its key is {(name.Length == 0 ? "empty" : "not one word")}");
        }

        return colon < 0
            ? [new AnnotationSpec { Key = name, Value = value }]
            : [.. key[..colon].Split(',').Select(level => At(level, name, value))];
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Carrier}{Key}={Value}";

    private string Carrier => Level == AnnotationLevel.Default ? "" : $"{NameOf(Level)}{(Platform is null ? "" : $"[{Platform}]")}:";

    /// <summary>A level as docker and engines spell it.</summary>
    /// <param name="level">The level; not the default one.</param>
    /// <returns>For example <c>manifest-descriptor</c>.</returns>
    internal static string NameOf(AnnotationLevel level) => level switch
    {
        AnnotationLevel.Manifest => "manifest",
        AnnotationLevel.ManifestDescriptor => "manifest-descriptor",
        AnnotationLevel.Index => "index",
        AnnotationLevel.IndexDescriptor => "index-descriptor",
        _ => "",
    };

    private static AnnotationSpec At(string text, string key, string value)
    {
        if (LevelPattern().Match(text) is not { Success: true } match)
        {
            throw Invalid($"'{text}' of the annotation '{key}' is no level with an optional platform in square brackets");
        }

        var level = match.Groups[1].Value switch
        {
            "manifest" => AnnotationLevel.Manifest,
            "manifest-descriptor" => AnnotationLevel.ManifestDescriptor,
            "index" => AnnotationLevel.Index,
            "index-descriptor" => AnnotationLevel.IndexDescriptor,
            var other => throw Invalid($"'{other}' of the annotation '{key}' is not a level: there are manifest, manifest-descriptor, index and index-descriptor"),
        };
        if (!match.Groups[2].Success)
        {
            return new AnnotationSpec { Level = level, Key = key, Value = value };
        }

        if (level is AnnotationLevel.Index or AnnotationLevel.IndexDescriptor)
        {
            throw Invalid($"'{text}' of the annotation '{key}' names a platform, and an index is of all platforms");
        }

        return Platform.TryParse(match.Groups[2].Value, out var platform, out var problem)
            ? new AnnotationSpec { Level = level, Platform = platform, Key = key, Value = value }
            : throw Invalid($"'{text}' of the annotation '{key}' names no platform: {problem?.TrimEnd('.')}");
    }

    private static BuildxException Invalid(string problem) => new(BuildxFailure.AnnotationInvalid, problem + ".", Forms);

    [GeneratedRegex(@"^([a-z-]+)(?:\[([A-Za-z0-9_/-]+)\])?$")]
    private static partial Regex LevelPattern();
}

/// <summary>What carries an annotation.</summary>
public enum AnnotationLevel
{
    /// <summary>What engines choose where nothing is said: the manifests.</summary>
    Default,

    /// <summary>The manifest of an image.</summary>
    Manifest,

    /// <summary>The descriptor of a manifest in its index.</summary>
    ManifestDescriptor,

    /// <summary>The index.</summary>
    Index,

    /// <summary>The descriptor of the index, in an OCI layout.</summary>
    IndexDescriptor,
}
