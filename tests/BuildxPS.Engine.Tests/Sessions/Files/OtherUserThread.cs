using System.Runtime.InteropServices;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>Does something with the rights that nobody in particular has on files, also where the tests run as an administrator.</summary>
internal static partial class OtherUserThread
{
    private const uint Nobody = 65534;

    /// <summary>Runs code on a thread of its own: Linux keeps the user whose rights on files count for each thread.</summary>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="action">The code; must not go on elsewhere.</param>
    /// <returns>What it gave.</returns>
    public static async Task<T> RunAsync<T>(Func<T> action)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                _ = SetGroup(Nobody);
                _ = SetUser(Nobody);
                result.SetResult(action());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        thread.Start();
        return await result.Task;
    }

    // Both give the former number, and leave it where it may not be changed.
    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetUser(uint user);

    [LibraryImport("libc", EntryPoint = "setfsgid")]
    private static partial int SetGroup(uint group);
}
