using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>The lock that buildx and this module take turns with.</summary>
internal static class StoreLock
{
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

    private static IDisposable? TryTake(string path)
    {
        try
        {
            return FileLock.TryTake(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreFailures.NotWritable(path, e);
        }
    }
}
