using System.Runtime.Versioning;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>The lock that buildx and this module take turns with.</summary>
internal static class StoreLock
{
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;

    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">Its file, which is made where it is missing and never deleted.</param>
    /// <param name="limit">How long to wait at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The lock; disposing it lets the next one in.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.TimedOut"/> or <see cref="BuildxFailure.StoreInvalid"/>.</exception>
    public static async Task<IDisposable> TakeAsync(string path, TimeSpan limit, CancellationToken cancellationToken)
    {
        var begin = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var pause = s_firstPause; ; pause = pause < s_longestPause ? pause * 2 : s_longestPause)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            if (System.Diagnostics.Stopwatch.GetElapsedTime(begin) > limit)
            {
                throw StoreFailures.Locked(path, limit);
            }

            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private static FileStream? TryTake(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() ? TakeOnWindows(path) : TakeOnUnix(path);
        }
        catch (IOException e) when (IsBusy(e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreFailures.NotWritable(path, e);
        }
    }

    // .NET takes flock(LOCK_EX | LOCK_NB) for a file that is shared with nobody, which is the lock that buildx takes.
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
