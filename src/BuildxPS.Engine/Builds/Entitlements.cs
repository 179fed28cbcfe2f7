using BuildxPS.Engine.Builds.Outputs;

namespace BuildxPS.Engine.Builds;

/// <summary>What steps may do beyond the usual, if the engine allows it, too.</summary>
internal static class Entitlements
{
    private const string NetworkHost = "network.host";
    private const string Known = "network.host, security.insecure, device, device=NAME and buildx.local.delete";

    /// <summary>Checks entitlements.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static void Check(BuildRequest request)
    {
        foreach (var entitlement in request.Entitlements)
        {
            var equals = entitlement.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (entitlement, null) : (entitlement[..equals], entitlement[(equals + 1)..]);
            var problem = name switch
            {
                NetworkHost or "security.insecure" or LocalDelete.Entitlement => value is null ? null : "takes no value",
                "device" => value is null ? null : DeviceProblem(value),
                _ => "is not known",
            };
            if (problem is not null)
            {
                throw new BuildxException(BuildxFailure.ArgumentInvalid, $"The entitlement '{entitlement}' {problem}.", $"There are {Known}.");
            }
        }
    }

    /// <summary>What the engine is asked for.</summary>
    /// <param name="request">The request, checked.</param>
    /// <returns>Each once; a network of the host needs its own.</returns>
    public static IReadOnlyList<string> ForEngine(BuildRequest request)
        => [.. request.Entitlements.Where(e => e != LocalDelete.Entitlement).Concat(request.Network == "host" ? [NetworkHost] : []).Distinct(StringComparer.Ordinal)];

    private static string? DeviceProblem(string value)
    {
        var fields = value.Split(',');
        return fields[0].Length == 0 ? "names no device"
            : fields.Skip(1).FirstOrDefault(f => !f.StartsWith("alias=", StringComparison.Ordinal)) is { } other ? $"has the part '{other}', and only alias=NAME may follow a device"
            : null;
    }
}
