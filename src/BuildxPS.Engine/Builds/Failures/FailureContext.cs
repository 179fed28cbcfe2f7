using BuildxPS.Engine.Emulation;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>What this client knows about a build that failed.</summary>
internal sealed record FailureContext
{
    /// <summary>The build's reference.</summary>
    public required string BuildRef { get; init; }

    /// <summary>Its local inputs.</summary>
    public required BuildInputs Inputs { get; init; }

    /// <summary>What was to be built where.</summary>
    public required NodePlan Plan { get; init; }

    /// <summary>The builder.</summary>
    public required string Builder { get; init; }

    /// <summary>The builder's driver.</summary>
    public required string Driver { get; init; }

    /// <summary>The engine, where emulators are concerned.</summary>
    public required EmulatorSite Site { get; init; }

    /// <summary>Whether other nodes build other parts, so that a failure has to name the node.</summary>
    public bool IsOneOfSeveral { get; init; }

    /// <summary>Which logins the engine asked for.</summary>
    public required WatchedCredentials Logins { get; init; }

    /// <summary>Which secrets and SSH agents the engine asked for.</summary>
    public required BuildMounts Mounts { get; init; }

    /// <summary>What the base image has instead of the wanted platform; null where that is not known.</summary>
    public string? BaseImage { get; init; }
}
