using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Builders;

/// <summary>Where a node's engine runs, as far as its address tells: what belongs to that machine and not to the engine, like emulators, is changed there.</summary>
public sealed record EngineMachine
{
    /// <summary>The address that reaches it, or what stands for it.</summary>
    public required string Address { get; init; }

    /// <summary>Whether it is this machine.</summary>
    public bool IsHere { get; init; }

    /// <summary>Whether a docker daemon is there that can be asked to run containers.</summary>
    public bool HasDocker { get; init; }

    /// <summary>What is known where nobody said anything.</summary>
    internal static EngineMachine Unknown { get; } = new() { Address = "an address that is not known" };

    /// <summary>Describes the machine at an address.</summary>
    /// <param name="address">The engine's address.</param>
    /// <param name="hasDocker">Whether a docker daemon is there.</param>
    internal static EngineMachine At(string address, bool hasDocker) => new()
    {
        Address = address,
        IsHere = LocalAddress.IsThisMachine(address),
        HasDocker = hasDocker,
    };
}
