using System.Collections;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for outputs: docker's text form, hashtables and <see cref="OutputSpec"/> objects.</summary>
internal static class OutputArguments
{
    /// <summary>Reads the arguments.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The outputs, their destinations as written.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.OutputInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<OutputSpec> Read(IEnumerable<object?> arguments) => [.. SpecArguments.Rejoin(arguments).Select(ReadOne)];

    private static OutputSpec ReadOne(object? argument) => argument switch
    {
        OutputSpec spec => spec,
        string text => OutputSpec.Parse(text),
        FileSystemInfo folder => new OutputSpec { Type = "local", Destination = folder.FullName },
        IDictionary table => OutputSpec.From(SpecArguments.PairsOf(table, "output attribute"), SpecArguments.Describe(table)),
        var other => throw new BuildxException(
            BuildxFailure.OutputInvalid,
            $"A value of type {other?.GetType().Name ?? "null"} is not an output.",
            "Write an output as text ('type=local,dest=folder', or just a folder), or as a hashtable (@{ Type = 'tar'; Destination = 'out.tar' })."),
    };
}
