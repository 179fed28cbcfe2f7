using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>How the files are read and written.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, MaxDepth = 32)]
[JsonSerializable(typeof(BuilderInstance))]
[JsonSerializable(typeof(CurrentBuilder))]
internal sealed partial class StoreJson : JsonSerializerContext;

/// <summary>Writes JSON byte for byte as Go does, so that a file that both programs save stays the same.</summary>
internal static class InstanceJson
{
    /// <summary>Writes a value.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="type">How it is written.</param>
    /// <returns>The file's bytes: one line without an end.</returns>
    public static byte[] Write<T>(T value, JsonTypeInfo<T> type) => GoJson.Write(writer => JsonSerializer.Serialize(writer, value, type));
}
