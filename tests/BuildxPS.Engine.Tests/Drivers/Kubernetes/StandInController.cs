using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>What becomes of the stand-in's pods.</summary>
internal sealed record StandInFate
{
    /// <summary>Why the container waits, as in <c>ErrImagePull</c>; null where it runs.</summary>
    public string? Waiting { get; init; }

    /// <summary>The same in words.</summary>
    public string Words { get; init; } = "";

    /// <summary>How often the container was started again.</summary>
    public int Restarts { get; init; }

    /// <summary>What the container said last.</summary>
    public string? LastWords { get; init; }

    /// <summary>Whether the pod stays unscheduled, with no container status.</summary>
    public bool IsUnscheduled { get; init; }

    /// <summary>Whether no pod is made at all.</summary>
    public bool IsRefused { get; init; }

    /// <summary>A warning about the pod, or, where there is none, its replica set: reason and words.</summary>
    public (string Reason, string Words)? Warning { get; init; }
}

/// <summary>Makes pods of workloads, as the controllers, the scheduler and the kubelets of a cluster do.</summary>
internal sealed class StandInController(StandInStore store, CancellationToken ends)
{
    private readonly Lock _lock = new();
    private int _number;

    /// <summary>What becomes of pods that are made from now on.</summary>
    public StandInFate Fate { get; set; } = new();

    /// <summary>How long a pod takes to become ready, and to end.</summary>
    public TimeSpan Pace { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A pod is gone, or about to be.</summary>
    public event Action<string>? Ended;

    /// <summary>Makes the pods that a workload wants and has not, ends those it has and does not want.</summary>
    public void Reconcile(string resource, string space, string name)
    {
        lock (_lock)
        {
            if (store.Find(resource, space, name) is not { } workload)
            {
                return;
            }

            var wanted = (int?)workload["spec"]!["replicas"] ?? 1;
            var pods = PodsOf(space, workload).Where(p => p["metadata"]!["deletionTimestamp"] is null).Select(StandInStore.NameOf).Order(StringComparer.Ordinal).ToList();
            foreach (var pod in pods.Skip(wanted))
            {
                End(space, pod);
            }

            // A set's pods have fixed names: one that ends is waited for.
            var taken = store.Names("pods");
            var names = resource == "deployments"
                ? Enumerable.Range(0, wanted).Select(_ => $"{name}-6d4cf56db6-{++_number:x5}")
                : Enumerable.Range(0, wanted).Select(n => $"{name}-{n}").Where(n => !taken.Contains("pods/" + n));
            foreach (var pod in names.Take(wanted - pods.Count).ToList())
            {
                Make(resource, space, workload, pod);
            }
        }

        Count(resource, space, name);
    }

    /// <summary>Ends the pods of a workload that is gone, in the garbage collector's own time.</summary>
    public async Task CollectAsync(string space, JsonObject workload)
    {
        await Task.Delay(Pace * 4, ends).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var pod in PodsOf(space, workload))
        {
            End(space, StandInStore.NameOf(pod));
        }
    }

    /// <summary>Ends a pod as an eviction does; its workload makes another one.</summary>
    public void Kill(string space, string pod)
    {
        var owner = store.Find("pods", space, pod)?["metadata"]!["ownerReferences"]![0]!;
        Ended?.Invoke(pod);
        store.Remove("pods", space, pod);
        if (owner is not null)
        {
            Reconcile((string)owner["kind"]! == "StatefulSet" ? "statefulsets" : "deployments", space, (string)owner["name"]!);
        }
    }

