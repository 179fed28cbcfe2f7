using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>What the stand-in of an API server answers in place of a result.</summary>
internal sealed class StandInRefusal(int code, string reason, string message) : Exception(message)
{
    public int Code => code;

    /// <summary>A request that no API server takes, or that names what it has not: the client's own mistake.</summary>
    public static StandInRefusal Bad(string message) => new(400, "BadRequest", message);

    public static StandInRefusal Invalid(string kind, string name, string message) => new(422, "Invalid", $"{kind} \"{name}\" is invalid: {message}");

    public static StandInRefusal NotFound(string resource, string name) => new(404, "NotFound", $"{resource} \"{name}\" not found");

    public static StandInRefusal Forbidden(StandInRequest request) => new(
        403,
        "Forbidden",
        $"{request.FullResource} is forbidden: User \"tester\" cannot {request.Verb} resource \"{request.Resource}{(request.Part.Length == 0 ? "" : "/" + request.Part)}\" "
        + $"in API group \"{request.Group}\" in the namespace \"{request.Space}\"");

    public JsonObject ToStatus() => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = Message,
        ["reason"] = reason,
        ["code"] = code,
    };
}
