using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>A folder as text, one line an entry, for comparing.</summary>
internal static class TreeText
{
    public static string Of(string folder, bool folderTimes = true)
    {
        using var source = new LocalFileSource(folder);
        return string.Join('\n', source.List(new FileSelection(), CancellationToken.None).Select(e => Line(folder, e, folderTimes)));
    }

    public static string Paths(string folder, FileSelection? selection = null)
    {
        using var source = new LocalFileSource(folder);
        return string.Join(' ', source.List(selection ?? new FileSelection(), CancellationToken.None).Select(e => e.Path));
    }

    private static string Line(string folder, FileEntry entry, bool folderTimes)
    {
        var isFolder = (entry.Mode & FileEntryMode.Directory) != 0;
        var full = Path.Join(folder, entry.Path);
        var content = entry.HasContent && IFileSystem.Current.Status(full) is { IsRegular: true }
            ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(full)))[..12]
            : "";
        var attributes = string.Join(',', (entry.ExtendedAttributes ?? new Dictionary<string, ReadOnlyMemory<byte>>())
            .OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={Convert.ToHexString(a.Value.Span)}"));
        return $"{entry.Path}|{(uint)entry.Mode:x}|{entry.Size}|{(isFolder && !folderTimes ? 0 : entry.ModifiedNanoseconds)}|{entry.LinkName}|{entry.DeviceMajor}:{entry.DeviceMinor}|{content}|{attributes}";
    }
}