    private void Make(string resource, string space, JsonObject workload, string pod)
    {
        var (name, fate, spec) = (StandInStore.NameOf(workload), Fate, workload["spec"]!);
        if (fate.IsRefused)
        {
            Warn(space, "ReplicaSet", name + "-6d4cf56db6", fate);
            return;
        }

        foreach (var claim in spec["volumeClaimTemplates"]?.AsArray() ?? [])
        {
            var claimName = $"{(string)claim!["metadata"]!["name"]!}-{pod}";
            if (store.Find("persistentvolumeclaims", space, claimName) is null)
            {
                store.Add("persistentvolumeclaims", space, new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = claimName, ["labels"] = spec["selector"]!["matchLabels"]!.DeepClone() },
                    ["spec"] = claim["spec"]!.DeepClone(),
                });
            }
        }

        store.Add("pods", space, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = pod,
                ["labels"] = spec["template"]!["metadata"]!["labels"]!.DeepClone(),
                ["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "apps/v1", ["kind"] = resource == "deployments" ? "Deployment" : "StatefulSet", ["name"] = name, ["uid"] = (string)workload["metadata"]!["uid"]! }),
            },
            ["spec"] = spec["template"]!["spec"]!.DeepClone(),
            ["status"] = new JsonObject { ["phase"] = "Pending" },
        });
        _ = RunAsync(resource, space, name, pod, fate);
    }

    private async Task RunAsync(string resource, string space, string name, string pod, StandInFate fate)
    {
        await Task.Delay(Pace, ends).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (fate.Warning is not null)
        {
            Warn(space, "Pod", pod, fate);
        }

        store.Change("pods", space, pod, p =>
        {
            p["status"] = fate switch
            {
                { IsUnscheduled: true } => Status("Pending", false, null),
                { Waiting: { } reason } => Status(reason == "CrashLoopBackOff" ? "Running" : "Pending", false, Waiting(fate)),
                _ => Status("Running", true, new JsonObject { ["running"] = new JsonObject() }),
            };
            if (!fate.IsUnscheduled)
            {
                p["spec"]!["nodeName"] = "machine-1";
                p["status"]!["containerStatuses"]![0]!["restartCount"] = fate.Restarts;
                if (fate.LastWords is { } words)
                {
                    p["status"]!["containerStatuses"]![0]!["lastState"] = new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = 1, ["message"] = words } };
                }
            }
        });
        Count(resource, space, name);
    }

    private static JsonObject Waiting(StandInFate fate) => new() { ["waiting"] = new JsonObject { ["reason"] = fate.Waiting, ["message"] = fate.Words } };

    private static JsonObject Status(string phase, bool isReady, JsonObject? state) => new()
    {
        ["phase"] = phase,
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = isReady ? "True" : "False" }),
        ["containerStatuses"] = state is null ? [] : new JsonArray(new JsonObject
        {
            ["name"] = "buildkitd",
            ["image"] = "an-image",
            ["imageID"] = "",
            ["ready"] = isReady,
            ["restartCount"] = 0,
            ["state"] = state,
        }),
    };

    private void End(string space, string pod)
    {
        store.Change("pods", space, pod, p => p["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z");
        _ = EndAsync(space, pod);
    }

    private async Task EndAsync(string space, string pod)
    {
        await Task.Delay(Pace, ends).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Kill(space, pod);
    }

    private List<JsonObject> PodsOf(string space, JsonObject workload)
        => store.List("pods", space, p => (string?)p["metadata"]!["ownerReferences"]![0]!["uid"] == (string?)workload["metadata"]!["uid"]).Items;

    private void Count(string resource, string space, string name)
    {
        if (store.Find(resource, space, name) is not { } workload)
        {
            return;
        }

        var ready = PodsOf(space, workload).Count(p => p["metadata"]!["deletionTimestamp"] is null && (string?)p["status"]!["conditions"]?[0]?["status"] == "True");
        store.Change(resource, space, name, w => w["status"] = new JsonObject { ["replicas"] = ready, ["readyReplicas"] = ready });
    }

    private void Warn(string space, string kind, string about, StandInFate fate) => store.Add("events", space, new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = $"{about}.{Guid.NewGuid():N}" },
        ["type"] = "Warning",
        ["reason"] = fate.Warning!.Value.Reason,
        ["message"] = fate.Warning.Value.Words,
        ["lastTimestamp"] = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        ["involvedObject"] = new JsonObject { ["kind"] = kind, ["namespace"] = space, ["name"] = about },
    });
}
