using System.Globalization;
using System.Net;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// A blob's bytes as they come from a registry. No single read waits longer than a bound, and where a connection breaks
/// it is made again for the rest.
/// </summary>
/// <param name="pipeline">Sends requests.</param>
/// <param name="options">How often and how long.</param>
/// <param name="request">Asks for the blob.</param>
/// <param name="size">Bytes that it should have.</param>
/// <param name="offset">Where in it the stream begins.</param>
internal sealed class BlobDownload(RegistryPipeline pipeline, RegistryClientOptions options, RegistryRequest request, long size, long offset) : SequentialStream
{
    private HttpResponseMessage? _response;
    private Stream? _body;
    private long _position = offset;
    private long _furthest = offset;
    private int _retries;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <summary>Asks for what comes next.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The failures of registries.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (_position > 0 && _position >= size)
        {
            // No registry has an answer for what lies behind the end.
            _body = Null;
            return;
        }

        _response = await pipeline.OpenAsync(request with { Offset = _position }, cancellationToken).ConfigureAwait(false);
        _body = await _response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        if (_position > 0)
        {
            await SkipAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            RetryableException broken;
            try
            {
                var count = _body is null ? throw new HttpIOException(HttpRequestError.ResponseEnded) : await ReadBodyAsync(buffer, cancellationToken).ConfigureAwait(false);
                _position += count;
                return count;
            }
            catch (Exception error) when (error is HttpRequestException or IOException && Translate(error) is RetryableException retryable)
            {
                broken = retryable;
            }

            await ReopenAsync(broken, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Release();
        }

        base.Dispose(disposing);
    }

    private async Task ReopenAsync(RetryableException broken, CancellationToken cancellationToken)
    {
        Release();
        if (_position - _furthest >= options.Limits.MinChunkBytes)
        {
            // It gets on: what is counted are failures in a row.
            (_furthest, _retries) = (_position, 0);
        }

        await RegistryRetry.WaitAsync(options, broken, ++_retries, cancellationToken).ConfigureAwait(false);
        try
        {
            await OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is HttpRequestException or IOException && Translate(error) is RetryableException)
        {
            // The next read meets it again, and counts it.
            Release();
        }
    }

    /// <summary>Passes over what is there already, where a registry gives the whole blob again.</summary>
    private async Task SkipAsync(CancellationToken cancellationToken)
    {
        if (_response!.StatusCode == HttpStatusCode.PartialContent)
        {
            var from = _response.Content.Headers.ContentRange?.From;
            if (from != _position)
            {
                throw new BuildxException(
                    BuildxFailure.RegistryError,
                    string.Create(CultureInfo.InvariantCulture, $"The registry {request.Host.Name} was asked for a blob of '{request.Subject}' from byte {_position} on, and gave it from {from} on."),
                    "Ask who runs the registry.");
            }

            return;
        }

        var piece = new byte[64 * 1024];
        for (var left = _position; left > 0;)
        {
            var count = await ReadBodyAsync(piece.AsMemory(0, (int)Math.Min(piece.Length, left)), cancellationToken).ConfigureAwait(false);
            left -= count > 0 ? count : throw new HttpIOException(HttpRequestError.ResponseEnded);
        }
    }

    private async ValueTask<int> ReadBodyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var idle = options.Limits.Idle;
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(idle);
        try
        {
            return await _body!.ReadAsync(buffer, timer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Translate(new TimeoutException($"Nothing came for {idle.TotalSeconds:0} seconds."));
        }
    }

    private Exception Translate(Exception error)
        => RegistryFailures.FromException(request.Host.Name, _response?.RequestMessage?.RequestUri ?? request.Address(Uri.UriSchemeHttps), error);

    private void Release()
    {
        _response?.Dispose();
        (_response, _body) = (null, null);
    }
}
