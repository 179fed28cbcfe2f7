namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for named build contexts: hashtables, <c>'name=value'</c> and <see cref="BuildContextSpec"/> objects.</summary>
internal static class ContextArguments
{
    private const string What = "build context";

    /// <summary>Reads the arguments; a later one of a name wins.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The contexts, their folders as written.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<BuildContextSpec> Read(IEnumerable<object?> arguments) => [.. arguments.SelectMany(ReadOne)];

    private static IEnumerable<BuildContextSpec> ReadOne(object? argument)
        => PairArguments.Unwrap(argument) is BuildContextSpec spec
            ? [spec]
            : PairArguments.Read([argument], What, NoValue).Select(p => BuildContextSpec.Parse(p.Key, p.Value));

    private static string? NoValue(string name) => throw new BuildxException(
        BuildxFailure.ArgumentInvalid,
        $"The {What} '{name}' has no value.",
        "Write it as a hashtable (@{ name = 'folder' }) or as text ('name=folder').");
}
