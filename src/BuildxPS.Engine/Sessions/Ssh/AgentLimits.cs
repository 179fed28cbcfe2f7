namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>How much of an agent a build may hold.</summary>
internal sealed record AgentLimits
{
    /// <summary>Connections at one time. Steps run side by side, and a git or ssh in them has one or two each.</summary>
    public int Connections { get; init; } = 100;

    /// <summary>How long a connection may be silent. A step that holds one for the length of its run is not disturbed.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long an agent may take for an answer: it may ask a person first, or wait for a touch.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromMinutes(10);
}
