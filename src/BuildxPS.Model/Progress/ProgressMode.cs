namespace BuildxPS;

/// <summary>How a command shows what goes on while it works.</summary>
public enum ProgressMode
{
    /// <summary>
    /// On a terminal bars for what runs, and a line for each step of a build that has ended; elsewhere lines, in Azure DevOps and
    /// GitHub with their own commands for groups, warnings, errors and results. <c>BUILDKIT_PROGRESS</c> may choose instead.
    /// </summary>
    Auto,

    /// <summary>Lines, in the format of <c>docker buildx build --progress=plain</c>.</summary>
    Plain,

    /// <summary>Nothing but warnings and errors.</summary>
    None,

    /// <summary>Bars for what runs, wherever the output goes; of steps that have ended nothing stays.</summary>
    Bars,
}
