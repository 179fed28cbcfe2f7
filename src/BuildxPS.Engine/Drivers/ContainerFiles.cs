using System.Formats.Tar;

namespace BuildxPS.Engine.Drivers;

/// <summary>Packs a node's config files for its container.</summary>
internal static class ContainerFiles
{
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Makes a tar for <c>/etc</c> with the folder <c>buildkit</c> and the files in it.</summary>
    /// <param name="files">Contents by path below <c>/etc/buildkit</c>, checked before.</param>
    /// <returns>The tar, at its start.</returns>
    public static MemoryStream ToTar(IReadOnlyDictionary<string, byte[]> files)
    {
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            var folders = new HashSet<string>(StringComparer.Ordinal);
            AddFolder(writer, folders, "buildkit");
            foreach (var (path, content) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
            {
                var name = "buildkit/" + path;
                AddFolder(writer, folders, name[..name.LastIndexOf('/')]);
                using var data = new MemoryStream(content, writable: false);
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = FileMode, DataStream = data });
            }
        }

        tar.Position = 0;
        return tar;
    }

    private static void AddFolder(TarWriter writer, HashSet<string> folders, string folder)
    {
        if (folders.Contains(folder))
        {
            return;
        }

        if (folder.LastIndexOf('/') is > 0 and var slash)
        {
            AddFolder(writer, folders, folder[..slash]);
        }

        folders.Add(folder);
        writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, folder + "/") { Mode = FolderMode });
    }
}
