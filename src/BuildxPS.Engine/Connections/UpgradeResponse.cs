using System.Globalization;
using System.Text;

namespace BuildxPS.Engine.Connections;

/// <summary>The head of an answer to an upgrade, and the bytes that came behind it.</summary>
internal sealed class UpgradeResponse
{
    private const int MaxHeadBytes = 64 * 1024;
    private const int MaxBodyBytes = 64 * 1024;

    private UpgradeResponse(int status, long? contentLength, bool isChunked, ReadOnlyMemory<byte> rest)
    {
        Status = status;
        ContentLength = contentLength;
        IsChunked = isChunked;
        Rest = rest;
    }

    /// <summary>The status code.</summary>
    public int Status { get; }

    /// <summary>Bytes that were read behind the head. They belong to the tunnel, or to the body of a refusal.</summary>
    public ReadOnlyMemory<byte> Rest { get; }

    /// <summary>The length that was stated for the body; null for none.</summary>
    public long? ContentLength { get; }

    /// <summary>Whether the body comes in chunks.</summary>
    public bool IsChunked { get; }

    /// <summary>Reads an answer's head, and not a byte more than one read brings.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="InvalidDataException">It is not HTTP, or its head has no end.</exception>
    /// <exception cref="EndOfStreamException">The connection was closed within the head.</exception>
    public static async Task<UpgradeResponse> ReadAsync(Stream connection, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        var count = 0;
        while (true)
        {
            var read = await connection.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new EndOfStreamException(count == 0 ? "it was closed without an answer." : "it was closed in the middle of the answer.");
            }

            var searched = Math.Max(0, count - 3);
            count += read;
            CheckStart(buffer.AsSpan(0, count));
            var end = buffer.AsSpan(searched, count - searched).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                end += searched;
                return Parse(Encoding.Latin1.GetString(buffer, 0, end), buffer.AsMemory(end + 4, count - end - 4));
            }

            if (count >= MaxHeadBytes)
            {
                throw new InvalidDataException("the head of its answer is longer than 64 KiB");
            }

            if (count == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, MaxHeadBytes));
            }
        }
    }

    /// <summary>Reads what a refusal says: the daemon's own message, or the start of the body.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One line without control characters; empty where the body is.</returns>
    public async Task<string> ReadMessageAsync(Stream connection, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        body.Write(Rest.Span);
        var limit = Math.Min(ContentLength ?? MaxBodyBytes, MaxBodyBytes);
        var buffer = new byte[4096];
        while (body.Length < limit && !(ContentLength is null && EndsChunks(body)))
        {
            var read = await connection.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            body.Write(buffer, 0, read);
        }

        return DockerRefusal.MessageOf(Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)Math.Min(body.Length, MaxBodyBytes)));
    }

    private static bool EndsChunks(MemoryStream body)
        => body.GetBuffer().AsSpan(0, (int)body.Length).EndsWith("\r\n0\r\n\r\n"u8);

    private static void CheckStart(ReadOnlySpan<byte> head)
    {
        var expected = "HTTP/1."u8;
        if (!head.StartsWith(expected[..Math.Min(expected.Length, head.Length)]))
        {
            throw new InvalidDataException("its answer does not begin with HTTP/1.");
        }
    }

    private static UpgradeResponse Parse(string head, ReadOnlyMemory<byte> rest)
    {
        var lines = head.Split("\r\n");
        var parts = lines[0].Split(' ', 3);
        if (parts.Length < 2 || parts[1].Length != 3 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            throw new InvalidDataException($"its status line is '{DisplayText.Line(lines[0])}'");
        }

        long? length = null;
        var isChunked = false;
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line.AsSpan(0, colon).Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                && long.TryParse(line.AsSpan(colon + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                length = value;
            }

            isChunked |= line.StartsWith("Transfer-Encoding:", StringComparison.OrdinalIgnoreCase) && line.AsSpan().TrimEnd().EndsWith("chunked", StringComparison.OrdinalIgnoreCase);
        }

        return new UpgradeResponse(status, length, isChunked, rest);
    }
}
