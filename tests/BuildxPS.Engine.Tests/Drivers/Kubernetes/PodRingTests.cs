using BuildxPS.Engine.Drivers.Kubernetes;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

public sealed class PodRingTests
{
    private static readonly string[] s_pods = ["b0-aaa", "b0-bbb", "b0-ccc"];

    // What buildx's own ring says.
    [Theory]
    [InlineData("/src/app", "b0-ccc")]
    [InlineData("/src/web", "b0-aaa")]
    public void Context_goes_to_the_pod_that_buildx_chooses(string context, string pod)
    {
        Assert.Equal(pod, PodRing.Choose(s_pods, context));
        Assert.Equal(pod, PodRing.Choose([.. s_pods.Reverse()], context));
    }

    [Fact]
    public void Pod_that_goes_takes_only_its_own_contexts_along()
    {
        var contexts = Enumerable.Range(0, 200).Select(i => $"/src/{i}").ToList();
        string[] left = ["b0-aaa", "b0-ccc"];

        Assert.All(contexts.Where(c => PodRing.Choose(s_pods, c) != "b0-bbb"), c => Assert.Equal(PodRing.Choose(s_pods, c), PodRing.Choose(left, c)));
        Assert.Equal(s_pods, contexts.Select(c => PodRing.Choose(s_pods, c)).Distinct().Order(StringComparer.Ordinal));
    }
}
