using System.Text.Json.Nodes;
using Names = System.Collections.Generic.IReadOnlyDictionary<string, string>;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>
/// Names of steps in provenance by what the steps do. An engine numbers steps in the order of their digests, which the
/// random id of a session goes into: two builds that do the same may number theirs differently.
/// </summary>
internal static class BuildStepNames
{
    /// <summary>Where the steps of the build itself stand; a source that is told of has steps of its own.</summary>
    private const string Build = "buildConfig";
    private const string Steps = "llbDefinition";

    /// <returns>The same statement with each step's number by what it does, and its properties in order.</returns>
    public static JsonNode Settle(JsonNode statement)
        => Settle(statement, FindBuild(statement) is { } steps ? NamesOf(steps) : new Dictionary<string, string>(), Build)!;

    private static JsonNode? Settle(JsonNode? node, Names names, string place) => node switch
    {
        JsonObject json when place != Build && json[Steps] is JsonArray own => SettleProperties(json, NamesOf(own)),
        JsonObject json => SettleProperties(json, names),
        JsonArray steps when place == Steps => new JsonArray([.. steps.Select(s => Settle(s, names, "")).OrderBy(s => (string?)s!["id"], StringComparer.Ordinal)]),
        JsonArray list => new JsonArray([.. list.Select(e => Settle(e, names, ""))]),
        JsonValue value when value.TryGetValue<string>(out var text) => Rename(text, names),
        _ => node?.DeepClone(),
    };

    private static JsonObject SettleProperties(JsonObject json, Names names) => new(json
        .Select(p => KeyValuePair.Create(Rename(p.Key, names), Settle(p.Value, names, p.Key)))
        .OrderBy(p => p.Key, StringComparer.Ordinal));

    /// <summary>A step's name, alone or with the number of one of its results.</summary>
    private static string Rename(string text, Names names)
        => text.Split(':', 2) is [var id, .. var rest] && names.TryGetValue(id, out var name) ? string.Join(':', [name, .. rest]) : text;

    private static JsonArray? FindBuild(JsonNode? node) => node switch
    {
        JsonObject json when json[Build]?[Steps] is JsonArray steps => steps,
        JsonObject json => json.Select(p => FindBuild(p.Value)).FirstOrDefault(f => f is not null),
        _ => null,
    };

    private static Dictionary<string, string> NamesOf(JsonArray list)
    {
        var steps = list.OfType<JsonObject>().ToDictionary(s => (string)s["id"]!);
        var meanings = new Dictionary<string, string>();
        return steps.Keys.OrderBy(id => Meaning(id, steps, meanings), StringComparer.Ordinal).Select((id, place) => (id, place)).ToDictionary(s => s.id, s => $"settled{s.place:d3}");
    }

    private static string Meaning(string id, Dictionary<string, JsonObject> steps, Dictionary<string, string> known)
    {
        if (known.TryGetValue(id, out var meaning))
        {
            return meaning;
        }

        var inputs = (steps[id]["inputs"] as JsonArray ?? []).Select(i => ((string)i!).Split(':')).Select(i => $"{Meaning(i[0], steps, known)}:{i[1]}");
        return known[id] = $"({steps[id]["op"]?.ToJsonString()} {string.Join(' ', inputs)})";
    }
}
