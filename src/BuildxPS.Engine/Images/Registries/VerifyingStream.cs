using System.Security.Cryptography;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// A blob's bytes as they arrive, counted and hashed. The end of the stream is reported only if size and digest are
/// what was promised; no single read waits longer than a bound.
/// </summary>
internal sealed class VerifyingStream : SequentialStream
{
    private readonly HttpResponseMessage _response;
    private readonly Stream _inner;
    private readonly Descriptor _expected;
    private readonly string _subject;
    private readonly TimeSpan _idle;
    private readonly IncrementalHash _hash;
    private readonly Func<Exception, Exception> _translate;
    private long _count;
    private bool _isComplete;

    public VerifyingStream(HttpResponseMessage response, Stream inner, Descriptor expected, string subject, TimeSpan idle, Func<Exception, Exception> translate)
    {
        (_response, _inner, _expected, _subject, _idle, _translate) = (response, inner, expected, subject, idle, translate);
        _hash = Digests.Start(expected.Digest);
    }

    public override bool CanRead => true;

    public override long Length => _expected.Size;

    public override long Position { get => _count; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || _isComplete)
        {
            return 0;
        }

        var read = await ReadInnerAsync(buffer, cancellationToken).ConfigureAwait(false);
        _count += read;
        if (_count > _expected.Size || (read == 0 && _count < _expected.Size))
        {
            throw Mismatch($"it has {(read == 0 ? "only " : "more than ")}{(read == 0 ? _count : _expected.Size)} bytes and not {_expected.Size}");
        }

        _hash.AppendData(buffer.Span[..read]);
        if (read == 0)
        {
            _isComplete = true;
            if (!Digests.Matches(_expected.Digest, _hash.GetHashAndReset()))
            {
                throw Mismatch($"its bytes have another digest than {_expected.Digest}");
            }
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
            _response.Dispose();
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadInnerAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(_idle);
        try
        {
            return await _inner.ReadAsync(buffer, timer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw _translate(new TimeoutException($"Nothing came for {_idle.TotalSeconds:0} seconds."));
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw _translate(error);
        }
    }

    private BuildxException Mismatch(string problem) => new(
        BuildxFailure.DigestMismatch,
        $"A blob of '{_subject}' is not what the manifest promises: {problem}.",
        "Try again. If it stays, the registry or a proxy in between gives out damaged or forged content: do not use it.");
}
