using System.Text;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>
/// Brings a finished layout to its place: in one step where there is none, else blob by blob and then the index, under the lock
/// that BuildKit's client takes, too. At every moment the folder is the old layout or the new one.
/// </summary>
/// <param name="staging">What was written; null if the engine found everything in place.</param>
/// <param name="written">The blobs in it.</param>
/// <param name="promised">Blobs that whoever writes counts on, because they were there.</param>
/// <param name="files">The file system.</param>
internal sealed class LayoutPlacement(LayoutStaging? staging, IEnumerable<ContentDigest> written, IEnumerable<ContentDigest> promised, IFileSystem files)
{
    private const string Layout = """{"imageLayoutVersion":"1.0.0"}""";
    private const string LayoutFile = "oci-layout";

    private static readonly TimeSpan s_lockLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Brings the layout to its place.</summary>
    /// <param name="folder">Its place.</param>
    /// <param name="root">The document to name.</param>
    /// <param name="names">Its names.</param>
    /// <param name="reset">Whether what no name leads to is removed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task PlaceAsync(string folder, LayoutRoot root, IReadOnlyList<LayoutName> names, bool reset, CancellationToken cancellationToken)
    {
        try
        {
            if (!TryPlaceWhole(folder, root, names))
            {
                await MergeAsync(LayoutOutput.Resolve(folder, files).Path, root, names, reset, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, folder);
        }
    }

    private bool TryPlaceWhole(string folder, LayoutRoot root, IReadOnlyList<LayoutName> names)
    {
        var destination = LayoutOutput.Resolve(folder, files);
        if (destination.Status is not null || staging is null)
        {
            return false;
        }

        var index = LayoutIndex.Empty(staging.Layout);
        AddTo(index, root, names);
        File.WriteAllText(Path.Join(staging.Layout, LayoutFile), Layout);
        File.WriteAllBytes(LayoutIndex.PathOf(staging.Layout), index.ToBytes());
        if (Path.GetDirectoryName(destination.Path) is { } parent)
        {
            _ = Directory.CreateDirectory(parent);
        }

        try
        {
            files.Rename(staging.Layout, destination.Path);
            return true;
        }
        catch (IOException) when (files.Status(destination.Path) is { IsDirectory: true })
        {
            // Another build made it meanwhile.
            File.Delete(LayoutIndex.PathOf(staging.Layout));
            return false;
        }
    }

    private async Task MergeAsync(string folder, LayoutRoot root, IReadOnlyList<LayoutName> names, bool reset, CancellationToken cancellationToken)
    {
        var lockFile = LayoutIndex.PathOf(folder) + ".lock";
        using var turn = await TakeAsync(lockFile, cancellationToken).ConfigureAwait(false);
        try
        {
            var index = LayoutIndex.Read(folder) ?? LayoutIndex.Empty(folder);
            foreach (var digest in written)
            {
                Move(LayoutStore.PathOf(staging!.Layout, digest), LayoutStore.PathOf(folder, digest), folder);
            }

            RequirePromised(folder);
            AddTo(index, root, names);
            if (!File.Exists(Path.Join(folder, LayoutFile)))
            {
                Write(Path.Join(folder, LayoutFile), Encoding.UTF8.GetBytes(Layout));
            }

            Write(LayoutIndex.PathOf(folder), index.ToBytes());
            if (reset)
            {
                LayoutCleaning.RemoveUnreachable(folder, index);
            }
        }
        finally
        {
            // As the reference leaves no lock file; before the turn ends, so that no one waits on a file that is gone.
            File.Delete(lockFile);
        }
    }

    private void Move(string blob, string target, string folder)
    {
        var parent = Path.GetDirectoryName(target)!;
        foreach (var step in new[] { Path.GetDirectoryName(parent)!, parent })
        {
            // A link here would lead out of the folder.
            if (files.Status(step) is { IsDirectory: false })
            {
                throw OutputFailures.NotWritable(folder, $"'{step}' is not a folder.");
            }

            _ = Directory.CreateDirectory(step);
        }

        File.Move(blob, target, overwrite: true);
    }

    private void RequirePromised(string folder)
    {
        foreach (var digest in promised)
        {
            if (files.Status(LayoutStore.PathOf(folder, digest)) is null)
            {
                throw new BuildxException(
                    BuildxFailure.LayoutInvalid,
                    $"The blob {digest} was removed from '{TreePath.Show(folder)}' while its image was being written there.",
                    "Try again, and let no other program clean the folder meanwhile.")
                { IsTransient = true };
            }
        }
    }

    /// <summary>Writes a file so that no reader sees half of it. What is put together lies in our own place, on the same disk.</summary>
    private void Write(string path, byte[] bytes)
    {
        var place = staging?.NewFile() ?? Path.Join(Path.GetDirectoryName(path), Staging.Prefix + Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(place, bytes);
        File.Move(place, path, overwrite: true);
    }

    private static void AddTo(LayoutIndex index, LayoutRoot root, IReadOnlyList<LayoutName> names)
    {
        foreach (var name in names)
        {
            index.Add(root, name);
        }
    }

    private static async Task<IDisposable> TakeAsync(string path, CancellationToken cancellationToken)
    {
        for (var begin = System.Diagnostics.Stopwatch.GetTimestamp(); ;)
        {
            var taken = FileLock.TryTake(path);
            if (taken is not null && File.Exists(path))
            {
                return taken;
            }

            // Who had it before may have deleted the file: then this is no lock for anybody else.
            taken?.Dispose();
            if (System.Diagnostics.Stopwatch.GetElapsedTime(begin) > s_lockLimit)
            {
                throw new BuildxException(
                    BuildxFailure.TimedOut,
                    FormattableString.Invariant($"Another process has held the lock '{TreePath.Show(path)}' for {s_lockLimit.TotalSeconds:0} s."),
                    "End the build that writes to this folder, and try again.")
                { IsTransient = true };
            }

            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
        }
    }
}
