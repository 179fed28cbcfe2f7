using System.Text.RegularExpressions;

namespace BuildxPS;

/// <summary>An address that an engine fetches files from: a git repository, or a file of a web server. Told apart as buildx does.</summary>
internal sealed partial record BuildAddress
{
    private const string Forms = "Write a git repository as https://HOST/REPOSITORY.git[#REF[:SUBFOLDER]] or with ?branch=…&subdir=…, as USER@HOST:REPOSITORY, or as github.com/OWNER/REPOSITORY; anything else of http or https is one file.";

    private BuildAddress()
    {
    }

    /// <summary>The address as it was written.</summary>
    public required string Text { get; init; }

    /// <summary>Whether it is a git repository, and not one file.</summary>
    public required bool IsGit { get; init; }

    /// <summary>Whether git reaches it over ssh.</summary>
    public bool IsSsh { get; init; }

    /// <summary>Whether it says things of the repository after a question mark, which old engines do not know.</summary>
    public bool HasQuery { get; init; }

    /// <summary>What it says of the repository: which reference, subfolder, and how to check it out; null for a file.</summary>
    public GitQuery? Git { get; init; }

    /// <summary>The repository itself, as git takes it.</summary>
    public string Remote
    {
        get
        {
            var remote = Text.Split('#', '?')[0];
            return SchemeOf().IsMatch(remote) || SecureCopyAddress().IsMatch(remote) ? remote : "https://" + remote;
        }
    }

    /// <summary>Whether a text is an address of http or https, as they are told apart from paths.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Whether it begins like one.</returns>
    public static bool IsHttp(string text) => text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal);

    /// <summary>Whether a text is an address and no path.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Whether an engine would fetch it.</returns>
    public static bool IsAddress(string text) => IsHttp(text) || IsRepository(text);

    /// <summary>Reads an address.</summary>
    /// <param name="text">A text that <see cref="IsAddress"/>.</param>
    /// <param name="what">What it is the address of, as the subject of a sentence: <c>The build context</c>.</param>
    /// <returns>The address.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part that is wrong.</exception>
    public static BuildAddress Parse(string text, string what)
    {
        if (text.Any(char.IsControl) || text.Any(char.IsWhiteSpace))
        {
            throw Invalid(what, text, "it holds a blank or a control character");
        }

        if (!IsRepository(text))
        {
            return ParseUri(text, text, what) is { Host.Length: > 0 }
                ? new BuildAddress { Text = text, IsGit = false }
                : throw Invalid(what, text, "it names no host");
        }

        var (query, fragment, isSsh) = SecureCopyAddress().Match(text) is { Success: true } copy && !SchemeOf().IsMatch(text)
            ? (copy.Groups["query"].Value, copy.Groups["fragment"].Value, true)
            : Split(text, what);
        try
        {
            return new BuildAddress { Text = text, IsGit = true, IsSsh = isSsh, HasQuery = query.Length > 0, Git = GitQuery.Parse(query, fragment) };
        }
        catch (FormatException e)
        {
            throw Invalid(what, text, e.Message);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Show(Text);

    /// <summary>A text without the passwords and the keys of addresses in it; where one ends is a guess, so that a little more may go.</summary>
    /// <param name="text">A text that may name addresses, such as an engine's error.</param>
    /// <returns>The text to show.</returns>
    public static string Hide(string text) => AddressInText().Replace(HidePasswords(text), match =>
    {
        var address = match.Value.TrimEnd(')', ']', '}', '.', ',', ':', ';', '!', '\'');
        return Show(address) + match.Value[address.Length..];
    });

    /// <summary>
    /// The address as it may stand in results and errors: without its password, without what stands behind the question mark of a
    /// file's address, which may be a key, and without what that of a repository says beside what is known.
    /// </summary>
    /// <param name="text">An address or a path.</param>
    /// <returns>The text to show.</returns>
    public static string Show(string text)
    {
        var shown = HidePasswords(text);
        return !text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? shown
            : IsRepository(text) ? Pair().Replace(shown, p => GitQuery.IsKnown(p.Groups["key"].Value) ? p.Value : p.Groups["start"].Value + "xxxxx")
            : shown.IndexOf('?', StringComparison.Ordinal) is > 0 and var mark ? shown[..mark] + "?xxxxx" : shown;
    }

    private static string HidePasswords(string text) => Token().Replace(Password().Replace(text, "${start}xxxxx@"), "${start}xxxxx@");

    private static bool IsRepository(string text)
    {
        if (text.StartsWith("./", StringComparison.Ordinal) || text.StartsWith("../", StringComparison.Ordinal))
        {
            return false;
        }

        if (SchemeOf().Match(text) is not { Success: true } match)
        {
            return text.StartsWith("github.com/", StringComparison.Ordinal) || SecureCopyAddress().IsMatch(text);
        }

        // Only the name of its path tells a repository of http from a file.
        return match.Groups["scheme"].Value.ToLowerInvariant() switch
        {
            "git" or "ssh" => true,
            "http" or "https" => text.Split('#', '?')[0].EndsWith(".git", StringComparison.Ordinal),
            _ => false,
        };
    }

    private static (string Query, string Fragment, bool IsSsh) Split(string text, string what)
    {
        var uri = ParseUri(SchemeOf().IsMatch(text) ? text : "https://" + text, text, what);
        return uri is { Host.Length: > 0, AbsolutePath.Length: > 1 }
            ? (uri.Query.TrimStart('?'), Uri.UnescapeDataString(uri.Fragment.TrimStart('#')), uri.Scheme == "ssh")
            : throw Invalid(what, text, "it names no host or no repository");
    }

    private static Uri ParseUri(string text, string source, string what)
        => Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : throw Invalid(what, source, "it is no address");

    private static BuildxException Invalid(string what, string text, string problem)
        => new(BuildxFailure.ArgumentInvalid, $"{what} '{DisplayText.Line(Show(text))}' cannot be fetched: {problem}.", Forms);

    [GeneratedRegex("^(?<scheme>[a-zA-Z0-9]+)://", RegexOptions.ExplicitCapture)]
    private static partial Regex SchemeOf();

    [GeneratedRegex(@"^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:(?<path>.*?)(\?(?<query>.*?))?(#(?<fragment>.*))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex SecureCopyAddress();

    // What an engine says may be long and hostile: nothing here looks back further than this.
    [GeneratedRegex("(?<start>[a-zA-Z]{1,20}://[^/@:?#\\s]*:)[^/?#\\s]*@", RegexOptions.ExplicitCapture)]
    private static partial Regex Password();

    // Over http a name alone is a token; over ssh it is a user.
    [GeneratedRegex("(?<start>https?://)[^/@:?#\\s]+@", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase)]
    private static partial Regex Token();

    [GeneratedRegex("https?://[^\\s\"<>|]+", RegexOptions.IgnoreCase)]
    private static partial Regex AddressInText();

    [GeneratedRegex("(?<start>[?&](?<key>[^=&#]*)=)[^&#]*", RegexOptions.ExplicitCapture)]
    private static partial Regex Pair();
}
