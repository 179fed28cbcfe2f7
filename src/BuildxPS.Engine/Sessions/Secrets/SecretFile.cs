using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Sessions.Secrets;

/// <summary>Reads secrets from files.</summary>
internal static class SecretFile
{
    /// <summary>Looks at a file before the build, without reading it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="id">The secret, for the error.</param>
    /// <returns>How many bytes it has now.</returns>
    /// <exception cref="BuildxException">It is not there, is no file, cannot be read, or is too large.</exception>
    public static long Check(string path, string id)
    {
        using var file = Open(path, id);
        var length = RandomAccess.GetLength(file);
        return length <= LocalSecretSource.MaxLength ? length : throw TooLarge(id, length, $"the file '{path}'");
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="id">The secret, for the error.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What is in it.</returns>
    /// <exception cref="BuildxException">As above.</exception>
    public static async ValueTask<SecretValue> ReadAsync(string path, string id, CancellationToken cancellationToken)
    {
        using var file = Open(path, id);

        // Its length is only a hint: it may grow meanwhile, and some file systems tell none.
        var value = new SecretValue((int)Math.Min(RandomAccess.GetLength(file), LocalSecretSource.MaxLength) + 1);
        try
        {
            while (await RandomAccess.ReadAsync(file, value.GetMemory(), value.Length, cancellationToken).ConfigureAwait(false) is > 0 and var count)
            {
                value.Advance(count);
                if (value.Length > LocalSecretSource.MaxLength)
                {
                    throw TooLarge(id, value.Length, $"the file '{path}'");
                }
            }

            return value;
        }
        catch (IOException e)
        {
            value.Dispose();
            throw Unreadable(path, id, e);
        }
        catch
        {
            value.Dispose();
            throw;
        }
    }

    /// <summary>The failure for a secret that is too large.</summary>
    /// <param name="id">The secret.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <returns>The failure.</returns>
    public static BuildxException TooLarge(string id, long length, string origin) => new(
        BuildxFailure.SecretTooLarge,
        FormattableString.Invariant($"The secret '{DisplayText.Line(id)}' is too large: {origin} has {length} bytes, and a secret has at most {LocalSecretSource.MaxLength} (500 KiB)."),
        "Give the build what it needs of it, or mount a folder with COPY or RUN --mount=type=bind where it is no secret.");

    private static SafeFileHandle Open(string path, string id)
    {
        try
        {
            if (InputFile.Kind(path) is { Length: > 0 } kind)
            {
                // An engine may ask for a secret several times, and a pipe gives it once.
                throw new BuildxException(
                    BuildxFailure.SecretUnreadable,
                    $"The secret '{DisplayText.Line(id)}' cannot be read from '{path}': it is {kind}, not a file.",
                    "Name a file, or give the secret as a value: -Secret @{ Id = 'ID'; Value = $secureString }.");
            }

            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BuildxException(
                BuildxFailure.SecretNotFound,
                $"The secret '{DisplayText.Line(id)}' comes from the file '{path}', which does not exist.",
                "Give the path of an existing file as src, the name of an environment variable as env, or a value (-Secret @{ Id = 'ID'; Value = $secureString }).",
                e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unreadable(path, id, e);
        }
    }

    private static BuildxException Unreadable(string path, string id, Exception e) => new(
        BuildxFailure.SecretUnreadable,
        $"The secret '{DisplayText.Line(id)}' cannot be read from '{path}': {e.Message}",
        "Give this user the right to read the file, or name another one.",
        e);
}
