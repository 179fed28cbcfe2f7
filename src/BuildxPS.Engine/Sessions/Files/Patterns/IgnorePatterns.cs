namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>
/// A list of patterns in the language of .dockerignore: the last one that matches wins, <c>!</c> brings back, and a folder
/// that matches takes along all that is in it.
/// </summary>
internal sealed class IgnorePatterns
{
    private readonly IgnorePattern[] _patterns;
    private readonly bool _plainIncludes = true;
    private readonly bool _plainExceptions = true;

    private IgnorePatterns(IgnorePattern[] patterns)
    {
        _patterns = patterns;
        foreach (var pattern in patterns)
        {
            HasExceptions |= pattern.IsException;
            _plainIncludes &= pattern.IsException || pattern.IsPlainPrefix;
            _plainExceptions &= !pattern.IsException || pattern.IsPlainPrefix;
        }
    }

    /// <summary>How many patterns there are.</summary>
    public int Count => _patterns.Length;

    /// <summary>Whether any pattern brings something back.</summary>
    public bool HasExceptions { get; }

    /// <summary>Compiles patterns. Empty ones are skipped.</summary>
    /// <param name="patterns">The patterns, as written.</param>
    /// <param name="backslashSeparates">Whether <c>\</c> separates folders, as on Windows, where it cannot escape.</param>
    /// <returns>The patterns.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.IgnorePatternInvalid"/>.</exception>
    public static IgnorePatterns Parse(IEnumerable<string> patterns, bool backslashSeparates)
    {
        var parsed = new List<IgnorePattern>();
        foreach (var written in patterns)
        {
            var text = written.Trim();
            if (text.Length == 0)
            {
                continue;
            }

            text = TreePath.Clean(backslashSeparates ? text.Replace('\\', '/') : text);
            var isException = text[0] == '!';
            try
            {
                text = isException ? text[1..] : text;
                parsed.Add(text.Length > 0
                    ? IgnorePattern.Create(text, isException)
                    : throw new FormatException("nothing follows the !"));
            }
            catch (FormatException e)
            {
                throw Invalid(written, e);
            }
        }

        return new IgnorePatterns([.. parsed]);
    }

    /// <summary>The failure for a pattern that means nothing.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="cause">What is wrong with it.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Invalid(string pattern, FormatException cause) => new(
        BuildxFailure.IgnorePatternInvalid,
        $"The pattern '{TreePath.Show(pattern)}' is not valid: {cause.Message}.",
        "Correct the pattern in the .dockerignore file, or in the COPY instruction that it stands in.",
        cause);

    /// <summary>Fails if a pattern cannot be compared with anything, which else comes out only when it is.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.IgnorePatternInvalid"/>.</exception>
    public void Demand()
    {
        foreach (var pattern in _patterns)
        {
            pattern.Demand();
        }
    }

    /// <summary>Whether an entry matches, given what its folder matched.</summary>
    /// <param name="path">The entry's path.</param>
    /// <param name="folder">What <paramref name="matches"/> was for its folder; empty at the root.</param>
    /// <param name="matches">Takes what each pattern gave, for the entries in this one. As long as <see cref="Count"/>.</param>
    /// <returns>Whether it matches.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.IgnorePatternInvalid"/>.</exception>
    public bool IsMatch(ReadOnlySpan<char> path, ReadOnlySpan<bool> folder, Span<bool> matches)
    {
        var matched = false;
        for (var i = 0; i < _patterns.Length; i++)
        {
            var pattern = _patterns[i];
            matches[i] = (!folder.IsEmpty && folder[i]) || (pattern.IsException == matched && pattern.IsMatch(path));
            if (matches[i])
            {
                matched = !pattern.IsException;
            }
        }

        return matched;
    }

    /// <summary>Whether something in a folder that does not match itself may match.</summary>
    /// <param name="folder">The folder's path.</param>
    /// <returns>False only if nothing can.</returns>
    public bool MayMatchIn(string folder) => !_plainIncludes || AnyPrefix(folder, exceptions: false);

    /// <summary>Whether something in a folder that matches may be brought back.</summary>
    /// <param name="folder">The folder's path.</param>
    /// <returns>False only if nothing can.</returns>
    public bool MayExceptIn(string folder) => HasExceptions && (!_plainExceptions || AnyPrefix(folder, exceptions: true));

    private bool AnyPrefix(string folder, bool exceptions)
    {
        var prefix = folder + "/";
        foreach (var pattern in _patterns)
        {
            if (pattern.IsException == exceptions && pattern.FolderPrefix.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
