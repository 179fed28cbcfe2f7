using System.Collections.Concurrent;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Registries;

/// <content>Blobs: layers, configs and what else a manifest lists.</content>
public sealed partial class RegistryClient
{
    // Blobs of which a mirror gave other bytes: from then on the registry alone is asked for them.
    private readonly ConcurrentDictionary<string, bool> _forged = new(StringComparer.Ordinal);

    /// <summary>Opens a blob as a stream that fails at its end if size or digest are not as promised.</summary>
    /// <param name="repository">The repository that it is in.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="cancellationToken">Gives up opening it.</param>
    /// <returns>
    /// The blob's bytes; asynchronous reads only. A connection that breaks meanwhile is made again where it stopped. Where a
    /// mirror gave other bytes than promised, the failure is transient: opened again, the blob comes from the registry.
    /// </returns>
    public async Task<Stream> OpenBlobAsync(ImageReference repository, Descriptor blob, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(blob);
        var isMirrored = Read(BlobRequest(repository, blob)).Mirrors.Count > 0 && !_forged.ContainsKey(blob.Digest);
        return new VerifyingStream(
            await OpenBlobAsync(repository, blob, 0, cancellationToken).ConfigureAwait(false),
            blob,
            repository.ToString(),
            () => isMirrored && (_forged[blob.Digest] = true));
    }

    /// <summary>Opens a blob somewhere in it; whoever has its beginning checks the digest.</summary>
    /// <param name="repository">The repository that it is in.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="cancellationToken">Gives up opening it.</param>
    /// <returns>The bytes from there on, as they come.</returns>
    internal async Task<Stream> OpenBlobAsync(ImageReference repository, Descriptor blob, long offset, CancellationToken cancellationToken)
    {
        var request = Read(BlobRequest(repository, blob));
        var download = new BlobDownload(_pipeline, _options, _forged.ContainsKey(blob.Digest) ? request with { Mirrors = [] } : request, blob.Size, offset);
        try
        {
            await download.OpenAsync(cancellationToken).ConfigureAwait(false);
            return download;
        }
        catch
        {
            await download.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Asks whether a repository has a blob. It is asked as one who wants to write.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it is there, in the right size as far as the registry says it.</returns>
    internal async Task<bool> HasBlobAsync(ImageReference repository, Descriptor blob, CancellationToken cancellationToken)
    {
        try
        {
            var request = BlobRequest(repository, blob) with { Method = HttpMethod.Head, Scope = WriteScope(repository) };
            return await _pipeline.SendAsync(request, (response, _) => Task.FromResult(response.Length is null || response.Length == blob.Size), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.ImageNotFound)
        {
            return false;
        }
    }

    /// <summary>Gives a repository a blob, unless it has it: from another repository of the registry if it can be had there, else by sending it.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="source">Where it can be had.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How it came to be there.</returns>
    /// <exception cref="BuildxException">The failures of registries, and those of the source.</exception>
    internal async Task<BlobArrival> PushBlobAsync(ImageReference repository, Descriptor blob, BlobSource source, CancellationToken cancellationToken)
        => await HasBlobAsync(repository, blob, cancellationToken).ConfigureAwait(false)
            ? BlobArrival.Present
            : await PutBlobAsync(repository, blob, source, cancellationToken).ConfigureAwait(false);

    /// <summary>Gives a repository a blob that it is known not to have.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="source">Where it can be had.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How it came to be there.</returns>
    /// <exception cref="BuildxException">The failures of registries, and those of the source.</exception>
    internal Task<BlobArrival> PutBlobAsync(ImageReference repository, Descriptor blob, BlobSource source, CancellationToken cancellationToken)
    {
        var start = Request(repository, "blobs/uploads/") with { Scope = WriteScope(repository), Method = HttpMethod.Post };
        return new BlobUpload(_pipeline, _options, start, blob, source).RunAsync(cancellationToken);
    }

    /// <summary>Gets a blob whole.</summary>
    /// <param name="repository">The repository that it is in.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="what">What it is, for messages: <c>config</c>.</param>
    /// <param name="limit">Most bytes that are read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes, checked.</returns>
    internal Task<byte[]> GetBlobAsync(ImageReference repository, Descriptor blob, string what, int limit, CancellationToken cancellationToken)
        => _pipeline.SendAsync(
            Read(BlobRequest(repository, blob)),
            async (response, token) =>
            {
                var bytes = await response.ReadAsync(limit, token).ConfigureAwait(false);
                return bytes.Length == blob.Size && Digests.Compute(blob.Digest, bytes) == blob.Digest
                    ? bytes
                    : throw Mismatch(repository, $"the {what} has {bytes.Length} bytes and the digest {Digests.Compute(blob.Digest, bytes)}, and not {blob.Size} bytes and {blob.Digest}");
            },
            cancellationToken);

    private RegistryRequest BlobRequest(ImageReference repository, Descriptor blob)
        => Digests.IsValid(blob.Digest)
            ? Request(repository, $"blobs/{blob.Digest}")
            : throw new ArgumentException($"'{blob.Digest}' is not a digest.", nameof(blob));
}
