using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Images.Layouts;

/// <summary>
/// A blob on its way into a layout: a file in the layout's <c>ingest</c> that is named by its digest. What a copy leaves
/// there that was killed, the next one goes on with; nothing is believed of it but what its hash confirms in the end.
/// </summary>
/// <param name="folder">The layout.</param>
/// <param name="blob">The blob.</param>
/// <param name="digest">Its digest.</param>
/// <param name="files">The file system.</param>
internal sealed class PartialBlob(string folder, Descriptor blob, ContentDigest digest, IFileSystem files)
{
    private const int MaxWriters = 10;
    private const int PieceLength = 64 * 1024;
    private const string Prefix = "copy-";

    private static readonly TimeSpan s_life = TimeSpan.FromDays(7);

    /// <summary>Removes what copies left that nobody went on with: of blobs that are there by now, and what is a week old.</summary>
    /// <param name="folder">The layout.</param>
    public static void RemoveLeftovers(string folder)
    {
        var ingest = Path.Join(folder, "ingest");
        try
        {
            // A link would lead out of the layout.
            if (IFileSystem.Current.Status(ingest) is not { IsDirectory: true })
            {
                return;
            }

            foreach (var path in Directory.GetFiles(ingest, Prefix + "*").Where(p => IsLeftover(folder, p)))
            {
                RemoveUnused(path);
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // The image is there; the next copy cleans up.
        }
    }

    private static bool IsLeftover(string folder, string path)
        => (Path.GetFileName(path).Split('-') is [_, var algorithm, var hex, _]
            && ContentDigest.TryParse($"{algorithm}:{hex}", out var digest) && File.Exists(LayoutStore.PathOf(folder, digest)))
            || DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > s_life;

    private static void RemoveUnused(string path)
    {
        try
        {
            // Only one that no other copy has open.
            using (File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Delete))
            {
                File.Delete(path);
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // That one stays; the others need not.
        }
    }

    /// <summary>Fetches what is missing of it, and puts it in its place.</summary>
    /// <param name="source">Where it can be had.</param>
    /// <param name="cancellationToken">Gives up; what is there by then stays for the next copy.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The failures of the source and of writing; <see cref="BuildxFailure.DigestMismatch"/>.</exception>
    public async Task WriteAsync(BlobSource source, CancellationToken cancellationToken)
    {
        string? path = null;
        try
        {
            path = await FillAsync(source, cancellationToken).ConfigureAwait(false);
            Place(path);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, folder);
        }
    }

    private async Task<string> FillAsync(BlobSource source, CancellationToken cancellationToken)
    {
        var (path, file) = Open();
        using (file)
        using (var hash = digest.StartHash())
        {
            var there = await HashAsync(file, hash, cancellationToken).ConfigureAwait(false);
            await FetchAsync(source, file, hash, there, cancellationToken).ConfigureAwait(false);
            if (ContentDigest.Of(hash) != digest && there > 0)
            {
                // What an earlier copy left was not what it should have been.
                _ = hash.GetHashAndReset();
                RandomAccess.SetLength(file, 0);
                await FetchAsync(source, file, hash, 0, cancellationToken).ConfigureAwait(false);
            }

            if (ContentDigest.Of(hash) is var actual && actual != digest)
            {
                RandomAccess.SetLength(file, 0);
                throw new BuildxException(
                    BuildxFailure.DigestMismatch,
                    $"The blob {digest} for '{TreePath.Show(folder)}' came with other bytes: they have the digest {actual}.",
                    "Try again. If it stays, the source gives out damaged or forged content: do not use it.");
            }

            // A blob's name says that it is whole, so it is before it gets one, also if the power fails.
            RandomAccess.FlushToDisk(file);
        }

        return path;
    }

    /// <summary>Opens the file that is there from before, or a new one; another one where another copy is at it.</summary>
    private (string Path, SafeFileHandle File) Open()
    {
        var ingest = Path.Join(folder, "ingest");
        RequireFolder(ingest);
        _ = Directory.CreateDirectory(ingest);
        for (var writer = 0; ; writer++)
        {
            var path = Path.Join(ingest, FormattableString.Invariant($"{Prefix}{digest.Algorithm}-{digest.Hex}-{writer}"));
            if (files.Status(path) is { IsRegular: false })
            {
                throw OutputFailures.NotWritable(folder, $"'{path}' is not a file.");
            }

            try
            {
                return (path, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, FileOptions.Asynchronous));
            }
            catch (IOException) when (writer + 1 < MaxWriters && File.Exists(path))
            {
                // Another copy has it.
            }
        }
    }

    private async Task<long> HashAsync(SafeFileHandle file, IncrementalHash hash, CancellationToken cancellationToken)
    {
        var length = RandomAccess.GetLength(file);
        if (length > blob.Size)
        {
            RandomAccess.SetLength(file, 0);
            return 0;
        }

        var piece = new byte[PieceLength];
        for (var position = 0L; position < length;)
        {
            var count = await RandomAccess.ReadAsync(file, piece, position, cancellationToken).ConfigureAwait(false);
            hash.AppendData(piece, 0, count);
            position += count > 0 ? count : throw new EndOfStreamException();
        }

        return length;
    }

    private async Task FetchAsync(BlobSource source, SafeFileHandle file, IncrementalHash hash, long position, CancellationToken cancellationToken)
    {
        if (position == blob.Size)
        {
            return;
        }

        source.Sent?.Invoke(position);
        var stream = await source.OpenAsync(position, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var piece = new byte[PieceLength];
            while (true)
            {
                // To its end, where the source says whether these were the right bytes.
                var count = await stream.ReadAsync(piece.AsMemory(0, (int)Math.Clamp(blob.Size - position, 1, PieceLength)), cancellationToken).ConfigureAwait(false);
                if (count == 0 && position == blob.Size)
                {
                    return;
                }

                if (count == 0 || position == blob.Size)
                {
                    throw new BuildxException(
                        BuildxFailure.DigestMismatch,
                        FormattableString.Invariant($"The blob {digest} for '{TreePath.Show(folder)}' {(count == 0 ? $"ended after {position} of" : "has more than")} {blob.Size} bytes."),
                        "Try again. If it stays, its source is damaged.");
                }

                hash.AppendData(piece, 0, count);
                await RandomAccess.WriteAsync(file, piece.AsMemory(0, count), position, cancellationToken).ConfigureAwait(false);
                position += count;
                source.Sent?.Invoke(position);
            }
        }
    }

    private void Place(string path)
    {
        var target = LayoutStore.PathOf(folder, digest);
        var parent = Path.GetDirectoryName(target)!;
        foreach (var step in new[] { Path.GetDirectoryName(parent)!, parent })
        {
            RequireFolder(step);
            _ = Directory.CreateDirectory(step);
        }

        try
        {
            File.Move(path, target, overwrite: true);
        }
        catch (FileNotFoundException) when (files.Status(target) is { IsRegular: true } there && there.Size == blob.Size)
        {
            // Another copy found it whole, and was quicker.
            return;
        }

        // Not before: a copy that is killed must leave what the next one may open for writing.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(target, File.GetUnixFileMode(target) & (UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead));
        }
    }

    /// <summary>A link here would lead out of the layout.</summary>
    private void RequireFolder(string path)
    {
        if (files.Status(path) is { IsDirectory: false })
        {
            throw OutputFailures.NotWritable(folder, $"'{path}' is not a folder.");
        }
    }
}
