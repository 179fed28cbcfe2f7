using System.Security.Cryptography;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// A blob's bytes as they arrive, counted and hashed. The end of the stream is reported only if size and digest are what
/// was promised.
/// </summary>
internal sealed class VerifyingStream : SequentialStream
{
    private readonly Stream _inner;
    private readonly Descriptor _expected;
    private readonly string _subject;
    private readonly Func<bool>? _distrust;
    private readonly IncrementalHash _hash;
    private long _count;
    private bool _isComplete;

    /// <summary>Checks a stream.</summary>
    /// <param name="inner">The bytes; disposed with this.</param>
    /// <param name="expected">What they should be.</param>
    /// <param name="subject">What they belong to, for messages.</param>
    /// <param name="distrust">Told that they are not; whether they can be had elsewhere, so that it helps to open them again.</param>
    public VerifyingStream(Stream inner, Descriptor expected, string subject, Func<bool>? distrust = null)
    {
        (_inner, _expected, _subject, _distrust) = (inner, expected, subject, distrust);
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

        var read = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
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
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private BuildxException Mismatch(string problem) => new(
        BuildxFailure.DigestMismatch,
        $"A blob of '{_subject}' is not what the manifest promises: {problem}.",
        "Try again. If it stays, the registry or a proxy in between gives out damaged or forged content: do not use it.")
    { IsTransient = _distrust?.Invoke() == true };
}
