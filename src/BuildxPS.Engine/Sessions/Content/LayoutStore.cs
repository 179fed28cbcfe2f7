using System.Collections.Concurrent;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>The blobs of a folder in OCI layout, for reading. Nothing in the folder is ever changed.</summary>
/// <param name="folder">The folder's absolute path; it need not exist.</param>
internal sealed class LayoutStore(string folder) : IContentStore, IDisposable
{
    private static readonly string[] s_algorithms = ["sha256", "sha512"];

    private readonly IFileSystem _files = IFileSystem.Current;
    private readonly ConcurrentDictionary<ContentDigest, VerifiedBlob> _blobs = new();

    /// <summary>The folder.</summary>
    public string Folder { get; } = folder;

    /// <summary>Where a blob lies in a layout.</summary>
    /// <param name="folder">The layout.</param>
    /// <param name="digest">The blob.</param>
    /// <returns>Its file.</returns>
    public static string PathOf(string folder, ContentDigest digest)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return Path.Join(folder, "blobs", digest.Algorithm, digest.Hex);
    }

    /// <inheritdoc/>
    public ContentInfo? Find(ContentDigest digest)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return Status(PathOf(Folder, digest)) is { } found ? Info(digest, found.Status) : null;
    }

    /// <inheritdoc/>
    public IEnumerable<ContentInfo> List()
    {
        foreach (var algorithm in s_algorithms)
        {
            var blobs = Path.Join(Folder, "blobs", algorithm);
            if (!Directory.Exists(blobs))
            {
                continue;
            }

            foreach (var name in FolderNames.Read(blobs))
            {
                if (ContentDigest.TryParse($"{algorithm}:{name}", out var digest) && Status(Path.Join(blobs, name)) is { } found)
                {
                    yield return Info(digest, found.Status);
                }
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask ReadAsync(ContentDigest digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return _blobs.GetOrAdd(digest, Open).ReadAsync(offset, buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var blob in _blobs.Values)
        {
            blob.Dispose();
        }

        _blobs.Clear();
    }

    private static ContentInfo Info(ContentDigest digest, FileStatus status) => new()
    {
        Digest = digest,
        Size = status.Size,
        Created = DateTimeOffset.UnixEpoch.AddTicks(status.ModifiedNanoseconds / 100),
    };

    private VerifiedBlob Open(ContentDigest digest)
    {
        var path = PathOf(Folder, digest);
        // A link may lead to any file of this user: not one byte of it goes out before it is known to be what was asked for.
        return Status(path) is { } found
            ? new VerifiedBlob(digest, path, found.Status.Size, found.IsLink)
            : throw new ContentException(ContentFault.NotFound, $"content {digest}: not found");
    }

    /// <summary>Looks at a blob's file; null if it is not there, or no regular file.</summary>
    private (FileStatus Status, bool IsLink)? Status(string path)
    {
        try
        {
            var status = _files.Status(path);
            if (status is not { IsSymlink: true })
            {
                return status is { IsRegular: true } ? (status.Value, false) : null;
            }

            return new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target && _files.Status(target.FullName) is { IsRegular: true } there
                ? (there, true)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ContentFailures.Unreadable(path, e);
        }
    }
}
