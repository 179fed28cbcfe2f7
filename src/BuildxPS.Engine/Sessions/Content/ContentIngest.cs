using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Outputs;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>One blob that is being written: a file that no one else knows, and the hash of what is in it.</summary>
internal sealed class ContentIngest : IDisposable
{
    private readonly string _layout;
    private readonly SafeFileHandle _file;
    private readonly IncrementalHash _hash;
    private readonly DateTimeOffset _started = DateTimeOffset.UtcNow;
    private DateTimeOffset _updated = DateTimeOffset.UtcNow;
    private long _offset;
    private long _total;

    /// <summary>Creates the file.</summary>
    /// <param name="layout">The layout that the blob is for, as the user knows it.</param>
    /// <param name="path">The file; it does not exist.</param>
    /// <param name="reference">The engine's name for the work.</param>
    /// <param name="total">Bytes that will come; zero if that is not known.</param>
    /// <param name="expected">The digest that is expected, for its algorithm.</param>
    public ContentIngest(string layout, string path, string reference, long total, ContentDigest? expected)
    {
        (_layout, Path, Reference, _total) = (layout, path, reference, total);
        _hash = ContentDigest.StartHash(expected);
        Algorithm = Digest.Algorithm;
        try
        {
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            _hash.Dispose();
            throw OutputFailures.From(e, layout);
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The engine's name for the work.</summary>
    public string Reference { get; }

    /// <summary>The algorithm that it is hashed by.</summary>
    public string Algorithm { get; }

    /// <summary>Whether a writer has it.</summary>
    public bool IsInUse { get; set; }

    /// <summary>The digest of the bytes so far.</summary>
    public ContentDigest Digest => ContentDigest.Of(_hash);

    /// <summary>How far it is.</summary>
    public ContentProgress Progress => new()
    {
        Reference = Reference,
        Offset = _offset,
        Total = _total,
        Started = _started,
        Updated = _updated,
    };

    /// <summary>Says how much will come.</summary>
    /// <param name="total">Bytes; zero changes nothing.</param>
    public void Expect(long total)
    {
        if (total == 0 || total == _total)
        {
            return;
        }

        _total = _total == 0 ? total : throw ContentFailures.Violation($"a write of {_total} bytes becomes one of {total}");
    }

    /// <summary>Starts again.</summary>
    public void Truncate()
    {
        try
        {
            RandomAccess.SetLength(_file, 0);
            _ = _hash.GetHashAndReset();
            _offset = 0;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _layout);
        }
    }

    /// <summary>Adds bytes.</summary>
    /// <param name="data">The bytes.</param>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (_total == 0 && !data.IsEmpty)
        {
            throw ContentFailures.Violation("it writes without saying how much will come");
        }

        if (data.Length > _total - _offset)
        {
            throw ContentFailures.WrongContent(_layout, $"'{TreePath.Show(Reference)}' was to have {_total} bytes, and has more");
        }

        try
        {
            RandomAccess.Write(_file, data, _offset);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _layout);
        }

        _hash.AppendData(data);
        _offset += data.Length;
        _updated = DateTimeOffset.UtcNow;
    }

    /// <summary>Checks what was written, and closes the file.</summary>
    /// <param name="expected">The digest that it must have; null takes any.</param>
    /// <returns>Its digest.</returns>
    public ContentDigest Complete(ContentDigest? expected)
    {
        if (_offset < _total)
        {
            throw ContentFailures.WrongContent(_layout, $"'{TreePath.Show(Reference)}' was to have {_total} bytes, and has {_offset}");
        }

        var digest = Digest;
        if (expected is not null && expected != digest)
        {
            throw ContentFailures.WrongContent(_layout, $"'{TreePath.Show(Reference)}' was to have the digest {expected}, and has {digest}");
        }

        try
        {
            // A blob's name says that it is whole, so it is before it gets one, also if the power fails.
            RandomAccess.FlushToDisk(_file);
            if (!OperatingSystem.IsWindows())
            {
                // As containerd leaves blobs: what has a digest is not changed any more.
                File.SetUnixFileMode(_file, File.GetUnixFileMode(_file) & (UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead));
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _layout);
        }

        _file.Dispose();
        return digest;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }
}
