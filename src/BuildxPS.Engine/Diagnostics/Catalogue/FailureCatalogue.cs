using System.Collections.Frozen;

namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <summary>
/// The failures that explain themselves: an entry for each reason, with its category and what helps. Errors take their category, and
/// those that an engine tells by its text also their words, from here, so that what is read about them cannot differ from what they say.
/// </summary>
public static partial class FailureCatalogue
{
    private static readonly FrozenDictionary<BuildxFailure, FailureEntry> s_byFailure;

    // After the fields of all parts, whose order among files is not defined.
    static FailureCatalogue()
    {
        // What is special stands before what is general: the first case that fits a text counts.
        All = [.. Registries(), .. Builds(), .. Engines(), .. Builders(), .. Inputs(), .. Options()];
        Warnings = [CacheNotUsed];
        s_byFailure = All.ToFrozenDictionary(e => e.Failure);
    }

    /// <summary>All entries.</summary>
    public static IReadOnlyList<FailureEntry> All { get; }

    /// <summary>What a build goes on after, with a warning.</summary>
    public static IReadOnlyList<FailureCase> Warnings { get; }

    /// <summary>The entry of a reason.</summary>
    /// <param name="failure">The reason.</param>
    /// <returns>The entry.</returns>
    public static FailureEntry Of(BuildxFailure failure) => s_byFailure[failure];

    /// <summary>
    /// Finds the failure that a text tells, for engines tell most in no other way. A step that ended with an exit code is not asked
    /// about: its text holds the command, which may say anything.
    /// </summary>
    /// <param name="text">The engine's text.</param>
    /// <returns>The failure; null if it is none of these.</returns>
    internal static (BuildxFailure Failure, FailureCase Case)? Find(string text)
    {
        foreach (var entry in All)
        {
            if (entry.Cases.FirstOrDefault(c => c.Fits(text)) is { } found)
            {
                return (entry.Failure, found);
            }
        }

        return null;
    }

    /// <summary>Makes an advice that was given without knowing the builder one for just that builder.</summary>
    /// <param name="error">The failure, with an advice of this catalogue or another one.</param>
    /// <param name="driver">The builder's driver.</param>
    /// <param name="builder">The builder's name.</param>
    /// <returns>The advice; as it was where the builder makes no difference.</returns>
    internal static string AdviceFor(BuildxException error, string driver, string builder)
        => Of(error.Failure).Cases.FirstOrDefault(c => c.Advice == error.Advice)?.AdviceFor(driver, builder, RegistryNames.Find(error.Message)) ?? error.Advice;
}
