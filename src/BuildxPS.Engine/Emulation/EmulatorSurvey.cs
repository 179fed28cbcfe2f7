namespace BuildxPS.Engine.Emulation;

/// <summary>What a machine's kernel says about emulators.</summary>
public sealed record EmulatorSurvey
{
    /// <summary>The emulators.</summary>
    public IReadOnlyList<Emulator> Emulators { get; init; } = [];

    /// <summary>What keeps them all from being seen or used, with what to do; one sentence or two each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
