using System.Collections;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for caches: docker's text form, hashtables and <see cref="CacheSpec"/> objects.</summary>
internal static class CacheArguments
{
    /// <summary>Reads the arguments.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The caches, their folders as written.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CacheInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<CacheSpec> Read(IEnumerable<object?> arguments) => [.. SpecArguments.Rejoin(arguments).SelectMany(ReadOne)];

    private static IReadOnlyList<CacheSpec> ReadOne(object? argument) => argument switch
    {
        CacheSpec spec => [spec],
        string text => CacheSpec.ParseAll(text),
        ImageReference reference => CacheSpec.ParseAll(reference.ToString()),
        IDictionary table => [CacheSpec.From(SpecArguments.PairsOf(table, "cache attribute"), SpecArguments.Describe(table))],
        var other => throw new BuildxException(
            BuildxFailure.CacheInvalid,
            $"A value of type {other?.GetType().Name ?? "null"} is not a cache.",
            "Write a cache as text ('type=local,dest=folder', or just an image reference), or as a hashtable (@{ Type = 'local'; Dest = 'folder' })."),
    };
}
