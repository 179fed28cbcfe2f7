using System.Globalization;
using System.Text.Json;

namespace BuildxPS.Engine.Images.Manifests;

/// <summary>
/// Reads JSON whose bytes are signed by a digest. Every reader of such bytes must see the same thing in them, so what
/// readers disagree on (a key twice, or in another case, which Go's reader takes for the same) is refused.
/// </summary>
internal readonly struct StrictJson
{
    private const int MaxDepth = 32;

    private static readonly JsonDocumentOptions s_options = new()
    {
        AllowDuplicateProperties = false,
        AllowTrailingCommas = false,
        CommentHandling = JsonCommentHandling.Disallow,
    };

    private readonly JsonElement _element;
    private readonly string _subject;
    private readonly string _path;

    private StrictJson(JsonElement element, string subject, string path)
    {
        (_element, _subject, _path) = (element, subject, path);
    }

    /// <summary>Parses an object.</summary>
    /// <param name="bytes">The bytes; they must stay as they are while the result is used.</param>
    /// <param name="subject">What they are, for messages: <c>the manifest of X</c>.</param>
    /// <param name="maxDepth">How deep it may be.</param>
    /// <returns>The object.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static StrictJson Parse(ReadOnlyMemory<byte> bytes, string subject, int maxDepth = MaxDepth)
    {
        try
        {
            var root = JsonDocument.Parse(bytes, s_options with { MaxDepth = maxDepth }).RootElement;
            return root.ValueKind == JsonValueKind.Object
                ? new StrictJson(root, subject, "")
                : throw Invalid(subject, "it is not a JSON object");
        }
        catch (InvalidOperationException error)
        {
            // The search for equal keys meets a key that is no text: half a surrogate pair.
            throw Invalid(subject, "a key in its JSON is not valid Unicode", error);
        }
        catch (JsonException error)
        {
            throw Invalid(subject, "its JSON is malformed: " + DisplayText.Line(error.Message), error);
        }
    }

    /// <summary>Refuses keys that differ from the given ones only in case.</summary>
    public void RefuseCaseTwins(params ReadOnlySpan<string> names)
    {
        foreach (var property in _element.EnumerateObject())
        {
            foreach (var name in names)
            {
                if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && property.Name != name)
                {
                    throw Invalid($"the key '{DisplayText.Line(property.Name)}' is '{name}' in another case");
                }
            }
        }
    }

    public bool Has(string name) => _element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    public string? Text(string name)
        => Find(name, JsonValueKind.String) is { } value ? TextOf(value, name) : null;

    public string RequiredText(string name) => Text(name) is { Length: > 0 } text ? text : throw Invalid($"'{At(name)}' is missing");

    public long RequiredSize(string name)
        => Find(name, JsonValueKind.Number) is { } value && value.TryGetInt64(out var size) && size >= 0
            ? size
            : throw Invalid($"'{At(name)}' is not a size");

    public int? Int32(string name)
        => Find(name, JsonValueKind.Number) is not { } value ? null
            : value.TryGetInt32(out var number) ? number : throw Invalid($"'{At(name)}' is not a whole number");

    public bool Flag(string name)
        => _element.TryGetProperty(name, out var value) && value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False or JsonValueKind.Null => false,
            _ => throw Invalid($"'{At(name)}' is not true or false"),
        };

    public DateTimeOffset? Time(string name)
        => Text(name) is not { Length: > 0 } text ? null
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
            : throw Invalid($"'{At(name)}' is not a time");

    public StrictJson? Object(string name)
        => Find(name, JsonValueKind.Object) is { } value ? new StrictJson(value, _subject, At(name)) : null;

    public StrictJson RequiredObject(string name) => Object(name) ?? throw Invalid($"'{At(name)}' is missing");

    public IEnumerable<StrictJson> Objects(string name)
    {
        if (Find(name, JsonValueKind.Array) is not { } array)
        {
            yield break;
        }

        var index = 0;
        foreach (var item in array.EnumerateArray())
        {
            var path = $"{At(name)}[{index++}]";
            yield return item.ValueKind == JsonValueKind.Object
                ? new StrictJson(item, _subject, path)
                : throw Invalid($"'{path}' is not an object");
        }
    }

    public IReadOnlyList<string> Texts(string name)
    {
        if (Find(name, JsonValueKind.Array) is not { } array)
        {
            return [];
        }

        var texts = new List<string>(array.GetArrayLength());
        foreach (var item in array.EnumerateArray())
        {
            texts.Add(item.ValueKind == JsonValueKind.String ? TextOf(item, name) : throw Invalid($"'{At(name)}' has an item that is not a text"));
        }

        return texts;
    }

    public IReadOnlyDictionary<string, string> TextMap(string name)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Find(name, JsonValueKind.Object) is { } map)
        {
            foreach (var property in map.EnumerateObject())
            {
                texts[property.Name] = property.Value.ValueKind == JsonValueKind.String
                    ? TextOf(property.Value, name)
                    : throw Invalid($"'{At(name)}' has a value that is not a text");
            }
        }

        return texts;
    }

    /// <summary>The keys of an object whose values mean nothing: how images write sets.</summary>
    public IReadOnlyList<string> Keys(string name)
        => Find(name, JsonValueKind.Object) is { } map ? [.. map.EnumerateObject().Select(p => p.Name)] : [];

    public BuildxException Invalid(string problem) => Invalid(_subject, problem);

    private static BuildxException Invalid(string subject, string problem, Exception? inner = null) => new(
        BuildxFailure.ImageInvalid,
        $"{subject} is not valid: {problem}.",
        "Push the image again with a current tool; if that does not help, ask who runs the registry.",
        inner);

    private JsonElement? Find(string name, JsonValueKind kind)
    {
        if (!_element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == kind ? value : throw Invalid($"'{At(name)}' is a {value.ValueKind}, not a {kind}");
    }

    private string TextOf(JsonElement element, string name)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // The parser takes half a surrogate pair or bytes that are no UTF-8; making a string of it does not.
            throw Invalid($"'{At(name)}' has text that is not valid Unicode");
        }
    }

    private string At(string name) => _path.Length == 0 ? name : _path + "." + name;
}
