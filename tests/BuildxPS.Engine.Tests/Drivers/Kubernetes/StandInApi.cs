using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>The verbs of the stand-in's API.</summary>
internal sealed class StandInApi(StandInCluster cluster, CancellationToken ends)
{
    private static readonly TimeSpan s_bookmark = TimeSpan.FromMilliseconds(300);

    private static readonly Dictionary<string, (string Kind, string Version)> s_kinds = new(StringComparer.Ordinal)
    {
        ["deployments"] = ("Deployment", "apps/v1"),
        ["statefulsets"] = ("StatefulSet", "apps/v1"),
        ["configmaps"] = ("ConfigMap", "v1"),
        ["pods"] = ("Pod", "v1"),
        ["events"] = ("Event", "v1"),
        ["persistentvolumeclaims"] = ("PersistentVolumeClaim", "v1"),
        ["selfsubjectaccessreviews"] = ("SelfSubjectAccessReview", "authorization.k8s.io/v1"),
    };

    public async Task AnswerAsync(StandInRequest request)
    {
        cluster.Requests.Enqueue($"{request.Verb} {request.FullName} {request.Name}".TrimEnd());

        // Newer servers ask for the right to create as well, since the request to get starts something.
        if (cluster.Forbidden.Contains($"{request.Verb} {request.FullName}"))
        {
            throw StandInRefusal.Forbidden(request);
        }

        if (request.Part == "exec")
        {
            await (cluster.Forbidden.Contains("create pods/exec") ? throw StandInRefusal.Forbidden(request with { Verb = "create" }) : cluster.Commands.RunAsync(request));
            return;
        }

        if (request.Verb == "watch")
        {
            await WatchAsync(request);
            return;
        }

        var body = request.Verb is "create" or "update" or "patch" ? await ReadAsync(request) : null;
        var answer = request.Verb switch
        {
            "get" => Find(request),
            "list" => List(request),
            "create" when request.Resource == "selfsubjectaccessreviews" => Review(body!),
            "create" => Create(request, body!),
            "update" => Update(request, body!),
            "patch" => Scale(request, StandInSchema.CheckScale(body!)),
            "delete" => Delete(request),
            _ => DeleteAll(request),
        };
        request.Http.Response.StatusCode = request.Verb == "create" ? 201 : 200;
        await request.Http.Response.WriteAsJsonAsync(answer, ends);
    }

    private JsonObject Find(StandInRequest request)
        => WithKind(request.Resource, cluster.Store.Find(request.Resource, request.Space, request.Name) ?? throw StandInRefusal.NotFound(request.FullResource, request.Name));

    private JsonObject List(StandInRequest request)
    {
        if (request.Query("fieldSelector") is not ("" or "type=Warning"))
        {
            throw StandInRefusal.Bad($"field label not supported: {request.Query("fieldSelector")}");
        }

        var (kind, version) = s_kinds[request.Resource];
        var (items, newest) = cluster.Store.List(request.Resource, request.Space, Selector(request));
        return new JsonObject
        {
            ["kind"] = kind + "List",
            ["apiVersion"] = version,
            ["metadata"] = new JsonObject { ["resourceVersion"] = newest.ToString(CultureInfo.InvariantCulture) },
            ["items"] = new JsonArray([.. items]),
        };
    }

    private JsonObject Review(JsonObject body)
    {
        StandInSchema.Check("SelfSubjectAccessReview", "authorization.k8s.io/v1", body);
        var asked = body["spec"]!["resourceAttributes"]!;
        var (group, part) = ((string?)asked["group"] ?? "", (string?)asked["subresource"] ?? "");
        var right = $"{asked["verb"]} {asked["resource"]}{(group.Length == 0 ? "" : "." + group)}{(part.Length == 0 ? "" : "/" + part)}";
        body["status"] = new JsonObject { ["allowed"] = !cluster.Forbidden.Contains(right) };
        return body;
    }

    private JsonObject Create(StandInRequest request, JsonObject body)
    {
        var (kind, version) = s_kinds[request.Resource];
        StandInSchema.Check(kind, version, body);
        if (!cluster.Spaces.Contains(request.Space))
        {
            throw StandInRefusal.NotFound("namespaces", request.Space);
        }

        if ((string?)body["metadata"]!["namespace"] is { } space && space != request.Space)
        {
            throw StandInRefusal.Bad("the namespace of the provided object does not match the namespace sent on the request");
        }

        if (request.Group == "apps" && cluster.Denial is { } words)
        {
            throw new StandInRefusal(403, "Forbidden", $"admission webhook \"policy.example\" denied the request: {words}");
        }

        var sent = (JsonObject)body.DeepClone();
        var made = cluster.Store.Add(request.Resource, request.Space, body);
        cluster.Created.Enqueue(sent);
        if (request.Group == "apps")
        {
            cluster.Pods.Reconcile(request.Resource, request.Space, StandInStore.NameOf(made));
        }

        return WithKind(request.Resource, made);
    }

