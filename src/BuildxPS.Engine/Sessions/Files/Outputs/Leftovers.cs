using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// What exports left whose process was killed: it is removed by the next export to the same place. Where one was killed while
/// it changed the destination, that is first put back as it was.
/// </summary>
internal static class Leftovers
{
    private static readonly EnumerationOptions s_options = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        MatchType = MatchType.Simple,
        MatchCasing = MatchCasing.CaseSensitive,
    };

    /// <summary>Cleans up what concerns a destination. Failures leave it to the next one.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="files">The file system.</param>
    public static void CleanUp(Destination destination, IFileSystem files)
    {
        CleanUp(destination.Ancestor, destination, files);
        if (destination.Status is { IsDirectory: true } && destination.Path != destination.Ancestor)
        {
            CleanUp(destination.Path, destination, files);
        }
    }

    /// <summary>Cleans up in one folder.</summary>
    /// <param name="parent">The folder that staging folders lie in.</param>
    /// <param name="destination">The destination that is meant.</param>
    /// <param name="files">The file system.</param>
    public static void CleanUp(string parent, Destination destination, IFileSystem files)
    {
        try
        {
            foreach (var folder in Directory.GetDirectories(parent, Staging.Prefix + "*", s_options))
            {
                CleanUpFolder(folder, destination, files);
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // A folder that cannot be listed may still be one that can be written.
        }
    }

    private static void CleanUpFolder(string folder, Destination destination, IFileSystem files)
    {
        try
        {
            using var owner = StagingOwner.TryTakeOver(folder, files);
            if (owner is null || !TreeMerge.Recover(folder, destination, files))
            {
                return;
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e) || e is BuildxException)
        {
            return;
        }

        Staging.TryRemove(folder);
    }
}
