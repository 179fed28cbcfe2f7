namespace BuildxPS.Engine.Emulation;

/// <summary>Which processors' programs the machines of a builder do not run by themselves. Each machine gets what it lacks.</summary>
/// <param name="architectures">The processors that were asked for.</param>
/// <param name="force">Whether also those that a machine most likely runs are to be emulated.</param>
internal sealed class ForeignArchitectures(IReadOnlyList<EmulatedArchitecture> architectures, bool force)
{
    private readonly Lock _lock = new();
    private readonly HashSet<EmulatedArchitecture> _needed = [];
    private readonly Dictionary<EmulatedArchitecture, NodeAnswer<Emulator>> _refused = [];

    /// <summary>Those that a machine lacks.</summary>
    /// <param name="machine">What it is called in messages.</param>
    /// <param name="node">Its node's name.</param>
    /// <param name="own">Its own platform.</param>
    /// <returns>The processors.</returns>
    public IReadOnlyList<EmulatedArchitecture> Of(string machine, string node, Platform own)
    {
        lock (_lock)
        {
            var foreign = architectures.Where(a => IsForeign(a, machine, node, own)).ToList();
            _needed.UnionWith(foreign);
            return foreign;
        }
    }

    /// <summary>Those that no machine lacks; for the others, another machine of the builder is why they were asked for.</summary>
    /// <returns>A failure for each.</returns>
    public IReadOnlyList<NodeAnswer<Emulator>> Unneeded()
    {
        lock (_lock)
        {
            return [.. architectures.Where(a => !_needed.Contains(a) && _refused.ContainsKey(a)).Select(a => _refused[a])];
        }
    }

    private bool IsForeign(EmulatedArchitecture architecture, string machine, string node, Platform own)
    {
        try
        {
            EmulatedPlatforms.RequireForeign(architecture, own, machine, force);
            return true;
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.EmulatorNotNeeded)
        {
            _refused[architecture] = new NodeAnswer<Emulator> { Node = node, Failure = e };
            return false;
        }
    }
}
