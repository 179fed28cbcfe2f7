namespace BuildxPS.Engine.Sessions.Files;

/// <summary>A folder of our own in which an output is put together.</summary>
internal sealed class Staging : IDisposable
{
    /// <summary>How the names of such folders and files begin.</summary>
    public const string Prefix = ".buildxps-";

    /// <summary>Makes the folder.</summary>
    /// <param name="parent">Where.</param>
    /// <param name="files">The file system.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public Staging(string parent, IFileSystem files)
    {
        Folder = NewName(parent);
        try
        {
            files.CreateDirectory(Folder);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, parent);
        }
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>A name that nothing has.</summary>
    /// <param name="parent">In which folder.</param>
    /// <returns>The path.</returns>
    public static string NewName(string parent) => Path.Join(parent, Prefix + Guid.NewGuid().ToString("N"));

    /// <summary>Removes the folder and all that is in it.</summary>
    public void Dispose()
    {
        try
        {
            try
            {
                Directory.Delete(Folder, recursive: true);
            }
            catch (UnauthorizedAccessException) when (!OperatingSystem.IsWindows())
            {
                // Folders that came without the right to change them.
                MakeWritable(Folder);
                Directory.Delete(Folder, recursive: true);
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // Cleaning up must not hide what went wrong before it; the name says whose it is.
        }
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
