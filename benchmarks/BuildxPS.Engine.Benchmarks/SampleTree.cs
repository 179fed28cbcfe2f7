using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Benchmarks;

/// <summary>Trees that benchmarks share: the same each time.</summary>
internal static class SampleTree
{
    private static readonly string[] s_folders = ["src", "docs", "tests", "web"];
    private static readonly string[] s_extensions = ["cs", "ts", "md", "json", "png", "log"];

    /// <summary>Paths of files, 100 a folder, three levels deep.</summary>
    /// <param name="count">How many.</param>
    /// <returns>The paths.</returns>
    public static string[] Paths(int count)
        => [.. Enumerable.Range(0, count).Select(i => $"{s_folders[i / 1000 % 4]}/part{i / 1000:000}/unit{i / 100 % 10}/file{i:00000}.{s_extensions[i % 6]}")];

    /// <summary>Entries of files, 100 a folder.</summary>
    /// <param name="count">How many.</param>
    /// <param name="size">Bytes of each.</param>
    /// <returns>The entries, with their folders.</returns>
    public static IEnumerable<FileEntry> Entries(int count, int size)
    {
        for (var i = 0; i < count; i++)
        {
            if (i % 100 == 0)
            {
                yield return new FileEntry { Path = $"folder{i / 100:0000}", Mode = FileEntryMode.Directory | (FileEntryMode)0x1ED, ModifiedNanoseconds = 1_700_000_000_000_000_000 };
            }

            yield return new FileEntry { Path = $"folder{i / 100:0000}/file{i:00000}", Mode = (FileEntryMode)0x1A4, Size = size, ModifiedNanoseconds = 1_700_000_000_000_000_000 };
        }
    }

    /// <summary>Writes files of 4 KiB to a folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="count">How many.</param>
    public static void Write(string root, int count)
    {
        var bytes = new byte[4096];
        new Random(3).NextBytes(bytes);
        foreach (var path in Paths(count))
        {
            var file = Path.Join(root, path);
            _ = Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }
    }
}
