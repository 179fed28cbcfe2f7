using Microsoft.AspNetCore.Http;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>A request of kubernetes' API, taken apart and checked as far as it needs no objects.</summary>
internal sealed record StandInRequest
{
    private static readonly Dictionary<string, string[]> s_parameters = new(StringComparer.Ordinal)
    {
        ["get"] = [],
        ["list"] = ["labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "watch"],
        ["watch"] = ["labelSelector", "resourceVersion", "watch", "allowWatchBookmarks", "timeoutSeconds"],
        ["create"] = [],
        ["update"] = [],
        ["patch"] = [],
        ["delete"] = ["propagationPolicy"],
        ["deletecollection"] = ["labelSelector"],
    };

    private static readonly Dictionary<string, string[]> s_verbs = new(StringComparer.Ordinal)
    {
        ["deployments.apps"] = ["get", "list", "create", "update", "delete"],
        ["statefulsets.apps"] = ["get", "list", "create", "update", "delete"],
        ["deployments.apps/scale"] = ["patch"],
        ["statefulsets.apps/scale"] = ["patch"],
        ["configmaps"] = ["get", "list", "create", "update", "delete"],
        ["pods"] = ["get", "list", "watch"],
        ["pods/exec"] = ["get"],
        ["events"] = ["list"],
        ["persistentvolumeclaims"] = ["list", "delete", "deletecollection"],
        ["selfsubjectaccessreviews.authorization.k8s.io"] = ["create"],
    };

    public required string Verb { get; init; }

    public required string Group { get; init; }

    public required string Space { get; init; }

    public required string Resource { get; init; }

    public string Name { get; init; } = "";

    public string Part { get; init; } = "";

    public required HttpContext Http { get; init; }

    /// <summary>As roles are spoken of: <c>deployments.apps</c>.</summary>
    public string FullResource => Group.Length == 0 ? Resource : $"{Resource}.{Group}";

    /// <summary>As the driver names it: <c>deployments.apps/scale</c>.</summary>
    public string FullName => FullResource + (Part.Length == 0 ? "" : "/" + Part);

    public string Query(string name) => Http.Request.Query[name].ToString();

    public static StandInRequest Parse(HttpContext http)
    {
        var segments = http.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var (group, rest) = segments switch
        {
            ["api", "v1", .. var core] => ("", core),
            ["apis", "apps", "v1", .. var apps] => ("apps", apps),
            ["apis", "authorization.k8s.io", "v1", .. var authorization] => ("authorization.k8s.io", authorization),
            _ => throw new StandInRefusal(404, "NotFound", "the server could not find the requested resource"),
        };
        var (space, resource, name, part) = rest switch
        {
            ["namespaces", var s, var r] => (s, r, "", ""),
            ["namespaces", var s, var r, var n] => (s, r, n, ""),
            ["namespaces", var s, var r, var n, var p] => (s, r, n, p),
            [var r] => ("", r, "", ""),
            _ => throw new StandInRefusal(404, "NotFound", "the server could not find the requested resource"),
        };
        var request = new StandInRequest { Verb = VerbOf(http, name), Group = group, Space = space, Resource = resource, Name = name, Part = part, Http = http };
        request.Check();
        return request;
    }

    private void Check()
    {
        if (!s_verbs.TryGetValue(FullName, out var verbs))
        {
            throw new StandInRefusal(404, "NotFound", "the server could not find the requested resource");
        }

        if (!verbs.Contains(Verb))
        {
            throw new StandInRefusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
        }

        if (Space.Length == 0 != (Group == "authorization.k8s.io"))
        {
            throw StandInRefusal.Bad($"{FullName} is not asked for in this way in a namespace");
        }

        var type = Http.Request.ContentType?.Split(';')[0];
        string[]? wanted = Verb switch
        {
            "create" or "update" => ["application/json", StandInProtobuf.ContentType],
            "patch" => ["application/merge-patch+json"],
            _ => null,
        };
        if (wanted is not null && !wanted.Contains(type))
        {
            throw new StandInRefusal(415, "UnsupportedMediaType", $"the body of the request was in an unknown format: {type} and not {string.Join(", ", wanted)}");
        }

        if (Part != "exec" && Http.Request.Query.Keys.FirstOrDefault(k => !s_parameters[Verb].Contains(k)) is { } unknown)
        {
            throw StandInRefusal.Bad($"{Verb} {FullName} has no parameter {unknown}");
        }
    }

    private static string VerbOf(HttpContext http, string name) => http.Request.Method switch
    {
        "GET" when name.Length > 0 => "get",
        "GET" => http.Request.Query["watch"].ToString() is "true" or "1" ? "watch" : "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => name.Length > 0 ? "delete" : "deletecollection",
        var method => throw StandInRefusal.Bad($"the method {method}"),
    };
}
