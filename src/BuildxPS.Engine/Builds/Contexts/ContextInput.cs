using System.Text;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>Finds out what a stream is that a build gets: an archive that is its context, or its Dockerfile.</summary>
public static class ContextInput
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Looks at the first bytes of a stream, and gives it to a build as what it is. A Dockerfile is read to its end.</summary>
    /// <param name="request">The build, whose context is the stream if it is an archive, and else empty.</param>
    /// <param name="name">What the stream is, as the subject of a sentence.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="canReopen">Whether it can be opened again, also while it is open; else it is not disposed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The request with <see cref="BuildRequest.ContextArchive"/> or with <see cref="BuildRequest.DockerfileText"/>.</returns>
    /// <exception cref="BuildxException">It cannot be read, or is neither; or it is a second Dockerfile.</exception>
    public static async Task<BuildRequest> ReadAsync(BuildRequest request, string name, Func<Stream> open, bool canReopen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(open);
        var stream = Open(name, open, !canReopen);
        await using (stream.ConfigureAwait(false))
        {
            var head = new byte[ArchiveHead.Length];
            var read = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            head = head[..read];
            if (ArchiveHead.IsArchive(head))
            {
                var left = canReopen || !TryRewind(open(), read) ? head : [];
                return request with { ContextArchive = Archive(name, open, canReopen, ArchiveHead.NeedsGlobalHeader(head), left) };
            }

            if (request.DockerfilePath is not null || request.DockerfileText is not null)
            {
                throw new BuildxException(
                    BuildxFailure.ArgumentInvalid,
                    $"{name} is no tar archive, and so a Dockerfile; but a Dockerfile was given besides it.",
                    "Give an archive (tar, also in gzip, bzip2 or xz) as the build context, or one Dockerfile only.");
            }

            return request with { DockerfileText = await ReadTextAsync(name, head, stream, cancellationToken).ConfigureAwait(false) };
        }
    }

    /// <summary>Looks at the first bytes of a file, and gives it to a build as what it is.</summary>
    /// <param name="request">The build, whose context is the file if it is an archive, and else empty.</param>
    /// <param name="path">The file's absolute path.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The request with <see cref="BuildRequest.ContextArchive"/> or with <see cref="BuildRequest.DockerfileText"/>.</returns>
    /// <exception cref="BuildxException">It is not there or cannot be read, or is neither; or it is a second Dockerfile.</exception>
    public static Task<BuildRequest> ReadFileAsync(BuildRequest request, string path, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var name = $"The file '{path}'";
        try
        {
            // Opening a pipe would wait for who writes to it.
            if (InputFile.Kind(path) is { Length: > 0 } kind)
            {
                throw new BuildxException(
                    BuildxFailure.BuildContextInvalid, $"'{path}' is {kind}, and no archive.", "Give a file; a folder goes with -Path, and a pipe as a stream that is open.");
            }
        }
        catch (Exception e) when (ArchiveStream.IsReadFailure(e))
        {
            throw ArchiveStream.Unreadable(name, e);
        }

        return ReadAsync(request, name, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true), canReopen: true, cancellationToken);
    }

    /// <summary>Reads a stream that is a Dockerfile.</summary>
    /// <param name="name">What the stream is, as the subject of a sentence.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="leaveOpen">Whether it belongs to somebody else.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its text.</returns>
    /// <exception cref="BuildxException">It cannot be read, is no text, or is too long.</exception>
    public static async Task<string> ReadDockerfileAsync(string name, Func<Stream> open, bool leaveOpen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(open);
        var stream = Open(name, open, leaveOpen);
        await using (stream.ConfigureAwait(false))
        {
            return await ReadTextAsync(name, [], stream, cancellationToken).ConfigureAwait(false);
        }
    }

    private static ContextArchive Archive(string name, Func<Stream> open, bool canReopen, bool needsHeader, byte[] head)
    {
        var before = needsHeader ? ArchiveHead.GlobalHeader : ReadOnlyMemory<byte>.Empty;
        return canReopen
            ? new ContextArchive(name, () => new PrefixedStream(before, open(), leaveOpen: false), canReopen: true)
            : new ContextArchive(name, () => new PrefixedStream((byte[])[.. before.Span, .. head], open(), leaveOpen: true), canReopen: false);
    }

    /// <summary>Leaves a stream as it was, where that can be: what was only a preview must not spoil the build.</summary>
    private static bool TryRewind(Stream stream, int length)
    {
        if (stream.CanSeek)
        {
            stream.Seek(-length, SeekOrigin.Current);
        }

        return stream.CanSeek;
    }

    private static ArchiveStream Open(string name, Func<Stream> open, bool leaveOpen)
    {
        try
        {
            return new ArchiveStream(new PrefixedStream(default, open(), leaveOpen), name);
        }
        catch (Exception e) when (ArchiveStream.IsReadFailure(e))
        {
            throw ArchiveStream.Unreadable(name, e);
        }
    }

    private static async Task<string> ReadTextAsync(string name, byte[] head, Stream rest, CancellationToken cancellationToken)
    {
        var bytes = new byte[RemoteDockerfile.MaxBytes + 1];
        head.CopyTo(bytes, 0);
        var length = head.Length + await rest.ReadAtLeastAsync(bytes.AsMemory(head.Length), bytes.Length - head.Length, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
        var whole = bytes.AsSpan(0, length);
        if (ArchiveHead.OtherKind(whole) is { } kind)
        {
            throw new BuildxException(
                BuildxFailure.BuildContextInvalid,
                $"{name} is a {kind} archive, which engines do not unpack.",
                "Give a tar archive, by itself or compressed with gzip, bzip2 or xz.");
        }

        if (length == 0)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid, $"{name} is empty.", "Give an archive or a Dockerfile; a stream has to stand at its beginning.");
        }

        if (length > RemoteDockerfile.MaxBytes || whole.Contains((byte)0))
        {
            throw Neither(name, null);
        }

        try
        {
            return s_strict.GetString(whole);
        }
        catch (DecoderFallbackException e)
        {
            throw Neither(name, e);
        }
    }

    private static BuildxException Neither(string name, Exception? cause) => new(
        BuildxFailure.BuildContextInvalid,
        FormattableString.Invariant($"{name} is neither a tar archive nor a Dockerfile: it is no UTF-8 text of at most {RemoteDockerfile.MaxBytes >> 20} MiB."),
        "Give a tar archive, by itself or compressed with gzip, bzip2 or xz, or a Dockerfile in UTF-8. An archive that was read as text is damaged: give the file or its bytes.",
        cause);
}
