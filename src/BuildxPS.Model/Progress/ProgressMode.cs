namespace BuildxPS;

/// <summary>How a command shows what goes on while it works.</summary>
public enum ProgressMode
{
    /// <summary>Bars on a terminal, lines elsewhere. <c>BUILDKIT_PROGRESS</c> may choose instead.</summary>
    Auto,

    /// <summary>Lines, in the format of <c>docker buildx build --progress=plain</c>.</summary>
    Plain,

    /// <summary>Nothing but warnings and errors.</summary>
    None,
}
