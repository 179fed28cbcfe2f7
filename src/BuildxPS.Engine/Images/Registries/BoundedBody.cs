namespace BuildxPS.Engine.Images.Registries;

/// <summary>Reads bodies into memory, up to a size and a time.</summary>
internal static class BoundedBody
{
    /// <summary>Reads a body whole.</summary>
    /// <param name="content">The body.</param>
    /// <param name="limit">Most bytes.</param>
    /// <param name="timeout">Longest time.</param>
    /// <param name="tooLarge">Makes the failure for a larger body.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public static async Task<byte[]> ReadAsync(
        HttpContent content, int limit, TimeSpan timeout, Func<Exception> tooLarge, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > limit)
        {
            throw tooLarge();
        }

        var bytes = await ReadUpToAsync(content, limit + 1, timeout, cancellationToken).ConfigureAwait(false);
        return bytes.Length > limit ? throw tooLarge() : bytes;
    }

    /// <summary>Reads the first bytes of a body.</summary>
    /// <param name="content">The body.</param>
    /// <param name="limit">Most bytes; what comes after is left unread.</param>
    /// <param name="timeout">Longest time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public static async Task<byte[]> ReadUpToAsync(HttpContent content, int limit, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(timeout);
        try
        {
            using var stream = await content.ReadAsStreamAsync(timer.Token).ConfigureAwait(false);
            var buffer = new byte[Math.Min(limit, (int)Math.Clamp(content.Headers.ContentLength ?? 4096, 256, int.MaxValue - 64) + 1)];
            var count = 0;
            while (true)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(count), timer.Token).ConfigureAwait(false);
                count += read;
                if (read == 0 || count == limit)
                {
                    return buffer[..count];
                }

                if (count == buffer.Length)
                {
                    Array.Resize(ref buffer, (int)Math.Min(limit, buffer.Length * 2L));
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The body was not complete after {timeout.TotalSeconds:0} seconds.");
        }
    }
}
