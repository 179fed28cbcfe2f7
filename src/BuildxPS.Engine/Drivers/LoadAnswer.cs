using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Drivers;

/// <summary>What a daemon answered to an archive.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="IsWhole">Whether the answer has its end.</param>
/// <param name="Body">The body.</param>
internal sealed record LoadAnswer(int Status, bool IsWhole, string Body)
{
    /// <summary>More than any daemon has to say, one line an image.</summary>
    private const int MaxBytes = 1 << 20;

    /// <summary>The daemon's message where it refused.</summary>
    public string Message => DockerRefusal.MessageOf(Body);

    /// <summary>What went wrong after the daemon had begun to answer; null for nothing.</summary>
    public string? Error => Body.Split('\n').Select(FindError).FirstOrDefault(e => e is not null);

    /// <summary>Reads the answer of a connection that is closed behind it.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="InvalidDataException">It is no answer of a daemon.</exception>
    public static async Task<LoadAnswer> ReadAsync(Stream connection, CancellationToken cancellationToken)
    {
        var head = await UpgradeResponse.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        using var body = new MemoryStream();
        body.Write(head.Rest.Span);
        var buffer = new byte[4096];
        while (await connection.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MaxBytes)
            {
                throw new InvalidDataException("its answer is longer than 1 MiB");
            }
        }

        var bytes = body.ToArray();
        return head.IsChunked
            ? FromChunks(head.Status, bytes)
            : new LoadAnswer(head.Status, head.ContentLength is not { } length || bytes.Length >= length, Encoding.UTF8.GetString(bytes));
    }

    private static LoadAnswer FromChunks(int status, ReadOnlySpan<byte> bytes)
    {
        var text = new MemoryStream();
        while (bytes.IndexOf("\r\n"u8) is > 0 and var end && Utf8Parser.TryParse(bytes, out int length, out _, 'x'))
        {
            if (length == 0)
            {
                return new LoadAnswer(status, true, Text(text));
            }

            var data = bytes[(end + 2)..];
            if (length < 0 || length > data.Length - 2)
            {
                break;
            }

            text.Write(data[..length]);
            bytes = data[(length + 2)..];
        }

        return new LoadAnswer(status, false, Text(text));
    }

    private static string Text(MemoryStream text) => Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);

    private static string? FindError(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
                ? DisplayText.Line(error.GetString()!)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
