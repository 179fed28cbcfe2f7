using System.Buffers;
using System.Formats.Tar;
using System.Text.Json;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Archives;

/// <summary>
/// Turns an archive in OCI layout into one of the kind that <c>docker save</c> writes, while it passes: layers go on as they
/// come, and only small documents are kept.
/// </summary>
/// <param name="output">Takes the new archive.</param>
/// <param name="names">The names of a platform's image, of all the platforms there are.</param>
internal sealed class ClassicArchive(Stream output, Func<Platform, IReadOnlyList<Platform>, IReadOnlyList<ImageReference>> names)
{
    private const string Blobs = "blobs/";
    private const int MaxEntries = 1_000_000;

    private static readonly byte[] s_end = new byte[2 * TarHeader.Block];

    private readonly ArchiveDocuments _documents = new();

    /// <summary>Copies an archive.</summary>
    /// <param name="input">The archive in OCI layout, read to its end.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The images in it, each with its names and its config, which a classic store knows it by.</returns>
    /// <exception cref="BuildxException">The archive is not what it should be.</exception>
    public async Task<IReadOnlyList<BuiltImage>> CopyAsync(Stream input, CancellationToken cancellationToken)
    {
        try
        {
            await CopyBlobsAsync(input, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or EndOfStreamException)
        {
            throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"The engine sent an image archive that is no whole tar file: {DisplayText.Line(e.Message)}",
                "Build again; if it stays so, look at the engine's log. Nothing was loaded.",
                e);
        }

        var images = _documents.FindImages();
        IReadOnlyList<Platform> platforms = [.. images.Select(i => i.Platform)];
        var named = images.Select(i => (Image: i, Names: names(i.Platform, platforms))).ToList();
        var manifest = JsonSerializer.SerializeToUtf8Bytes(
            named.Select(n => new ClassicImageJson
            {
                Config = PathOf(n.Image.Config),
                RepoTags = n.Names.Count == 0 ? null : [.. n.Names.Select(r => r.FamiliarName)],
                Layers = [.. n.Image.Layers.Select(PathOf)],
            }).ToList(),
            ArchiveJsonContext.Default.ListClassicImageJson);
        await WriteAsync("manifest.json", manifest, cancellationToken).ConfigureAwait(false);
        await output.WriteAsync(s_end, cancellationToken).ConfigureAwait(false);
        return
        [
            .. named.Select(n => new BuiltImage
            {
                Platform = n.Image.Platform,
                Digest = n.Image.Config.Digest,
                Size = n.Image.Config.Size,
                MediaType = n.Image.Config.MediaType,
                Names = [.. n.Names.Select(r => r.ToString())],
            }),
        ];
    }

    private async Task CopyBlobsAsync(Stream input, CancellationToken cancellationToken)
    {
        using var reader = new TarReader(input, leaveOpen: true);
        for (var i = 0; await reader.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry; i++)
        {
            if (i >= MaxEntries)
            {
                throw new InvalidDataException("it has more than a million entries");
            }

            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
            {
                continue;
            }

            var content = entry.DataStream ?? Stream.Null;
            if (entry.Name == "index.json" && entry.Length <= ArchiveDocuments.MaxDocument)
            {
                _documents.SetIndex(await ReadAsync(content, entry.Length, cancellationToken).ConfigureAwait(false));
            }
            else if (DigestOf(entry.Name) is { } digest)
            {
                await CopyBlobAsync(digest, entry.Name, content, entry.Length, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task CopyBlobAsync(string digest, string name, Stream content, long size, CancellationToken cancellationToken)
    {
        if (_documents.HasRoom(size))
        {
            var bytes = await ReadAsync(content, size, cancellationToken).ConfigureAwait(false);
            _documents.Add(digest, bytes);
            await WriteAsync(name, bytes, cancellationToken).ConfigureAwait(false);
            return;
        }

        await output.WriteAsync(TarHeader.Create(name, size), cancellationToken).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            for (var left = size; left > 0;)
            {
                var read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new EndOfStreamException($"'{name}' is cut off");
                }

                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        await output.WriteAsync(s_end.AsMemory(0, TarHeader.PaddingOf(size)), cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await output.WriteAsync(TarHeader.Create(name, content.Length), cancellationToken).ConfigureAwait(false);
        await output.WriteAsync(content, cancellationToken).ConfigureAwait(false);
        await output.WriteAsync(s_end.AsMemory(0, TarHeader.PaddingOf(content.Length)), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<byte[]> ReadAsync(Stream content, long size, CancellationToken cancellationToken)
    {
        var bytes = new byte[size];
        await content.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    /// <summary>The digest that a blob's path stands for; null for a path of another kind, which is not passed on.</summary>
    private static string? DigestOf(string name)
        => name.StartsWith(Blobs, StringComparison.Ordinal) && name[Blobs.Length..].Replace('/', ':') is var digest && Digests.IsValid(digest) && name.Length <= 100
            ? digest
            : null;

    private static string PathOf(Descriptor descriptor) => Blobs + descriptor.Digest.Replace(':', '/');
}
