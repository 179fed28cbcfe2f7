using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>How the files are read and written.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, MaxDepth = 32)]
[JsonSerializable(typeof(BuilderInstance))]
[JsonSerializable(typeof(CurrentBuilder))]
internal sealed partial class StoreJson : JsonSerializerContext;

/// <summary>Writes JSON byte for byte as Go does, so that a file that both programs save stays the same.</summary>
internal static class InstanceJson
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly SearchValues<byte> s_escaped = SearchValues.Create("&<>"u8);

    /// <summary>Writes a value.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="type">How it is written.</param>
    /// <returns>The file's bytes: one line without an end.</returns>
    public static byte[] Write<T>(T value, JsonTypeInfo<T> type)
    {
        var plain = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(plain, s_options))
        {
            JsonSerializer.Serialize(writer, value, type);
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
