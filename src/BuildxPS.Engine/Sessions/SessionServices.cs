namespace BuildxPS.Engine.Sessions;

/// <summary>What a session serves during one build.</summary>
/// <param name="Methods">The methods.</param>
/// <param name="AreAwaited">Whether the build cannot succeed any more without this session, because its outputs have not come yet.</param>
internal sealed record SessionServices(IReadOnlyList<ISessionMethod> Methods, Func<bool> AreAwaited);
