using System.Security.Cryptography;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>Writes files so that no reader ever sees half of one.</summary>
internal static class AtomicFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a file, or replaces it.</summary>
    /// <param name="path">The file; its folder is there.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.StoreInvalid"/>, naming the path.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        RefuseLink(path);
        var temporary = Path.Combine(
            Path.GetDirectoryName(path)!,
            $".tmp-{Path.GetFileName(path)}{RandomNumberGenerator.GetInt32(int.MaxValue)}");
        try
        {
            using (var file = Create(temporary))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw StoreFailures.NotWritable(path, e);
        }
    }

    /// <summary>Deletes a file; nothing happens where there is none.</summary>
    /// <param name="path">The file.</param>
    public static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreFailures.NotWritable(path, e);
        }
    }

    // A link could lead out of the folder, into a file that somebody else chose.
    private static void RefuseLink(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw StoreFailures.Invalid(path, "it is a symbolic link, and a link is not written through");
        }
    }

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return new FileStream(path, options);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure to write is what is reported.
        }
    }
}
