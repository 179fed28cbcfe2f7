using System.Text.Json;

namespace BuildxPS;

/// <summary>Makes plain objects of JSON, whose parts a script reaches with a dot.</summary>
internal static class JsonObjects
{
    /// <summary>Deeper than anybody writes; within what a stack takes.</summary>
    public const int MaxDepth = 128;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MaxDepth };

    /// <summary>Reads one member of a JSON object.</summary>
    /// <param name="bytes">The object; valid JSON.</param>
    /// <param name="name">The member.</param>
    /// <returns>Its value; null where there is none.</returns>
    public static object? Read(ReadOnlyMemory<byte> bytes, string name)
    {
        using var document = JsonDocument.Parse(bytes, s_options);
        return document.RootElement.TryGetProperty(name, out var value) ? From(value) : null;
    }

    private static object? From(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => FromObject(element),
        JsonValueKind.Array => element.EnumerateArray().Select(From).ToArray(),
        JsonValueKind.String => TextOf(element),
        JsonValueKind.Number => element.TryGetInt64(out var whole) ? whole : element.TryGetDecimal(out var exact) ? exact : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static string? TextOf(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: as it stands in the file.
            return element.GetRawText();
        }
    }

    private static OrderedDictionary<string, object?> FromObject(JsonElement element)
    {
        var names = element.EnumerateObject().Select(p => p.Name).ToList();
        var comparer = names.Distinct(StringComparer.OrdinalIgnoreCase).Count() == names.Count ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var members = new OrderedDictionary<string, object?>(names.Count, comparer);
        foreach (var member in element.EnumerateObject())
        {
            members[member.Name] = From(member.Value);
        }

        return members;
    }
}
