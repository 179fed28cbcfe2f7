using System.Buffers;
using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>
/// One blob's file, hashed while it is read. Engines read in pieces and mostly in order; whatever they skip is hashed before
/// they get what comes after it. The piece that ends the blob is given out only if the whole has the right digest.
/// </summary>
internal sealed class VerifiedBlob : IDisposable
{
    private const int PieceLength = 256 * 1024;

    private readonly ContentDigest _digest;
    private readonly string _path;
    private readonly long _size;
    private readonly bool _isWholeFirst;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly IncrementalHash _hash;
    private long _hashed;
    private bool _isVerified;
    private BuildxException? _failure;

    /// <summary>Takes a blob; nothing is opened.</summary>
    /// <param name="digest">What it must hash to.</param>
    /// <param name="path">Its file.</param>
    /// <param name="size">Its size when it was looked up.</param>
    /// <param name="isWholeFirst">Whether all of it is hashed before the first byte is given out.</param>
    public VerifiedBlob(ContentDigest digest, string path, long size, bool isWholeFirst)
    {
        (_digest, _path, _size, _isWholeFirst) = (digest, path, size, isWholeFirst);
        _hash = digest.StartHash();
    }

    /// <summary>Reads a piece.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <param name="buffer">Takes it; it lies within the blob.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that ends when the buffer is full.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DigestMismatch"/>, now and from now on.</exception>
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_failure is not null)
            {
                throw _failure;
            }

            using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            HashUpTo(file, _isWholeFirst ? _size : offset, cancellationToken);
            ReadExactly(file, buffer.Span, offset);
            if (!_isVerified && offset + buffer.Length >= _hashed)
            {
                Hash(buffer.Span[(int)(_hashed - offset)..]);
            }
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.DigestMismatch)
        {
            _failure = e;
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ContentFailures.Unreadable(_path, e);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hash.Dispose();
        _gate.Dispose();
    }

    private void HashUpTo(SafeFileHandle file, long end, CancellationToken cancellationToken)
    {
        if (_isVerified || _hashed >= end)
        {
            return;
        }

        var piece = ArrayPool<byte>.Shared.Rent(PieceLength);
        try
        {
            while (_hashed < end)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var next = piece.AsSpan(0, (int)Math.Min(piece.Length, end - _hashed));
                ReadExactly(file, next, _hashed);
                Hash(next);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private void ReadExactly(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(file, buffer, offset);
            if (read == 0)
            {
                throw ContentFailures.Damaged(_path, FormattableString.Invariant($"it had {_size} bytes and ends at {offset} now"));
            }

            buffer = buffer[read..];
            offset += read;
        }
    }

    private void Hash(ReadOnlySpan<byte> next)
    {
        _hash.AppendData(next);
        _hashed += next.Length;
        if (_hashed < _size)
        {
            return;
        }

        var actual = ContentDigest.Of(_hash);
        _isVerified = actual == _digest ? true : throw ContentFailures.Damaged(_path, $"its bytes have the digest {actual}");
    }
}
