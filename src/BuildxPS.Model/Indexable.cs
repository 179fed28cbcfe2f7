namespace BuildxPS;

/// <summary>Makes lists and pairs that PowerShell can index, and that say what they hold where only a text has room.</summary>
internal static class Indexable
{
    /// <summary>Gives a list whose entries <c>$list[1]</c> finds.</summary>
    /// <typeparam name="T">What is in it.</typeparam>
    /// <param name="list">Any list.</param>
    /// <returns>The list, or a view of it.</returns>
    /// <remarks>The compiler's own read-only lists hide their indexer, and PowerShell then takes the list for one value.</remarks>
    public static IReadOnlyList<T> From<T>(IReadOnlyList<T> list)
        => list is ShownList<T> ? list : new ShownList<T>(list is T[] or List<T> ? (IList<T>)list : list.ToArray());

    /// <summary>Gives pairs whose values <c>$pairs['key']</c> finds.</summary>
    /// <param name="pairs">Any pairs.</param>
    /// <returns>The pairs, or a view of them.</returns>
    public static IReadOnlyDictionary<string, string> From(IReadOnlyDictionary<string, string> pairs)
        => pairs is ShownPairs ? pairs : new ShownPairs(pairs as IDictionary<string, string> ?? new Dictionary<string, string>(pairs, StringComparer.Ordinal));
}
