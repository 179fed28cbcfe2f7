using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Completion;

/// <summary>Builders as they are written down on this machine, for completers; no engine is asked.</summary>
internal static class LocalBuilders
{
    /// <summary>All builders.</summary>
    public static IReadOnlyList<Builder> List() => new BuilderCatalog(ClientEnvironment.Read()).ListLocal();

    /// <summary>One builder.</summary>
    /// <param name="name">Its name; null for the current one.</param>
    /// <returns>Null where there is none.</returns>
    public static Builder? Find(string? name) => List().FirstOrDefault(b => name is null ? b.IsCurrent : b.Name == name);
}
