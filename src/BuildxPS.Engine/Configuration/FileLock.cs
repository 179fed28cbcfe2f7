using System.Runtime.Versioning;

namespace BuildxPS.Engine.Configuration;

/// <summary>The lock on a file by which programs written in Go (buildx, BuildKit's client) and this module take turns.</summary>
internal static class FileLock
{
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;

    /// <summary>Takes the lock if it is free.</summary>
    /// <param name="path">Its file, which is made where it is missing.</param>
    /// <returns>The lock; null if another process has it. Disposing it lets the next one in.</returns>
    /// <exception cref="IOException">The file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be made or written.</exception>
    public static IDisposable? TryTake(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() ? TakeOnWindows(path) : TakeOnUnix(path);
        }
        catch (IOException e) when (IsBusy(e))
        {
            return null;
        }
    }

    // .NET takes flock(LOCK_EX | LOCK_NB) for a file that is shared with nobody, which is the lock that the others take.
    [UnsupportedOSPlatform("windows")]
    private static FileStream TakeOnUnix(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.OpenOrCreate,
        Access = FileAccess.ReadWrite,
        Share = FileShare.None,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        BufferSize = 0,
    });

    private static FileStream TakeOnWindows(string path)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        try
        {
            if (!OperatingSystem.IsMacOS())
            {
                file.Lock(0, 1);
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // On Windows the low word is the error: sharing violation, or lock violation.
    private static bool IsBusy(IOException e)
        => OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 32 or 33 : e.HResult is LinuxWouldBlock or MacWouldBlock;
}
