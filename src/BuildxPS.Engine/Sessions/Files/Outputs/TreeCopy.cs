using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>Copies a staged folder to another file system, with all that an export sets: permissions, times, attributes, links.</summary>
internal sealed class TreeCopy(IFileSystem files)
{
    private readonly Dictionary<ulong, string> _named = [];

    /// <summary>Copies what is in a folder.</summary>
    /// <param name="from">The folder.</param>
    /// <param name="to">A folder of our own.</param>
    /// <param name="shown">What the user knows the latter as.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public void Copy(string from, string to, string shown)
    {
        foreach (var name in FolderNames.ReadExact(from))
        {
            var (source, target, path) = (Path.Join(from, name), Path.Join(to, name), Path.Join(shown, name));
            try
            {
                CopyEntry(source, target, path);
            }
            catch (Exception e) when (OutputFailures.IsFileFailure(e))
            {
                throw OutputFailures.From(e, path);
            }
        }
    }

    private void CopyEntry(string source, string target, string shown)
    {
        var status = files.Status(source)!.Value;
        var entry = new FileEntry
        {
            Path = target,
            Mode = status.Mode,
            ModifiedNanoseconds = status.ModifiedNanoseconds,
            DeviceMajor = status.DeviceMajor,
            DeviceMinor = status.DeviceMinor,
            ExtendedAttributes = files.ExtendedAttributes(source),
        };
        if (status.LinkCount > 1 && !status.IsDirectory && !_named.TryAdd(status.Inode, target))
        {
            files.CreateHardLink(target, _named[status.Inode]);
            return;
        }

        if (status.IsDirectory)
        {
            files.CreateDirectory(target);
            Copy(source, target, shown);
        }
        else if (status.IsSymlink)
        {
            files.CreateSymbolicLink(target, files.ReadLink(source), isDirectory: Directory.Exists(source));
        }
        else if (status.IsRegular)
        {
            if (NameBytes.IsRaw(source) || NameBytes.IsRaw(target))
            {
                throw new IOException("Its name is not UTF-8, and such a file is not copied to a folder that is another file system.");
            }

            File.Copy(source, target);
        }
        else
        {
            files.CreateSpecial(target, entry);
        }

        files.SetMetadata(target, entry);
    }
}
