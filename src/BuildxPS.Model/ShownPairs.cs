using System.Collections.ObjectModel;

namespace BuildxPS;

/// <summary>Pairs that say what they hold where only a text has room, as in a cell of <c>ConvertTo-Csv</c>.</summary>
public sealed class ShownPairs : ReadOnlyDictionary<string, string>
{
    internal ShownPairs(IDictionary<string, string> pairs)
        : base(pairs)
    {
    }

    /// <summary>No pairs.</summary>
    internal static new ShownPairs Empty { get; } = new(new Dictionary<string, string>(StringComparer.Ordinal));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ShownPairs other && ReferenceEquals(Dictionary, other.Dictionary);

    /// <inheritdoc/>
    public override int GetHashCode() => Dictionary.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => string.Join("; ", Dictionary.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));
}
