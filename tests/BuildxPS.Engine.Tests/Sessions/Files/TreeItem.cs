using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>An entry that a test sends, with its bytes.</summary>
internal sealed record TreeItem(FileEntry Entry, string Content = "")
{
    public static TreeItem Dir(string path, int mode = 0x1ED, long time = 0) =>
        new(new FileEntry { Path = path, Mode = FileEntryMode.Directory | (FileEntryMode)mode, ModifiedNanoseconds = time });

    public static TreeItem Link(string path, string target, long time = 0) =>
        new(new FileEntry { Path = path, Mode = FileEntryMode.Symlink | (FileEntryMode)0x1FF, LinkName = target, ModifiedNanoseconds = time });

    public static TreeItem File(string path, string content, int mode = 0x1A4, long time = 0) =>
        new(new FileEntry { Path = path, Mode = (FileEntryMode)mode, Size = content.Length, ModifiedNanoseconds = time }, content);

    public static implicit operator TreeItem(FileEntry entry) => new(entry);

    /// <summary>Writes a whole tree into an output, as a transfer does.</summary>
    public static void Write(ITreeOutput output, params TreeItem[] items)
    {
        var tree = output.OpenTree();
        try
        {
            foreach (var item in items)
            {
                tree.Add(item.Entry);
            }

            foreach (var item in items.Where(i => i.Entry.HasContent))
            {
                using var stream = tree.OpenWrite(item.Entry);
                stream.Write(System.Text.Encoding.UTF8.GetBytes(item.Content));
            }

            tree.Complete();
        }
        finally
        {
            tree.DisposeAsync().AsTask().Wait();
        }
    }
}
