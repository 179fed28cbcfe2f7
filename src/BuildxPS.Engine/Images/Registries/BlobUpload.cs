using System.Globalization;
using System.Net;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Gives a repository one blob (distribution specification, "Pushing Blobs"): in one request, in pieces where the registry
/// takes no large ones, and from where it stopped when a connection breaks.
/// </summary>
/// <param name="pipeline">Sends requests.</param>
/// <param name="options">How often and how long.</param>
/// <param name="start">The request that begins an upload.</param>
/// <param name="blob">The blob.</param>
/// <param name="source">Where it can be had.</param>
internal sealed class BlobUpload(RegistryPipeline pipeline, RegistryClientOptions options, RegistryRequest start, Descriptor blob, BlobSource source)
{
    private long _chunk = options.Limits.FirstChunk;
    private int _retries;
    private long _furthest;

    /// <summary>Does it.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How the blob came to be there.</returns>
    /// <exception cref="BuildxException">The failures of registries, and those of the source.</exception>
    public async Task<BlobArrival> RunAsync(CancellationToken cancellationToken)
    {
        var begun = await TryMountAsync(cancellationToken).ConfigureAwait(false);
        if (begun is { Location: null })
        {
            return BlobArrival.Mounted;
        }

        using var turn = await BlobTurns.TakeAsync(start.Host, isUpload: true, cancellationToken).ConfigureAwait(false);
        var session = begun ?? await BeginAsync(start, cancellationToken).ConfigureAwait(false);
        var reading = new UploadSource(blob, source);
        await using (reading.ConfigureAwait(false))
        {
            while (session.Location is not null)
            {
                try
                {
                    await SendAsync(reading, session, cancellationToken).ConfigureAwait(false);
                    break;
                }
                catch (RetryableException broken)
                {
                    await reading.CloseAsync().ConfigureAwait(false);
                    session = await ResumeAsync(session, broken, cancellationToken).ConfigureAwait(false);
                }
                catch (RegistryRefusedException refused) when (refused.Status == HttpStatusCode.RequestEntityTooLarge && TryShrink(session))
                {
                    await reading.CloseAsync().ConfigureAwait(false);
                    options.Log?.Invoke($"The registry {start.Host.Name} takes no body of that size; the blob goes in pieces of {ByteSize.Format(_chunk)}.");
                    session = await BeginAsync(start, cancellationToken).ConfigureAwait(false);
                }
                catch (RegistryRefusedException refused) when (refused.Status == HttpStatusCode.RequestedRangeNotSatisfiable)
                {
                    // It has more of the blob, or less, than it said.
                    await reading.CloseAsync().ConfigureAwait(false);
                    session = await ResumeAsync(session, new RetryableException(refused), cancellationToken).ConfigureAwait(false);
                }
            }

            return BlobArrival.Sent;
        }
    }

    /// <summary>Asks for the blob from another repository. A registry that does not do that begins an upload, or says no.</summary>
    /// <returns>The upload that the registry began instead; without a location if the blob is there; null where nothing came of it.</returns>
    private async Task<Session?> TryMountAsync(CancellationToken cancellationToken)
    {
        if (source.MountFrom is not { } from)
        {
            return null;
        }

        var request = start with
        {
            Path = $"{start.Path}?mount={Uri.EscapeDataString(blob.Digest)}&from={Uri.EscapeDataString(from.Repository)}",
            Scope = $"{start.Scope} repository:{from.Repository}:pull",
        };
        try
        {
            return await BeginAsync(request, cancellationToken, mayMount: true).ConfigureAwait(false);
        }
        catch (BuildxException refused) when (refused is RegistryRefusedException || refused.Failure is BuildxFailure.RegistryUnauthorized or BuildxFailure.ImageNotFound)
        {
            // Who may write here may not be let read there; the blob can still be sent.
            options.Log?.Invoke($"The registry {start.Host.Name} does not take {blob.Digest} over from {from.Repository}; it is sent.");
            return null;
        }
    }

    private Task<Session> BeginAsync(RegistryRequest request, CancellationToken cancellationToken, bool mayMount = false)
        => pipeline.SendAsync(
            request with { Method = HttpMethod.Post },
            (response, _) => Task.FromResult(
                response.Status != HttpStatusCode.Created ? SessionOf(response, 0)
                : mayMount ? default
                : throw UploadLocation.Missing(start)),
            cancellationToken);

