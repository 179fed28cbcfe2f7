using System.Security.Cryptography;
using System.Text.Json;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Configuration;

/// <summary>Changes docker's <c>config.json</c> as docker does: in one step, through a link, owner and permissions kept.</summary>
internal static class JsonFileChange
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int Tries = 5;

    // Docker takes no lock on this file. Runspaces of one process take turns here; for others see Apply.
    private static readonly Lock s_turn = new();

    /// <summary>Changes a file, or makes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="change">Makes the new text of the old one.</param>
    /// <param name="isSecret">Whether only its owner may read it from now on; else its permissions stay.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> or <see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public static void Apply(string path, Func<byte[], byte[]> change, bool isSecret)
    {
        lock (s_turn)
        {
            try
            {
                path = TargetOf(path);
                for (var i = 0; i < Tries; i++)
                {
                    var old = JsonFile.ReadBytes(path);
                    var content = Change(path, old, change);
                    if (old is not null && content.AsSpan().SequenceEqual(old) && !isSecret)
                    {
                        return;
                    }

                    // Another program's change in between would be lost, so it is looked for once more, last.
                    if (Replace(path, content, isSecret || old is null, () => Same(old, JsonFile.ReadBytes(path))))
                    {
                        return;
                    }
                }

                throw new IOException("another program changes it all the time.");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new BuildxException(
                    BuildxFailure.DestinationNotWritable,
                    $"The docker configuration file {DisplayText.Line(path)} cannot be written: {DisplayText.Line(e.Message)}",
                    "Make it and its folder writable for this user, or name another folder in the variable DOCKER_CONFIG.",
                    e);
            }
        }
    }

    private static string TargetOf(string path)
        => new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : path;

    private static byte[] Change(string path, byte[]? old, Func<byte[], byte[]> change)
    {
        try
        {
            var text = old is { Length: > 0 } ? old : "{}"u8.ToArray();
            var hasMark = text.AsSpan().StartsWith("\uFEFF"u8);
            var changed = change(hasMark ? text[3..] : text);
            return hasMark ? [.. "\uFEFF"u8, .. changed] : changed;
        }
        catch (JsonException e)
        {
            throw JsonFile.Invalid(path, "it is not valid JSON, or not what docker writes there", e);
        }
    }

    private static bool Same(byte[]? one, byte[]? other)
        => one is null ? other is null : other is not null && one.AsSpan().SequenceEqual(other);

    private static bool Replace(string path, byte[] content, bool isSecret, Func<bool> isUnchanged)
    {
        var folder = Path.GetDirectoryName(path)!;
        CreateFolder(folder);
        var temporary = Path.Combine(folder, $"{Path.GetFileName(path)}{RandomNumberGenerator.GetInt32(int.MaxValue)}");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            KeepOwner(path, temporary, isSecret);
            if (!isUnchanged())
            {
                return false;
            }

            File.Move(temporary, path, overwrite: true);
            return true;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    private static void KeepOwner(string path, string temporary, bool isSecret)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
        {
            return;
        }

        if (!isSecret)
        {
            File.SetUnixFileMode(temporary, File.GetUnixFileMode(path));
        }

        // Under sudo the file is another user's, who could not read it any more.
        if (OperatingSystem.IsLinux() && LinuxNative.EffectiveUser() == 0 && IFileSystem.Current.Status(path) is { } status)
        {
            _ = LinuxNative.ChangeOwner(temporary, status.UserId, status.GroupId);
        }
    }
}
