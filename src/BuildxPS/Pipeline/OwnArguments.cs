namespace BuildxPS.Pipeline;

/// <summary>Reads what came with an object from the pipeline, by the names of its properties.</summary>
internal static class OwnArguments
{
    /// <summary>Leaves out what says nothing, as an empty field of a table (CSV) does.</summary>
    /// <param name="values">A property's value.</param>
    /// <returns>The values that are some.</returns>
    public static IEnumerable<T> Filled<T>(IEnumerable<T?>? values)
        where T : class
        => (values ?? []).Where(v => PairArguments.Unwrap(v) is not (null or "")).OfType<T>();

    /// <summary>The same for one text.</summary>
    /// <param name="value">A property's value.</param>
    /// <returns>The text; null where it says nothing.</returns>
    public static string? Filled(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