    private async Task SendAsync(UploadSource reading, Session session, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (offset, left) = (session.Offset, blob.Size - session.Offset);

            // One request for all of it, if the registry has nothing yet; a rest goes as a piece, for not all take it with the end.
            if (left == 0 || (offset == 0 && left <= _chunk))
            {
                await EndAsync(reading, session, left, cancellationToken).ConfigureAwait(false);
                return;
            }

            var length = Math.Min(left, Math.Max(_chunk, session.MinChunk));
            var request = Next(session) with
            {
                Method = HttpMethod.Patch,
                Content = () => ContentOf(reading, offset, length, isPiece: true),
            };
            session = await pipeline.SendOnceAsync(request, r => SessionOf(r, ReachedBy(r, offset, length)) with { MinChunk = session.MinChunk }, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(UploadSource reading, Session session, long left, CancellationToken cancellationToken)
    {
        var request = Next(session) with
        {
            Method = HttpMethod.Put,
            Location = WithDigest(session.Location!),
            Content = () => ContentOf(reading, session.Offset, left, isPiece: false),
        };
        var stored = await pipeline.SendOnceAsync(request, r => r.Digest, cancellationToken).ConfigureAwait(false);
        if (stored is not null && stored != blob.Digest)
        {
            throw new BuildxException(
                BuildxFailure.DigestMismatch,
                $"The registry {start.Host.Name} stored a blob of '{start.Subject}' as {DisplayText.Line(stored, 150)}, and was given {blob.Digest}.",
                "Try again. If it stays, the registry or a proxy in between changes what is sent: do not use it.");
        }
    }

    private UploadContent ContentOf(UploadSource reading, long offset, long length, bool isPiece)
    {
        var content = new UploadContent(reading, offset, length, options.Limits);
        if (isPiece)
        {
            // Without the "bytes" of HTTP's own header of that name: the specification writes it so.
            content.Headers.TryAddWithoutValidation("Content-Range", string.Create(CultureInfo.InvariantCulture, $"{offset}-{offset + length - 1}"));
        }

        return content;
    }

    /// <summary>How far a piece brought the blob. A registry may have taken a part of it; what it says is believed if it gets on.</summary>
    private static long ReachedBy(RegistryResponse response, long offset, long length)
        => EndOf(response) is var end && end > offset && end < offset + length ? end : offset + length;

    /// <summary>
    /// Finds out what a registry has of a broken upload, or begins a new one where it has lost it. One that has the whole
    /// blob has no upload of it any more, and then only its answer was lost.
    /// </summary>
    private async Task<Session> ResumeAsync(Session broken, RetryableException why, CancellationToken cancellationToken)
    {
        await RegistryRetry.WaitAsync(options, why, ++_retries, cancellationToken).ConfigureAwait(false);
        Session session;
        try
        {
            var request = Next(broken) with { Method = HttpMethod.Get };
            session = await pipeline.SendAsync(request, (response, _) => Task.FromResult(StatusOf(response, broken)), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException lost) when (lost is RegistryRefusedException || lost.Failure == BuildxFailure.ImageNotFound)
        {
            session = await IsThereAsync(cancellationToken).ConfigureAwait(false) ? default : await BeginAsync(start, cancellationToken).ConfigureAwait(false);
        }

        if (session.Offset - _furthest >= options.Limits.MinChunkBytes)
        {
            // It gets on: what is counted are failures in a row.
            (_furthest, _retries) = (session.Offset, 0);
        }

        options.Log?.Invoke($"The upload of {blob.Digest} goes on at {ByteSize.Format(session.Offset)}.");
        return session;
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        var request = start with { Method = HttpMethod.Head, Path = start.Path[..^"uploads/".Length] + blob.Digest };
        try
        {
            return await pipeline.SendAsync(request, (response, _) => Task.FromResult(response.Length is null || response.Length == blob.Size), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e is RegistryRefusedException || e.Failure == BuildxFailure.ImageNotFound)
        {
            return false;
        }
    }

    private bool TryShrink(Session session)
    {
        var next = Math.Max(_chunk == long.MaxValue ? options.Limits.ChunkBytes : _chunk / 4, session.MinChunk);
        if (next >= _chunk || next < options.Limits.MinChunkBytes)
        {
            return false;
        }

        _chunk = next;
        return true;
    }

    private RegistryRequest Next(Session session) => start with { Location = session.Location };

    private Session SessionOf(RegistryResponse response, long offset) => new(
        UploadLocation.Read(start, response, options.Trust) ?? throw UploadLocation.Missing(start),
        offset,
        long.TryParse(response.Header("OCI-Chunk-Min-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var least) ? Math.Min(least, options.Limits.ChunkBytes) : 0);

    private Session StatusOf(RegistryResponse response, Session broken)
    {
        var end = EndOf(response);
        return end <= blob.Size
            ? broken with { Location = UploadLocation.Read(start, response, options.Trust) ?? broken.Location, Offset = end }
            : throw new RegistryRefusedException(response.Status, $"The registry {start.Host.Name} has {end} bytes of a blob of {blob.Size}.", "Try again.");
    }

    // "0-99" where a hundred bytes are there; some write "0-0" for none, too, so that one byte is never counted on.
    private static long EndOf(RegistryResponse response)
    {
        var range = response.Header("Range")?.Replace("bytes=", "", StringComparison.OrdinalIgnoreCase).Split('-');
        return range is ["0", var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last is > 0 and < long.MaxValue ? last + 1 : 0;
    }

    private Uri WithDigest(Uri location)
    {
        var query = location.Query.TrimStart('?');
        return new UriBuilder(location) { Query = $"{query}{(query.Length > 0 ? "&" : "")}digest={Uri.EscapeDataString(blob.Digest)}" }.Uri;
    }

    /// <summary>Where an upload stands.</summary>
    /// <param name="Location">Where it goes on; null where there is nothing left to do.</param>
    /// <param name="Offset">Bytes that the registry has.</param>
    /// <param name="MinChunk">The smallest piece that it takes, but for the last.</param>
    private readonly record struct Session(Uri? Location, long Offset, long MinChunk);
}
