using System.Text;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Patterns;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Builds.Contexts;

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
    /// <param name="dockerfile">The Dockerfile's path; null for one that is no file of this machine.</param>
    /// <param name="context">The context's folder.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.IgnorePatternInvalid"/> or <see cref="BuildxFailure.BuildContextUnreadable"/>.</exception>
    public static void Check(string? dockerfile, string context)
    {
        var own = dockerfile is null ? null : dockerfile + ".dockerignore";
        var path = own is not null && IsFile(own) ? own : Path.Join(context, ".dockerignore");
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
        var (control, isEncoded) = (0, false);
        foreach (var line in Lines(Read(path)))
        {
            number++;
            if (line.StartsWith('#') || line.AsSpan().Trim().IsEmpty)
            {
                continue;
            }

            var pattern = line.Trim();
            CheckPattern(path, number, pattern);
            bytes += Encoding.UTF8.GetByteCount(line);
            if (++count > MaxPatterns || bytes > MaxPatternBytes)
            {
                throw TooMany(path, FormattableString.Invariant(
                    $"holds more patterns than a build can send: at most {MaxPatterns} with together {MaxPatternBytes >> 20} MiB"));
            }

            control = control == 0 && pattern.Any(char.IsControl) ? number : control;
            isEncoded |= pattern.Any(c => !char.IsAscii(c));
        }

        // Engines encode patterns only if one of them is not ASCII, and else fail to send a control character.
        if (control > 0 && !isEncoded)
        {
            throw NotText(path, FormattableString.Invariant($"holds a control character in line {control}, which engines cannot send back"));
        }
    }

    private static byte[] Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
            {
                throw TooMany(path, $"is larger than {MaxFileBytes >> 20} MiB");
            }

            var bytes = File.ReadAllBytes(path);
            return bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]
                ? throw NotText(path, "is in UTF-16, in which engines find no pattern")
                : bytes;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>The lines as the engine takes them: ended by line feeds only, with a carriage return before them or not.</summary>
    private static IEnumerable<string> Lines(byte[] bytes)
    {
        var start = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        while (start < bytes.Length)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start);
            end = end < 0 ? bytes.Length : end;
            var length = end - start - (end > start && bytes[end - 1] == '\r' ? 1 : 0);
            yield return Encoding.UTF8.GetString(bytes, start, length);
            start = end + 1;
        }
    }

    private static void CheckPattern(string path, int line, string pattern)
    {
        try
        {
            IgnorePatterns.Parse([Sent(pattern)], OperatingSystem.IsWindows()).Demand();
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

    /// <summary>A line's pattern as the engine sends it back.</summary>
    private static string Sent(string pattern)
    {
        var isException = pattern.StartsWith('!');
        var text = isException ? pattern[1..].Trim() : pattern;
        text = text.Length > 0 ? TreePath.Clean(text) : text;
        text = text.Length > 1 && text[0] == '/' ? text[1..] : text;
        return isException ? "!" + text : text;
    }

    private static BuildxException NotText(string path, string problem) => new(
        BuildxFailure.IgnorePatternInvalid,
        $"The ignore file '{path}' {problem}.",
        "Write the file in UTF-8, with one pattern a line.");

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
