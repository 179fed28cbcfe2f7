namespace BuildxPS;

/// <summary>An interpreter that a Linux kernel runs programs of another processor with: an entry of its binfmt_misc.</summary>
public sealed record Emulator
{
    /// <summary>The entry's name, for example <c>qemu-aarch64</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The platform whose programs it runs, for <c>linux/arm/v7</c> also those of older variants; null where images have no name for it.</summary>
    public Platform? Platform { get; init; }

    /// <summary>The interpreter's path, as the kernel was told it; empty where that machine cannot be looked at.</summary>
    public string Interpreter { get; init; } = "";

    /// <summary>
    /// The entry's flags as the kernel writes them: <c>P</c> passes the name that a program was called by, <c>O</c> and <c>C</c> keep a
    /// program's own rights (set-user-id), <c>F</c> opens the interpreter when it is registered. Empty for none, or where they are not known.
    /// </summary>
    public string Flags { get; init; } = "";

    /// <summary>Whether the kernel uses it: an entry, and binfmt_misc as a whole, can be switched off.</summary>
    public bool IsEnabled { get; init; }

    /// <summary>Whether programs in containers are run with it: without the flag F the kernel looks for the interpreter in the container.</summary>
    public bool WorksInContainers { get; init; }

    /// <summary>The first bytes of the programs that it runs, in hexadecimal; empty where that machine cannot be looked at.</summary>
    public string Magic { get; init; } = "";

    /// <summary>Which bits of <see cref="Magic"/> count, in hexadecimal; empty where all do.</summary>
    public string Mask { get; init; } = "";

    /// <summary>The builder through which it was registered; null for one of this machine, and where the engine was named by its context or address.</summary>
    public string? Builder { get; init; }

    /// <summary>The docker context that the engine was named by; null for the others.</summary>
    public string? Context { get; init; }

    /// <summary>The address that the engine was named by; null for the others.</summary>
    public string? DockerHost { get; init; }

    /// <summary>The builder's node on whose machine it is; null for one of this machine.</summary>
    public string? Node { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
