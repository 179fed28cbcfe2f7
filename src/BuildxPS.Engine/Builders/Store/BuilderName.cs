using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>What can be a builder's or a node's name. Names become file names and containers, so nothing else is let through.</summary>
internal static partial class BuilderName
{
    /// <summary>Longest name: with what is put before and behind it, it still is a file's and a container's.</summary>
    public const int MaxLength = 200;

    /// <summary>Whether a text can be a name.</summary>
    /// <param name="text">The text.</param>
    /// <returns>False for everything like a path.</returns>
    public static bool IsValid(string? text) => text is { Length: <= MaxLength } && Pattern().IsMatch(text);

    /// <summary>Checks a name that a user gave.</summary>
    /// <param name="text">The text.</param>
    /// <param name="what">What it names, for the message: <c>builder</c>.</param>
    /// <returns>The name.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuilderNameInvalid"/>.</exception>
    public static string Check(string text, string what) => IsValid(text) ? text : throw new BuildxException(
        BuildxFailure.BuilderNameInvalid,
        $"'{DisplayText.Line(text)}' cannot be a {what}'s name.",
        $"A name starts with a letter and goes on with letters, digits and the characters . _ - up to {MaxLength} in all.");

    [GeneratedRegex(@"\A[a-zA-Z][a-zA-Z0-9._-]*\z")]
    private static partial Regex Pattern();
}
