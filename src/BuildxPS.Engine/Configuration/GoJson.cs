using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BuildxPS.Engine.Configuration;

/// <summary>Writes JSON byte for byte as Go does, so that what both programs write stays the same.</summary>
internal static class GoJson
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly SearchValues<byte> s_escaped = SearchValues.Create("&<>"u8);

    /// <summary>Writes a value.</summary>
    /// <param name="write">Writes it.</param>
    /// <param name="isIndented">Whether people are to read it, by two spaces a level.</param>
    /// <returns>One line, or several, without an end.</returns>
    public static byte[] Write(Action<Utf8JsonWriter> write, bool isIndented = false)
    {
        var plain = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(plain, s_options with { Indented = isIndented, NewLine = "\n" }))
        {
            write(writer);
        }

        // Go makes text fit for HTML. These three stand nowhere in JSON but in texts.
        var result = new ArrayBufferWriter<byte>(plain.WrittenCount + 64);
        var rest = plain.WrittenSpan;
        int next;
        while ((next = rest.IndexOfAny(s_escaped)) >= 0)
        {
            result.Write(rest[..next]);
            result.Write(rest[next] switch { (byte)'&' => "\\u0026"u8, (byte)'<' => "\\u003c"u8, _ => "\\u003e"u8 });
            rest = rest[(next + 1)..];
        }

        result.Write(rest);
        return result.WrittenSpan.ToArray();
    }
}
