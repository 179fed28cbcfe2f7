namespace BuildxPS.Engine.Progress;

/// <summary>A log whose lines can be folded.</summary>
internal interface ILogGroups
{
    /// <summary>The line that ends a group.</summary>
    string EndGroup { get; }

    /// <summary>The line that begins a group.</summary>
    /// <param name="title">What is shown of the group while it is folded, harmless to show.</param>
    /// <returns>The line.</returns>
    string BeginGroup(string title);
}
