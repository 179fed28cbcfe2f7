namespace BuildxPS.Engine.Images.Registries;

/// <summary>A bearer token and how long it may be used. Its text form does not show it.</summary>
/// <param name="value">The token.</param>
/// <param name="usableUntil">When it is no longer used; null for one that does not end.</param>
internal sealed class RegistryToken(string value, DateTimeOffset? usableUntil)
{
    public string Value => value;

    public DateTimeOffset? UsableUntil => usableUntil;

    public bool IsUsable(DateTimeOffset now) => usableUntil is null || now < usableUntil;

    public override string ToString() => "(token)";
}
