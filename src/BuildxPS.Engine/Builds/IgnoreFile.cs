using System.Text;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files;

namespace BuildxPS.Engine.Builds;

/// <summary>
/// The file that says what of the context is left out. The engine reads it, but names neither file nor line when a
/// pattern is wrong, and sends all patterns back in the headers of one request.
/// </summary>
internal static class IgnoreFile
{
    /// <summary>Leaves room in the request for its other headers.</summary>
    private const int MaxPatterns = SessionServer.MaxHeaders - 1000;

    /// <summary>In the headers a byte can take up to three, and each header some dozens more.</summary>
    private const int MaxPatternBytes = 1024 * 1024;

    private const int MaxFileBytes = 16 * 1024 * 1024;

    /// <summary>Checks the patterns of the file that the engine will use, if there is one.</summary>
    /// <param name="dockerfile">The Dockerfile's path.</param>
    /// <param name="context">The context's folder.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.IgnorePatternInvalid"/> or <see cref="BuildxFailure.BuildContextUnreadable"/>.</exception>
    public static void Check(string dockerfile, string context)
    {
        var own = dockerfile + ".dockerignore";
        var path = IsFile(own) ? own : Path.Join(context, ".dockerignore");
        if (path == own || IsFile(path))
        {
            CheckPatterns(path);
        }
    }

    private static bool IsFile(string path)
    {
        try
        {
            // The engine passes over a folder of that name.
            return InputFile.Kind(path) switch
            {
                null or "a folder" => false,
                "" => true,
                var kind => throw new BuildxException(
                    BuildxFailure.BuildContextUnreadable,
                    $"The ignore file '{path}' is {kind}.",
                    "Replace it by a file, or remove it."),
            };
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unreadable(path, e);
        }
    }

    private static void CheckPatterns(string path)
    {
        var (number, count, bytes) = (0, 0, 0L);
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
            {
                throw TooMany(path, $"is larger than {MaxFileBytes >> 20} MiB");
            }

            foreach (var line in File.ReadLines(path, Encoding.UTF8))
            {
                number++;
                if (line.StartsWith('#') || line.AsSpan().Trim().IsEmpty)
                {
                    continue;
                }

                CheckPattern(path, number, line.Trim());
                bytes += Encoding.UTF8.GetByteCount(line);
                if (++count > MaxPatterns || bytes > MaxPatternBytes)
                {
                    throw TooMany(path, FormattableString.Invariant(
                        $"holds more patterns than a build can send: at most {MaxPatterns} with together {MaxPatternBytes >> 20} MiB"));
                }
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unreadable(path, e);
        }
    }

    private static void CheckPattern(string path, int line, string pattern)
    {
        try
        {
            _ = IgnorePatterns.Parse([pattern.StartsWith('!') ? "!" + pattern[1..].TrimStart() : pattern], OperatingSystem.IsWindows());
        }
        catch (BuildxException e)
        {
            throw new BuildxException(
                BuildxFailure.IgnorePatternInvalid,
                FormattableString.Invariant($"Line {line} of '{path}' is wrong. {e.Message}"),
                "Correct the line; to mean one of the characters * ? [ \\ itself, write a \\ before it.",
                e);
        }
    }

    private static BuildxException TooMany(string path, string problem) => new(
        BuildxFailure.IgnorePatternInvalid,
        $"The ignore file '{path}' {problem}.",
        "Name folders or use * and ** instead of listing single files.");

    private static BuildxException Unreadable(string path, Exception cause) => new(
        BuildxFailure.BuildContextUnreadable,
        $"The ignore file '{path}' cannot be read: {cause.Message}",
        "Give this user the right to read the file, or remove it.",
        cause);
}
