namespace BuildxPS.Engine.Tests.Environment;

/// <summary>
/// For tests that no other may run beside: an engine shares equal vertices between the builds that run at the same
/// time, so each of these builds also sees what the others call them.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
