namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <summary>What the catalogue says of one reason for failures. The texts that errors show are taken from here or add to it what is known where they are thrown.</summary>
/// <param name="failure">The reason.</param>
/// <param name="category">Its kind.</param>
/// <param name="title">What is the matter.</param>
/// <param name="meaning">How it comes about, and how it is recognised.</param>
public sealed class FailureEntry(BuildxFailure failure, FailureCategory category, string title, string meaning)
{
    /// <summary>The reason, whose name is the error's id.</summary>
    public BuildxFailure Failure { get; } = failure;

    /// <summary>Its kind, by PowerShell's names.</summary>
    public FailureCategory Category { get; } = category;

    /// <summary>What is the matter, in a few words.</summary>
    public string Title { get; } = title;

    /// <summary>How it comes about, and how it is recognised: one or two sentences.</summary>
    public string Meaning { get; } = meaning;

    /// <summary>What to do about it in general.</summary>
    public string Advice
    {
        get => field ?? string.Join(' ', Cases.Select(c => c.Advice).Distinct());
        init;
    }

    /// <summary>The ways in which it shows itself at engines; the first one that fits an error counts.</summary>
    public IReadOnlyList<FailureCase> Cases { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Failure}: {Title}";
}
