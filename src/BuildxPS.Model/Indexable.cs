namespace BuildxPS;

/// <summary>Makes lists that PowerShell can index.</summary>
internal static class Indexable
{
    /// <summary>Gives a list whose entries <c>$list[1]</c> finds.</summary>
    /// <typeparam name="T">What is in it.</typeparam>
    /// <param name="list">Any list.</param>
    /// <returns>The list itself, or a copy as an array.</returns>
    /// <remarks>The compiler's own read-only lists hide their indexer, and PowerShell then takes the list for one value.</remarks>
    public static IReadOnlyList<T> From<T>(IReadOnlyList<T> list) => list is T[] or List<T> ? list : list.ToArray();
}