    private JsonObject Update(StandInRequest request, JsonObject body)
    {
        var (kind, version) = s_kinds[request.Resource];
        StandInSchema.Check(kind, version, body);
        return StandInStore.NameOf(body) != request.Name
            ? throw StandInRefusal.Bad("the name of the object does not match the name on the URL")
            : WithKind(request.Resource, cluster.Store.Change(request.Resource, request.Space, request.Name, o =>
            {
                o["data"] = body["data"]?.DeepClone();
                o["metadata"]!["annotations"] = body["metadata"]!["annotations"]?.DeepClone();
            }) ?? throw StandInRefusal.NotFound(request.FullResource, request.Name));
    }

    private JsonObject Scale(StandInRequest request, int replicas)
    {
        _ = cluster.Store.Change(request.Resource, request.Space, request.Name, o => o["spec"]!["replicas"] = replicas)
            ?? throw StandInRefusal.NotFound(request.FullResource, request.Name);
        cluster.Pods.Reconcile(request.Resource, request.Space, request.Name);
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = new JsonObject { ["name"] = request.Name, ["namespace"] = request.Space },
            ["spec"] = new JsonObject { ["replicas"] = replicas },
            ["status"] = new JsonObject { ["replicas"] = 0 },
        };
    }

    private JsonObject Delete(StandInRequest request)
    {
        if (request.Query("propagationPolicy") is not ("" or "Background"))
        {
            throw StandInRefusal.Bad($"propagationPolicy: Unsupported value: {request.Query("propagationPolicy")}");
        }

        var gone = cluster.Store.Find(request.Resource, request.Space, request.Name) ?? throw StandInRefusal.NotFound(request.FullResource, request.Name);
        cluster.Store.Remove(request.Resource, request.Space, request.Name);
        if (request.Group == "apps")
        {
            _ = cluster.Pods.CollectAsync(request.Space, gone);
        }

        return new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Success", ["metadata"] = new JsonObject() };
    }

    private JsonObject DeleteAll(StandInRequest request)
    {
        var list = List(request);
        foreach (var item in list["items"]!.AsArray())
        {
            cluster.Store.Remove(request.Resource, request.Space, StandInStore.NameOf(item!.AsObject()));
        }

        return list;
    }

    private async Task WatchAsync(StandInRequest request)
    {
        var isWanted = Selector(request);
        var (kind, version) = s_kinds[request.Resource];
        if (!long.TryParse(request.Query("resourceVersion"), CultureInfo.InvariantCulture, out var known))
        {
            throw StandInRefusal.Bad($"resourceVersion: Invalid value: {request.Query("resourceVersion")}");
        }

        request.Http.Response.ContentType = "application/json";
        while (true)
        {
            Task more;
            try
            {
                (var changes, known, more) = cluster.Store.Since(known, request.Resource, request.Space);
                foreach (var change in changes.Where(c => isWanted(c.Object)))
                {
                    await WriteAsync(request, change.Type, WithKind(request.Resource, change.Object));
                }
            }
            catch (StandInRefusal gone)
            {
                await WriteAsync(request, "ERROR", gone.ToStatus());
                return;
            }

            if (await Task.WhenAny(more, Task.Delay(s_bookmark, request.Http.RequestAborted)) != more && request.Query("allowWatchBookmarks") == "true")
            {
                await WriteAsync(request, "BOOKMARK", new JsonObject
                {
                    ["kind"] = kind,
                    ["apiVersion"] = version,
                    ["metadata"] = new JsonObject { ["resourceVersion"] = known.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null },
                });
            }

            ends.ThrowIfCancellationRequested();
        }
    }

    private static async Task WriteAsync(StandInRequest request, string type, JsonObject item)
    {
        await request.Http.Response.WriteAsync(new JsonObject { ["type"] = type, ["object"] = item }.ToJsonString() + "\n", request.Http.RequestAborted);
        await request.Http.Response.Body.FlushAsync(request.Http.RequestAborted);
    }

    private static Func<JsonObject, bool> Selector(StandInRequest request)
    {
        List<string[]> pairs = [.. request.Query("labelSelector").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2))];
        return pairs.All(p => p.Length == 2)
            ? o => pairs.All(p => (string?)o["metadata"]!["labels"]?[p[0]] == p[1])
            : throw StandInRefusal.Bad($"unable to parse requirement: {request.Query("labelSelector")}");
    }

    private static async Task<JsonObject> ReadAsync(StandInRequest request)
    {
        if (request.Http.Request.ContentType == StandInProtobuf.ContentType)
        {
            using var body = new MemoryStream();
            await request.Http.Request.Body.CopyToAsync(body);
            return StandInProtobuf.Read(body.ToArray());
        }

        try
        {
            return (await JsonNode.ParseAsync(request.Http.Request.Body))?.AsObject() ?? throw StandInRefusal.Bad("the body is null");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw StandInRefusal.Bad("the object provided is unrecognized: " + e.Message);
        }
    }

    private static JsonObject WithKind(string resource, JsonObject item)
    {
        (item["kind"], item["apiVersion"]) = (s_kinds[resource].Kind, s_kinds[resource].Version);
        return item;
    }
}
