using BuildxPS.Engine.Protocol.Policy;
using Google.Protobuf;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>A source policy as it stands in a file: JSON, or else BuildKit's own binary form.</summary>
internal static class SourcePolicyFile
{
    private static readonly JsonParser s_json = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    /// <summary>Checks that a file is a policy.</summary>
    /// <param name="file">Its bytes.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static void Check(ReadOnlyMemory<byte> file) => _ = Parse(file);

    /// <summary>Reads a policy.</summary>
    /// <param name="file">Its bytes.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static Policy Parse(ReadOnlyMemory<byte> file)
    {
        try
        {
            return file.Span.TrimStart(" \t\r\n"u8) is [(byte)'{', ..]
                ? s_json.Parse<Policy>(System.Text.Encoding.UTF8.GetString(file.Span))
                : Policy.Parser.ParseFrom(file.Span);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new InvalidDataException("it is no source policy: " + e.Message, e);
        }
    }
}
