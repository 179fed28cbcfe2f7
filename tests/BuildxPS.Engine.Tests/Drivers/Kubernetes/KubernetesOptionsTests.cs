using BuildxPS.Engine.Drivers.Kubernetes;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

public sealed class KubernetesOptionsTests
{
    [Theory]
    [InlineData("replica", "2", "no such option")]
    [InlineData("replicas", "many", "not a number")]
    [InlineData("replicas", "-1", "not a number")]
    [InlineData("requests.cpu", "a lot", "not an amount")]
    [InlineData("limits.memory", "4GB", "not an amount")]
    [InlineData("persistent-volume-claim.requests.storage", "big", "not an amount")]
    [InlineData("buildkit-root-volume-memory", "big", "not an amount")]
    [InlineData("nodeselector", "arch", "not a pair")]
    [InlineData("nodeselector", "a=b=c", "not a pair")]
    [InlineData("tolerations", "key=a,kind=b", "none of key, operator")]
    [InlineData("tolerations", "key=a,tolerationSeconds=soon", "not a number")]
    [InlineData("annotations", "buildx.docker.com/platform=x", "set by the driver itself")]
    [InlineData("labels", "app=x", "set by the driver itself")]
    [InlineData("rootless", "maybe", "neither true nor false")]
    [InlineData("qemu.install", "yes", "neither true nor false")]
    [InlineData("default-load", "on", "neither true nor false")]
    [InlineData("loadbalance", "even", "neither sticky nor random")]
    [InlineData("timeout", "90", "not a duration")]
    [InlineData("image", "Not An Image", "")]
    [InlineData("env.", "x", "a name must follow")]
    public void Wrong_value_is_named_with_its_option(string name, string value, string reason)
    {
        var e = Assert.Throws<BuildxException>(() => Parse((name, value)));

        Assert.Equal(BuildxFailure.DriverOptionInvalid, e.Failure);
        Assert.Contains($"{name}={value}", e.Message, StringComparison.Ordinal);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_a_pod_of_the_stable_image()
    {
        var options = Parse();

        Assert.Equal(("moby/buildkit:buildx-stable-1", 1, LoadBalance.Sticky), (options.Image, options.Replicas, options.LoadBalance));
        Assert.Equal(TimeSpan.FromSeconds(120), options.Timeout);
        Assert.Null(options.Namespace);
    }

    [Fact]
    public void Presence_of_rootless_alone_changes_the_image()
    {
        Assert.Equal((KubernetesOptions.RootlessImage, false), (Parse(("rootless", "false")).Image, Parse(("rootless", "false")).IsRootless));
        Assert.Equal("own:1", Parse(("rootless", "true"), ("image", "own:1")).Image);
    }

    [Fact]
    public void Lists_are_taken_apart()
    {
        var options = Parse(
            ("nodeselector", "\"kubernetes.io/arch=arm64,disk=ssd\""),
            ("tolerations", "key=a,value=b;key=c,operator=Exists,tolerationSeconds=60"),
            ("env.B", "2"),
            ("env.A", "1"),
            ("timeout", "2m30s"));

        Assert.Equal([("disk", "ssd"), ("kubernetes.io/arch", "arm64")], options.NodeSelector.Select(n => (n.Key, n.Value)).Order());
        Assert.Equal<(string?, string?, long?)>([("a", "b", null), ("c", null, 60)], options.Tolerations.Select(t => ((string?)t.Key, (string?)t.Value, t.TolerationSeconds)));
        Assert.Equal(["A", "B"], options.Environment.Select(e => e.Key));
        Assert.Equal(TimeSpan.FromSeconds(150), options.Timeout);
    }

    [Fact]
    public void Amounts_are_of_their_kind()
    {
        var options = Parse(("requests.ephemeral-storage", "10G"), ("limits.ephemeral-storage", "20G"), ("requests.cpu", "500m"));

        Assert.Equal([("cpu", "500m"), ("ephemeral-storage", "10G")], options.Requests.Select(r => (r.Key, r.Value.ToString())).Order());
        Assert.Equal([("ephemeral-storage", "20G")], options.Limits.Select(r => (r.Key, r.Value.ToString())));
    }

    // The buildx that tests compare with leaves the cache on disk then, and mounts the memory where a rootless BuildKit has nothing.
    [Fact]
    public void Rootless_cache_is_in_memory_where_it_is_asked_for()
    {
        var objects = KubernetesObjects.Create(new KubernetesNode { Name = "b0", Options = Parse(("rootless", "true"), ("buildkit-root-volume-memory", "8Gi")) });

        var pod = objects.Deployment!.Spec.Template.Spec;
        var volume = Assert.Single(pod.Volumes);
        Assert.Equal(("Memory", "8Gi"), (volume.EmptyDir.Medium, volume.EmptyDir.SizeLimit.ToString()));
        var mount = Assert.Single(pod.Containers[0].VolumeMounts);
        Assert.Equal((volume.Name, "/home/user/.local/share/buildkit"), (mount.Name, mount.MountPath));
    }

    private static KubernetesOptions Parse(params (string Name, string Value)[] options)
        => KubernetesOptions.Parse(options.ToDictionary(o => o.Name, o => o.Value, StringComparer.Ordinal));
}
