using System.Buffers;
using System.Text.Json;

namespace BuildxPS.Engine.Configuration;

/// <summary>Writes JSON byte for byte as Go does, so that what both programs write stays the same.</summary>
internal static class GoJson
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = GoJsonEncoder.Instance };

    /// <summary>Writes a value.</summary>
    /// <param name="write">Writes it.</param>
    /// <param name="isIndented">Whether people are to read it, by two spaces a level.</param>
    /// <returns>One line, or several, without an end.</returns>
    public static byte[] Write(Action<Utf8JsonWriter> write, bool isIndented = false)
    {
        var result = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(result, s_options with { Indented = isIndented, NewLine = "\n" }))
        {
            write(writer);
        }

        return result.WrittenSpan.ToArray();
    }
}
