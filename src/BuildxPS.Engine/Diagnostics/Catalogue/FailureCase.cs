namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <summary>One way in which a failure shows itself at an engine, with what helps against just that.</summary>
public sealed record FailureCase
{
    /// <summary>Stands in a summary or an advice for a registry that is not known yet.</summary>
    internal const string Host = "HOST:PORT";

    /// <summary>Stands in an advice for the builder.</summary>
    internal const string Builder = "BUILDER";

    /// <summary>What failed, in our words; the engine's own follow it.</summary>
    public required string Summary { get; init; }

    /// <summary>Texts of which one is in the engine's error; parts of one text that stand apart are joined by <c>*</c>. Empty where it is known otherwise.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>What to do, whatever the engine; made of the three below where it depends on that.</summary>
    public string Advice
    {
        get => field ?? $"{BuilderAdvice} On a docker daemon's own engine: {DaemonAdvice} On an engine of the driver remote: {RemoteAdvice}";
        init;
    }

    /// <summary>What to do with an engine that a builder of this module runs; null where that makes no difference.</summary>
    public string? BuilderAdvice { get; init; }

    /// <summary>What to do with a docker daemon's own engine.</summary>
    public string? DaemonAdvice { get; init; }

    /// <summary>What to do with an engine that somebody else runs.</summary>
    public string? RemoteAdvice { get; init; }

    /// <summary>Whether an engine's error is this one.</summary>
    /// <param name="text">The engine's text.</param>
    /// <returns>Whether it is.</returns>
    internal bool Fits(string text) => Texts.Any(t => Fits(text, t));

    /// <summary>What failed, with the registry that the engine's text names.</summary>
    /// <param name="text">The engine's text.</param>
    /// <returns>Half a sentence.</returns>
    internal string Describe(string text)
        => RegistryNames.Find(text) is { } host ? Summary.Replace(Host, host, StringComparison.Ordinal) : Summary.Replace($"The registry {Host}", "A registry", StringComparison.Ordinal);

    /// <summary>What to do on a builder that is known.</summary>
    /// <param name="driver">Its driver.</param>
    /// <param name="builder">Its name.</param>
    /// <param name="host">The registry that it is about; null where there is none, or it is not known.</param>
    /// <returns>The advice, its commands complete as far as can be.</returns>
    internal string AdviceFor(string driver, string builder, string? host)
    {
        var advice = driver switch
        {
            "docker" => DaemonAdvice,
            "remote" => RemoteAdvice,
            _ => BuilderAdvice,
        };
        return (advice ?? Advice).Replace(Builder, builder, StringComparison.Ordinal).Replace(Host, host ?? Host, StringComparison.Ordinal);
    }

    private static bool Fits(string text, string pattern)
    {
        var position = 0;
        foreach (var part in pattern.Split('*'))
        {
            var found = text.IndexOf(part, position, StringComparison.OrdinalIgnoreCase);
            if (found < 0)
            {
                return false;
            }

            position = found + part.Length;
        }

        return true;
    }
}
