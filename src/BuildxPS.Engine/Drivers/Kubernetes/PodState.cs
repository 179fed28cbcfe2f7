using k8s.Models;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>How a pod stands.</summary>
internal static class PodState
{
    /// <summary>Whether a build can go to a pod: it runs, and is not about to end.</summary>
    /// <param name="pod">The pod.</param>
    /// <returns>Whether it can.</returns>
    public static bool IsRunning(V1Pod pod) => pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase == "Running";

    /// <summary>Whether a pod runs and its probe says that BuildKit answers.</summary>
    /// <param name="pod">The pod.</param>
    /// <returns>Whether it is ready.</returns>
    public static bool IsReady(V1Pod pod)
        => IsRunning(pod) && (pod.Status.Conditions ?? []).Any(c => c is { Type: "Ready", Status: "True" });

    /// <summary>Describes a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <returns>What a user sees of it.</returns>
    public static NodePod Describe(V1Pod pod)
    {
        var statuses = (pod.Status?.InitContainerStatuses ?? []).Concat(pod.Status?.ContainerStatuses ?? []).ToList();
        var waiting = statuses.Select(s => s.State?.Waiting).FirstOrDefault(w => w?.Reason is not null);
        return new NodePod
        {
            Name = DisplayText.Line(pod.Metadata.Name),
            Phase = pod.Metadata.DeletionTimestamp is null ? DisplayText.Line(pod.Status?.Phase ?? "Unknown") : "Terminating",
            IsReady = IsReady(pod),
            Host = DisplayText.Line(pod.Spec?.NodeName),
            Restarts = statuses.Sum(s => s.RestartCount),
            Reason = DisplayText.Line(waiting?.Reason ?? pod.Status?.Reason),
            Message = DisplayText.Line(waiting?.Message ?? pod.Status?.Message),
        };
    }
}
