using System.Collections.ObjectModel;

namespace BuildxPS;

/// <summary>A list that says what it holds where only a text has room, as in a cell of <c>ConvertTo-Csv</c>.</summary>
/// <typeparam name="T">What is in it.</typeparam>
public sealed class ShownList<T> : ReadOnlyCollection<T>
{
    internal ShownList(IList<T> list)
        : base(list)
    {
    }

    /// <summary>A list with nothing in it.</summary>
    internal static new ShownList<T> Empty { get; } = new([]);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ShownList<T> other && ReferenceEquals(Items, other.Items);

    /// <inheritdoc/>
    public override int GetHashCode() => Items.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => string.Join("; ", Items);
}
