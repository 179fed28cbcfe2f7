namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>What a cluster says of an object that does not come up.</summary>
/// <param name="About">The object's name.</param>
/// <param name="Reason">The reason, one word.</param>
/// <param name="Message">The cluster's own words.</param>
/// <param name="Id">Tells it from others, and from what it says when it happens again.</param>
internal sealed record ClusterWarning(string About, string Reason, string Message, string Id)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Reason}: {Message}";
}
