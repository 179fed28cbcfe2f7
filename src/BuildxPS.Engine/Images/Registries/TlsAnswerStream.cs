using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Lies under TLS and looks at the first bytes that come back: a server that speaks plain http answers a TLS greeting
/// with an http error, which TLS itself reports only as a corrupted frame.
/// </summary>
internal sealed class TlsAnswerStream(Stream inner) : WrappedStream(inner)
{
    private bool _checked;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (!_checked && count > 0)
        {
            _checked = true;
            if (buffer.Span[..count].StartsWith("HTTP/"u8))
            {
                throw new PlainHttpAnsweredException();
            }
        }

        return count;
    }
}

/// <summary>A server answered a TLS greeting with plain http.</summary>
internal sealed class PlainHttpAnsweredException : IOException
{
    /// <summary>Creates the failure.</summary>
    public PlainHttpAnsweredException()
        : base("The server answered plain http.")
    {
    }
}
