using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace BuildxPS.Engine.Configuration;

/// <summary>Reads docker's JSON files, with a bound on their size and errors that name the file and the place.</summary>
internal static class JsonFile
{
    private const int MaxBytes = 4 << 20;

    /// <summary>Reads a file.</summary>
    /// <typeparam name="T">What it holds.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="type">How it is read.</param>
    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>.</exception>
    public static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        if (ReadBytes(path) is not { } content)
        {
            return null;
        }

        try
        {
            // An editor on Windows may have put a byte order mark before it.
            ReadOnlySpan<byte> bytes = content;
            bytes = bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
            return JsonSerializer.Deserialize(bytes, type) ?? throw Invalid(path, "it holds null instead of an object", null);
        }
        catch (JsonException e)
        {
            throw Invalid(path, $"{Place(e)} is not valid JSON, or not of the type that docker writes there", e);
        }
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>.</exception>
    public static byte[]? ReadBytes(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return ReadBounded(file, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Invalid(path, $"it cannot be read: {e.Message}", e);
        }
    }

    /// <summary>A failure that names the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="reason">What is wrong, without a full stop.</param>
    /// <param name="inner">What caused it.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Invalid(string path, string reason, Exception? inner) => new(
        BuildxFailure.ConfigurationInvalid,
        $"The docker configuration file {path} cannot be used: {reason}.",
        "Correct the file or move it away; the variable DOCKER_CONFIG names another folder for docker's configuration.",
        inner);

    private static string Place(JsonException e)
        => e.LineNumber is { } line && e.BytePositionInLine is { } column
            ? FormattableString.Invariant($"line {line + 1}, byte {column + 1}")
            : "a part of it";

    private static byte[] ReadBounded(FileStream file, string path)
    {
        // A device or a pipe tells no true length, so what is read is counted.
        using var content = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = file.Read(buffer)) > 0)
        {
            content.Write(buffer, 0, read);
            if (content.Length > MaxBytes)
            {
                throw Invalid(path, "it is larger than 4 MiB", null);
            }
        }

        return content.ToArray();
    }
}
