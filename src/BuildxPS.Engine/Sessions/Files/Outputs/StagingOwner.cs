using System.Globalization;
using System.Text;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// The mark that a staging folder is somebody's: a file in it, locked while its process lives. It says which folder it was
/// written for, so that a copy (from a backup, a repository, an image) is never taken for a staging folder.
/// </summary>
internal sealed class StagingOwner : IDisposable
{
    /// <summary>The name of that file.</summary>
    public const string FileName = "owner";

    private const int MaxLength = 1024;

    private readonly FileStream _file;
    private readonly string _path;

    private StagingOwner(FileStream file, string path)
    {
        _file = file;
        _path = path;
    }

    /// <summary>Marks a folder that was just made as this process's.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The mark, or null if somebody else took the folder for a leftover in the meantime.</returns>
    public static StagingOwner? TryMark(string folder, IFileSystem files)
    {
        var path = Path.Join(folder, FileName);
        try
        {
            if (files.TryLock(path, create: true) is not { } file)
            {
                return null;
            }

            file.Write(Encoding.UTF8.GetBytes($"{Identity(folder, files)} {files.Machine}\n"));
            if (files.Status(path) is null)
            {
                file.Dispose();
                return null;
            }

            return new StagingOwner(file, path);
        }
        catch (IOException e) when (e is DirectoryNotFoundException or FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Takes over a folder whose process is gone.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The mark, or null if the folder is in use, another user's, perhaps in use by another machine, or none of ours.</returns>
    public static StagingOwner? TryTakeOver(string folder, IFileSystem files)
    {
        if (files.Status(folder) is not { IsDirectory: true } status || !files.IsOwn(status))
        {
            return null;
        }

        var path = Path.Join(folder, FileName);
        if (files.Status(path) is not { IsRegular: true })
        {
            RemoveUnmarked(folder);
            return null;
        }

        var file = files.TryLock(path, create: false);
        if (file is null)
        {
            return null;
        }

        var record = Read(file);
        if (IsLeftover(record, folder, files))
        {
            return new StagingOwner(file, path);
        }

        if (OperatingSystem.IsWindows())
        {
            // It removes no file that is open.
            file.Dispose();
        }

        if (record.Length == 0 && Directory.GetFileSystemEntries(folder) is [_])
        {
            // Its process was killed in the moment before it wrote the record; nothing else is in it.
            File.Delete(path);
            RemoveUnmarked(folder);
        }

        file.Dispose();
        return null;
    }

    /// <summary>Takes the mark away: nobody will take this folder for a leftover.</summary>
    public void Unmark()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            _file.SetLength(0);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static bool IsLeftover(string record, string folder, IFileSystem files)
    {
        var identity = Identity(folder, files);
        if (!record.StartsWith(identity + " ", StringComparison.Ordinal) || !record.EndsWith('\n'))
        {
            return false;
        }

        // Another machine's processes may hold locks that this one does not see.
        return record[(identity.Length + 1)..^1] == files.Machine || files.IsLocal(folder);
    }

    private static string Identity(string folder, IFileSystem files)
    {
        var status = files.Status(folder) ?? throw new DirectoryNotFoundException();
        return string.Create(CultureInfo.InvariantCulture, $"1 {status.Inode} {status.BornNanoseconds}");
    }

    private static string Read(FileStream file)
    {
        var bytes = new byte[MaxLength];
        return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, MaxLength, throwOnEndOfStream: false));
    }

    private static void RemoveUnmarked(string folder)
    {
        try
        {
            // Its process was killed before it marked it; or is about to mark it, and will then make another one.
            Directory.Delete(folder, recursive: false);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // There is something in it, so it is none of ours.
        }
    }
}
