namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for a driver's options: hashtables, and buildx's comma-separated text.</summary>
internal static class DriverOptionArguments
{
    private const string What = "driver option";

    /// <summary>Reads the arguments; later ones win.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The options.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DriverOptionInvalid"/> or <see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static IReadOnlyDictionary<string, string> Read(IEnumerable<object?> arguments)
        => PairArguments.Read(arguments.SelectMany(Split), What, key => throw Invalid($"'{DisplayText.Line(key)}' has no value"));

    private static IEnumerable<object?> Split(object? argument)
        => PairArguments.Unwrap(argument) is not string text ? [argument]
            : CommaSeparated.TryRead(text, out var fields) ? fields
            : throw Invalid($"the quotes or commas in '{DisplayText.Line(text)}' do not fit");

    private static BuildxException Invalid(string problem) => new(
        BuildxFailure.DriverOptionInvalid,
        $"The driver options cannot be read: {problem}.",
        "Write driver options as a hashtable (@{ network = 'host' }) or as text ('network=host'); a value with a comma is quoted: '\"env.LIST=a,b\"'.");
}
