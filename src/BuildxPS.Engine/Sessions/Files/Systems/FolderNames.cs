using System.IO.Enumeration;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>Reads the names in a folder, without asking for anything else.</summary>
internal static class FolderNames
{
    private static readonly EnumerationOptions s_options = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        MatchType = MatchType.Simple,
        RecurseSubdirectories = false,
        ReturnSpecialDirectories = false,
    };

    private static readonly Comparer<string> s_order = Comparer<string>.Create((x, y) => TreePath.Compare(x, y));

    /// <summary>Reads all names, in the order of their bytes; on Linux also those that are not UTF-8, as <see cref="NameBytes"/> has them.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The names.</returns>
    public static List<string> ReadExact(string folder)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            return Read(folder);
        }

        // .NET makes U+FFFD of other bytes, and finds nothing by it.
        var names = LinuxFolderNames.Read(folder);
        names.Sort(s_order);
        return names;
    }

    /// <summary>Reads all names, in the order of their UTF-8 bytes.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The names.</returns>
    public static List<string> Read(string folder)
    {
        var names = new List<string>();
        foreach (var name in new FileSystemEnumerable<string>(folder, (ref entry) => entry.FileName.ToString(), s_options))
        {
            names.Add(name);
        }

        names.Sort(s_order);
        return names;
    }
}
