using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Configuration;

/// <summary>
/// Changes single members of a JSON text. Every other byte stays as it is, so that a file keeps what people and other
/// programs wrote in it, and how.
/// </summary>
internal static class JsonText
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 64 };
    private static readonly JsonSerializerOptions s_strings = new() { Encoder = GoJsonEncoder.Instance };

    /// <summary>Sets a member, and makes the objects that lead to it where they are missing.</summary>
    /// <param name="json">The text, an object.</param>
    /// <param name="path">The member's name, after those of the objects that it is in.</param>
    /// <param name="value">Its value: a text, or an object of such.</param>
    /// <returns>The new text.</returns>
    /// <exception cref="JsonException">The text is not JSON, or has a member of the path twice, or in the place of an object something else.</exception>
    public static byte[] Set(byte[] json, ReadOnlySpan<string> path, JsonNode value)
    {
        var style = Style.Of(json);
        var depth = 1;
        var current = Read(json, 0);
        while (path.Length > 1 && current.Find(path[0], depth) is { } inner && json[inner.ValueStart] == '{')
        {
            current = Read(json, inner.ValueStart);
            path = path[1..];
            depth++;
        }

        for (var i = path.Length - 1; i > 0; i--)
        {
            value = new JsonObject { [path[i]] = value };
        }

        var text = Render(value, style, depth);
        if (current.Find(path[0], depth) is { } member)
        {
            return Splice(json, member.ValueStart, member.ValueEnd, text);
        }

        var added = $"{Text(path[0])}{style.Colon}{text}";
        return current.Members is [.., var last]
            ? Splice(json, last.ValueEnd, last.ValueEnd, "," + Encoding.UTF8.GetString(json, current.Start + 1, current.Members[0].NameStart - current.Start - 1) + added)
            : Splice(json, current.Start + 1, current.End, style.Line(depth) + added + style.Line(depth - 1));
    }

    /// <summary>Removes a member.</summary>
    /// <param name="json">The text, an object.</param>
    /// <param name="path">The member's name, after those of the objects that it is in.</param>
    /// <returns>The new text; the same where there is no such member.</returns>
    /// <exception cref="JsonException">As <see cref="Set"/>.</exception>
    public static byte[] Remove(byte[] json, params ReadOnlySpan<string> path)
    {
        var current = Read(json, 0);
        for (var depth = 1; ; depth++)
        {
            if (current.Find(path[depth - 1], depth) is not { } member)
            {
                return json;
            }

            if (depth < path.Length)
            {
                if (json[member.ValueStart] != '{')
                {
                    return json;
                }

                current = Read(json, member.ValueStart);
                continue;
            }

            var at = current.Members.IndexOf(member);
            return current.Members.Count == 1 ? Splice(json, current.Start + 1, current.End, "")
                : at == current.Members.Count - 1 ? Splice(json, current.Members[at - 1].ValueEnd, member.ValueEnd, "")
                : Splice(json, member.NameStart, current.Members[at + 1].NameStart, "");
        }
    }

    private static Object Read(byte[] json, int start)
    {
        var reader = new Utf8JsonReader(json.AsSpan(start), s_options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("It is not an object.");
        }

        var members = new List<Member>();
        var first = start + (int)reader.TokenStartIndex;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (name, nameStart) = (reader.GetString()!, start + (int)reader.TokenStartIndex);
            reader.Read();
            var valueStart = start + (int)reader.TokenStartIndex;
            reader.Skip();
            members.Add(new Member(name, nameStart, valueStart, start + (int)reader.BytesConsumed));
        }

        return new Object(first, start + (int)reader.TokenStartIndex, members);
    }

    private static string Render(JsonNode? value, Style style, int depth)
        => value is not JsonObject members ? Text(value?.GetValue<string>() ?? "")
            : members.Count == 0 ? "{}"
            : "{" + string.Join(',', members.Select(m => $"{style.Line(depth + 1)}{Text(m.Key)}{style.Colon}{Render(m.Value, style, depth + 1)}")) + style.Line(depth) + "}";

    private static string Text(string value) => JsonSerializer.Serialize(value, s_strings);

    private static byte[] Splice(byte[] json, int start, int end, string text)
        => [.. json.AsSpan(0, start), .. Encoding.UTF8.GetBytes(text), .. json.AsSpan(end)];

    private sealed record Member(string Name, int NameStart, int ValueStart, int ValueEnd);

    private sealed record Object(int Start, int End, List<Member> Members)
    {
        // Programs written in Go take the names of settings in any case; in an object of hosts each name is its own.
        public Member? Find(string name, int depth)
        {
            var found = Members.Where(m => m.Name.Equals(name, depth == 1 ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal)).Take(2).ToList();
            return found.Count < 2 ? found.FirstOrDefault() : throw new JsonException($"It has '{name}' twice.");
        }
    }

    /// <summary>How the text is written: what it breaks lines and indents with, and what stands around a colon.</summary>
    private sealed record Style(string Break, string Indent, string Colon)
    {
        public static Style Of(byte[] json)
        {
            var root = Read(json, 0);
            if (root.Members.Count == 0)
            {
                return new Style("\n", "\t", ": ");
            }

            var first = root.Members[0];
            var before = Encoding.UTF8.GetString(json, root.Start + 1, first.NameStart - root.Start - 1);
            var name = json.AsSpan(first.NameStart, first.ValueStart - first.NameStart);
            var colon = Encoding.UTF8.GetString(name[NameLength(name)..]);
            var end = before.LastIndexOf('\n');
            return end < 0 ? new Style("", "", colon) : new Style(before.Contains('\r', StringComparison.Ordinal) ? "\r\n" : "\n", before[(end + 1)..], colon);
        }

        public string Line(int depth) => Break.Length == 0 ? "" : Break + string.Concat(Enumerable.Repeat(Indent, depth));

        private static int NameLength(ReadOnlySpan<byte> name)
        {
            for (var i = 1; ; i++)
            {
                if (name[i] == '\\')
                {
                    i++;
                }
                else if (name[i] == '"')
                {
                    return i + 1;
                }
            }
        }
    }
}
