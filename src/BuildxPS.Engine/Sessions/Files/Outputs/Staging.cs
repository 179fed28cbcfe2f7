using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// A folder of our own in which an output is put together. It is locked for as long as this process lives, so that what a
/// killed one left can be told from what another is at (see <see cref="Leftovers"/>).
/// </summary>
internal sealed class Staging : IDisposable
{
    /// <summary>How the names of such folders begin.</summary>
    public const string Prefix = ".buildxps-";

    private const int MaxAttempts = 10;

    private readonly StagingOwner _owner;
    private readonly IFileSystem _files;
    private bool _isKept;

    private Staging(string folder, StagingOwner owner, IFileSystem files)
    {
        Folder = folder;
        _owner = owner;
        _files = files;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Makes the folder.</summary>
    /// <param name="parent">Where.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public static Staging Create(string parent, IFileSystem files)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var folder = Path.Join(parent, Prefix + Guid.NewGuid().ToString("N"));
                files.CreateDirectory(folder);
                if (StagingOwner.TryMark(folder, files) is { } owner)
                {
                    return new Staging(folder, owner, files);
                }

                // Another export that cleans up took it in the moment before it was marked.
                TryRemove(folder);
                if (attempt == MaxAttempts)
                {
                    throw new IOException("Other exports to the same place are in the way.");
                }
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, parent);
        }
    }

    /// <summary>Makes a folder in it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="destination">What the user knows it as.</param>
    /// <returns>Its path.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public string NewFolder(string name, string destination)
    {
        var folder = Path.Join(Folder, name);
        try
        {
            _files.CreateDirectory(folder);
            return folder;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, destination);
        }
    }

    /// <summary>Leaves the folder where it is, for good: it holds something of the user's.</summary>
    public void Keep()
    {
        _isKept = true;
        _owner.Unmark();
    }

    /// <summary>Removes the folder and all that is in it.</summary>
    public void Dispose()
    {
        // First, because Windows removes no file that is open. Whoever finds the folder now finds a leftover, which it is.
        _owner.Dispose();
        if (!_isKept)
        {
            TryRemove(Folder);
        }
    }

    /// <summary>Removes a staging folder as far as that is possible.</summary>
    /// <param name="folder">The folder.</param>
    public static void TryRemove(string folder)
    {
        try
        {
            // The mark goes last: without it nobody would take the rest for a leftover if this process is killed here.
            foreach (var part in FolderNames.ReadExact(folder).Where(n => n != StagingOwner.FileName).Select(n => Path.Join(folder, n)))
            {
                if (IFileSystem.Current.Status(part) is { IsDirectory: true })
                {
                    RemoveTree(part);
                }
                else
                {
                    RemoveFile(part);
                }
            }

            RemoveTree(folder);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // Cleaning up must not hide what went wrong before it; the next export to this place tries again.
        }
    }

    /// <summary>
    /// Removes a tree, never through a link. .NET reads names that are not UTF-8 as other names, behind which a link may lie:
    /// where such names can be, every entry is removed by its bytes.
    /// </summary>
    private static void RemoveTree(string folder)
    {
        if (IFileSystem.Current is LinuxFileSystem)
        {
            RemoveExact(folder);
            return;
        }

        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (UnauthorizedAccessException) when (!OperatingSystem.IsWindows())
        {
            // Folders that came without the right to change them.
            MakeWritable(folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void RemoveFile(string path)
    {
        if (IFileSystem.Current is LinuxFileSystem)
        {
            _ = LinuxNative.Remove(path);
        }
        else
        {
            File.Delete(path);
        }
    }

    private static void RemoveExact(string folder)
    {
        const uint all = 0x1C0;
        _ = LinuxNative.ChangeMode(folder, all);
        foreach (var name in FolderNames.ReadExact(folder))
        {
            var path = Path.Join(folder, name);
            if (LinuxNative.Remove(path) != 0 && IFileSystem.Current.Status(path) is { IsDirectory: true })
            {
                RemoveExact(path);
            }
        }

        _ = LinuxNative.Remove(folder);
    }

    private static void MakeWritable(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        foreach (var child in Directory.EnumerateDirectories(folder))
        {
            if (new FileInfo(child).LinkTarget is null)
            {
                MakeWritable(child);
            }
        }
    }
}
