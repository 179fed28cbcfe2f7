using System.Formats.Tar;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Streams;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Images.Layouts;

/// <summary>A tar of an OCI layout, as <c>-Output type=oci</c> writes it. Nothing is unpacked: blobs are read where they lie.</summary>
internal sealed class ArchiveLayout : ILayout
{
    private const int MaxEntries = 100_000;
    private const int MaxIndex = 16 * 1024 * 1024;

    private readonly SafeFileHandle _file;
    private readonly Dictionary<ContentDigest, (long Offset, long Size)> _blobs = [];

    private ArchiveLayout(string path, SafeFileHandle file) => (Path, _file) = (path, file);

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public LayoutIndex Index { get; private set; } = null!;

    /// <summary>Looks through an archive's table: where the blobs lie.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The layout.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.LayoutInvalid"/>.</exception>
    public static async Task<ArchiveLayout> OpenAsync(string path, CancellationToken cancellationToken)
    {
        ArchiveLayout? layout = null;
        try
        {
            if (InputFile.Kind(path) is { Length: > 0 } kind)
            {
                throw LayoutFailures.NotALayout(path, $"it is {kind}");
            }

            layout = new ArchiveLayout(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.Asynchronous));
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 4096, useAsync: true);
            await using (file.ConfigureAwait(false))
            {
                await layout.ReadTableAsync(file, cancellationToken).ConfigureAwait(false);
            }

            return layout;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or InvalidDataException or InvalidOperationException)
        {
            layout?.Dispose();
            throw e is UnauthorizedAccessException or FileNotFoundException ? ContentFailures.Unreadable(path, e) : LayoutFailures.NotALayout(path, "it is no tar, or a damaged or compressed one", e);
        }
        catch
        {
            layout?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long? SizeOf(ContentDigest digest) => _blobs.TryGetValue(digest, out var found) ? found.Size : null;

    /// <inheritdoc/>
    public Stream Open(ContentDigest digest, long offset)
    {
        var (start, size) = _blobs[digest];
        return new SectionStream(_file, Path, start + offset, size - offset);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private async Task ReadTableAsync(FileStream file, CancellationToken cancellationToken)
    {
        var count = 0;
        var reader = new TarReader(file, leaveOpen: true);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
            {
                if (++count > MaxEntries)
                {
                    throw LayoutFailures.NotALayout(Path, $"it has more than {MaxEntries} entries");
                }

                await AddAsync(entry, cancellationToken).ConfigureAwait(false);
            }
        }

        if (Index is null)
        {
            throw LayoutFailures.NotALayout(Path, "it has no index.json");
        }
    }

    private async Task AddAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
        {
            return;
        }

        var name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
        if (name == "index.json" && Index is null)
        {
            if (entry.Length > MaxIndex)
            {
                throw ContentFailures.InvalidIndex(Path, $"it is larger than {MaxIndex >> 20} MiB");
            }

            var bytes = new byte[entry.Length];
            await (entry.DataStream ?? Stream.Null).ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            Index = LayoutIndex.Parse(bytes, Path);
        }
        else if (name.Split('/') is ["blobs", var algorithm, var hex] && ContentDigest.TryParse($"{algorithm}:{hex}", out var digest))
        {
            _ = _blobs.TryAdd(digest, (entry.DataOffset, entry.Length));
        }
    }

    private sealed class SectionStream(SafeFileHandle file, string path, long position, long left) : SequentialStream
    {
        private long _position = position;
        private long _left = left;

        public override bool CanRead => true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0 || buffer.IsEmpty)
            {
                return 0;
            }

            try
            {
                var count = await RandomAccess.ReadAsync(file, buffer[..(int)Math.Min(buffer.Length, _left)], _position, cancellationToken).ConfigureAwait(false);
                _position += count;
                _left -= count;
                return count > 0 ? count : throw LayoutFailures.NotALayout(path, "it ends in the middle of a blob");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw ContentFailures.Unreadable(path, e);
            }
        }
    }
}
