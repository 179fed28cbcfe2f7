namespace BuildxPS.Engine.Emulation;

/// <summary>An engine as its user named it, so that what is said of it can be piped on and still means that engine: one of three.</summary>
/// <param name="Builder">The builder's name.</param>
/// <param name="Context">The docker context.</param>
/// <param name="DockerHost">The address.</param>
internal sealed record NamedEngine(string? Builder, string? Context, string? DockerHost)
{
    /// <summary>Names an engine.</summary>
    /// <param name="selection">How the user named it.</param>
    /// <param name="builder">The builder that it turned out to be; for an address that is <c>default</c>, which means another one elsewhere.</param>
    /// <returns>The name.</returns>
    public static NamedEngine Of(BuilderSelection selection, string builder) => selection switch
    {
        { Name: null, DockerHost: { } host } => new(null, null, host),
        { Name: null, Context: { } context } => new(null, context, null),
        _ => new(builder, null, null),
    };
}
