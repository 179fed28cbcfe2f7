namespace BuildxPS.Engine.Emulation;

/// <summary>How an emulator would be registered on this machine: everything was checked, nothing was changed.</summary>
public sealed record EmulatorRegistration
{
    /// <summary>The platform.</summary>
    public required Platform Platform { get; init; }

    /// <summary>The entry's name.</summary>
    public required string Name { get; init; }

    /// <summary>The interpreter's path.</summary>
    public required string Interpreter { get; init; }

    /// <summary>The flags.</summary>
    public required string Flags { get; init; }

    /// <summary>Names of entries that go, since they are for the same platform.</summary>
    public IReadOnlyList<string> Replaced { get; init; } = [];

    /// <summary>Whether also entries for the platform go that are seen only once binfmt_misc is mounted.</summary>
    public bool Force { get; init; }

    /// <summary>Where binfmt_misc is mounted first; null where it is mounted.</summary>
    public string? MountPoint { get; init; }

    /// <summary>What is done, for a preview.</summary>
    /// <returns>A sentence without its end.</returns>
    public string Describe()
        => (MountPoint is null ? "" : $"Mount binfmt_misc at {MountPoint}; ")
            + (Replaced.Count == 0 ? "" : $"Unregister {string.Join(", ", Replaced)}; ")
            + $"Register {Interpreter} with the flags {Flags}";
}
