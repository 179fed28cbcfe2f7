using System.Globalization;
using System.Net;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// A blob's bytes as they come from a registry. No single read waits longer than a bound, and where a connection breaks
/// it is made again for the rest. A mirror is asked for the beginning only: once one failed, the registry has the word.
/// </summary>
/// <param name="pipeline">Sends requests.</param>
/// <param name="options">How often and how long.</param>
/// <param name="request">Asks for the blob.</param>
/// <param name="size">Bytes that it should have.</param>
/// <param name="offset">Where in it the stream begins.</param>
internal sealed class BlobDownload(RegistryPipeline pipeline, RegistryClientOptions options, RegistryRequest request, long size, long offset) : SequentialStream
{
    private RegistryRequest _request = request;
    private HttpResponseMessage? _response;
    private IDisposable? _turn;
    private Stream? _body;
    private RetryableException? _broken;
    private bool _isDisposed;
    private long _position = offset;
    private long _furthest = offset;
    private int _retries;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <summary>Asks for what comes next. Where the connection breaks at once, the next read asks again, and counts it.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The failures of registries.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ConnectAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or RetryableException)
        {
            var failure = Translate(error);
            Release();
            _broken = failure as RetryableException ?? throw failure;
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
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                var count = _body is null ? throw _broken ?? (Exception)new HttpIOException(HttpRequestError.ResponseEnded) : await ReadBodyAsync(buffer, cancellationToken).ConfigureAwait(false);
                _position += count;
                if (count == 0 && buffer.Length > 0)
                {
                    // The next one need not wait until this is disposed.
                    Release();
                    _body = Null;
                }

                return count;
            }
            catch (Exception error) when (error is HttpRequestException or IOException or RetryableException)
            {
                var failure = Translate(error);
                broken = failure as RetryableException ?? throw failure;
            }

            await ReopenAsync(broken, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _isDisposed = true;
            Release();
        }

        base.Dispose(disposing);
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_position > 0 && _position >= size)
        {
            // No registry has an answer for what lies behind the end.
            _body = Null;
            return;
        }

        var asked = _request with { Offset = _position, Mirrors = [.. _request.Mirrors.Select(m => m with { Offset = _position })] };
        (_response, _turn) = await pipeline.OpenAsync(asked, cancellationToken).ConfigureAwait(false);
        _body = await _response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        if (_position > 0)
        {
            await SkipAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ReopenAsync(RetryableException broken, CancellationToken cancellationToken)
    {
        Release();
        _request = _request with { Mirrors = [] };
        if (_position - _furthest >= options.Limits.MinChunkBytes)
        {
            // It gets on: what is counted are failures in a row.
            (_furthest, _retries) = (_position, 0);
        }

        await RegistryRetry.WaitAsync(options, broken, ++_retries, cancellationToken).ConfigureAwait(false);
        await OpenAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Passes over what is there already, where a registry gives the whole blob again.</summary>
    private async Task SkipAsync(CancellationToken cancellationToken)
    {
        if (_response!.StatusCode == HttpStatusCode.PartialContent)
        {
            var from = _response.Content.Headers.ContentRange?.From;
            if (from != _position)
            {
                var failure = new BuildxException(
                    BuildxFailure.RegistryError,
                    string.Create(CultureInfo.InvariantCulture, $"The registry {_request.Host.Name} was asked for a blob of '{_request.Subject}' from byte {_position} on, and gave it from {from} on."),
                    "Ask who runs the registry.");
                throw _request.Mirrors.Count > 0 ? new RetryableException(failure) : failure;
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
            throw new RetryableException((BuildxException)Translate(new TimeoutException($"Nothing came for {idle.TotalSeconds:0} seconds.")));
        }
    }

    private Exception Translate(Exception error)
        => error is RetryableException ? error : RegistryFailures.FromException(_request.Host.Name, _response?.RequestMessage?.RequestUri ?? _request.Address(Uri.UriSchemeHttps), error);

    private void Release()
    {
        _response?.Dispose();
        _turn?.Dispose();
        (_response, _turn, _body) = (null, null, null);
    }
}
