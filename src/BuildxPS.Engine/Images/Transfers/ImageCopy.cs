using System.Security.Cryptography;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>One copy of an image to one destination: what is missing there is known, and nothing was changed yet.</summary>
public sealed class ImageCopy
{
    private readonly CopySource _from;
    private readonly IImageSource _source;
    private readonly IImageDestination _destination;
    private readonly Missing _missing;
    private readonly ImageTree _tree;
    private readonly CopyOptions _options;

    internal ImageCopy(CopySource from, IImageSource source, IImageDestination destination, Missing missing, ImageTree tree, CopyOptions options)
        => (_from, _source, _destination, _missing, _tree, _options) = (from, source, destination, missing, tree, options);

    /// <summary>Where it goes.</summary>
    public required ImageLocation Destination { get; init; }

    /// <summary>What will be there.</summary>
    public required ImageDocument Result { get; init; }

    /// <summary>What will be done, for a person to read: which platforms, what travels.</summary>
    public string Summary
    {
        get
        {
            var platforms = Result switch
            {
                ImageIndex { Platforms: { Count: > 0 } some } => $" ({string.Join(", ", some)})",
                ImageManifest { Platform: { } one } => $" ({one})",
                _ => "",
            };
            var blobs = _missing.Blobs;
            var travels = blobs.Count == 0 ? "no blob is missing there"
                : $"{blobs.Count} {(blobs.Count == 1 ? "blob" : "blobs")} of {ByteSize.Format(blobs.Sum(b => b.Size))} {(MountFrom is null ? "travel" : $"are taken over from {MountFrom.Repository} or travel")}";
            var attached = _tree.Referrers.Count == 0 ? "" : $", with {_tree.Referrers.Count} attached to it";
            return $"Copy {_from.Location}{platforms}{attached}: {travels}";
        }
    }

    internal ImageReference? MountFrom { get; init; }

    /// <summary>Copies. The image has its name when the stream ends, and not before.</summary>
    /// <param name="cancellationToken">Gives up; what is there by then need not travel again.</param>
    /// <returns>What happens.</returns>
    /// <exception cref="BuildxException">The failures of registries and layouts; <see cref="BuildxFailure.DigestMismatch"/>.</exception>
    public IAsyncEnumerable<BuildEvent> RunAsync(CancellationToken cancellationToken) => EventStream.RunAsync(CopyAsync, cancellationToken);

    private async Task CopyAsync(Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        var vertex = new VertexChanged
        {
            Digest = "sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            Name = $"copying {_from.Location} to {Destination}",
            Started = DateTimeOffset.UtcNow,
        };
        await report(vertex, cancellationToken).ConfigureAwait(false);
        try
        {
            using var turn = _destination.Begin();
            await CopyBlobsAsync(vertex.Digest, report, cancellationToken).ConfigureAwait(false);
            await CopyManifestsAsync(cancellationToken).ConfigureAwait(false);
            await _destination.NameAsync(_tree, cancellationToken).ConfigureAwait(false);
            _from.NoteGiven(Destination);
            await report(vertex with { Completed = DateTimeOffset.UtcNow }, cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e)
        {
            await report(vertex with { Completed = DateTimeOffset.UtcNow, Error = e.Message }, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private Task CopyBlobsAsync(string vertex, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
        => Parallel.ForEachAsync(_missing.Blobs, Options(_options.Parallelism, cancellationToken), async (blob, token) =>
        {
            var meter = new TransferMeter(vertex, blob, e => _ = report(e, token).AsTask());
            meter.Begin();
            var source = new BlobSource
            {
                OpenAsync = (offset, t) => _source.OpenBlobAsync(blob, offset, t),
                MountFrom = MountFrom,
                Sent = meter.Move,
            };
            await PutBlobAsync(blob, source, token).ConfigureAwait(false);
            meter.End();
        });

    private async Task PutBlobAsync(Descriptor blob, BlobSource source, CancellationToken cancellationToken)
    {
        try
        {
            await _destination.PutBlobAsync(blob, source, cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e is { Failure: BuildxFailure.DigestMismatch, IsTransient: true })
        {
            // What a mirror has is not the blob; the registry has the last word.
            await _destination.PutBlobAsync(blob, source, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Children first. What is attached to something goes one by one: lists of attachments are read and written again.</summary>
    private async Task CopyManifestsAsync(CancellationToken cancellationToken)
    {
        foreach (var level in _missing.Manifests.Where(n => n != _tree.Root).GroupBy(n => n.Height).OrderBy(g => g.Key))
        {
            var options = Options(_options.Parallelism, cancellationToken);
            await Parallel.ForEachAsync(level.Where(n => n.Document.Subject is null), options, async (n, token) =>
                await _destination.PutAsync(n.Document, token).ConfigureAwait(false)).ConfigureAwait(false);
            foreach (var attached in level.Where(n => n.Document.Subject is not null))
            {
                await _destination.PutAsync(attached.Document, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static ParallelOptions Options(int parallelism, CancellationToken cancellationToken)
        => new() { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken };
}
