using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>Looks at a file without opening it: opening a pipe waits for somebody who writes into it.</summary>
internal static class InputFile
{
    /// <summary>What a path leads to.</summary>
    /// <param name="path">The path; links are followed.</param>
    /// <returns>For example <c>a folder</c> or <c>a pipe</c>; empty for a regular file, null where nothing is.</returns>
    /// <exception cref="IOException">It cannot be found out.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be found out.</exception>
    public static string? Kind(string path)
    {
        try
        {
            return Kind(IFileSystem.Current.Status(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path)?.Mode);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static string? Kind(FileEntryMode? mode) => mode switch
    {
        null => null,
        { } some when some.HasFlag(FileEntryMode.Directory) => "a folder",
        { } some when some.HasFlag(FileEntryMode.NamedPipe) => "a pipe",
        { } some when some.HasFlag(FileEntryMode.Socket) => "a socket",
        { } some when (some & FileEntryMode.TypeMask) != 0 => "a device",
        _ => "",
    };
}
