using BuildxPS.Engine.Builds.Planning;

namespace BuildxPS.Engine.Tests.Builds.Planning;

public sealed class BuildPlannerTests
{
    private static IReadOnlyList<Platform> Platforms(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Platform.Parse)];

    /// <summary>Nodes as <c>explicit>reported</c>, separated by bars; they are named a, b, c.</summary>
    private static List<NodeCandidate> Nodes(string text) => [.. text.Split('|').Select((node, i) => new NodeCandidate
    {
        Name = ((char)('a' + i)).ToString(),
        Explicit = Platforms(node.Split('>')[0]),
        Reported = Platforms(node.Split('>')[1]),
    })];

    private static BuildPlan Plan(string wanted, string nodes) => BuildPlanner.Plan("builder", "docker", Platforms(wanted), Nodes(nodes));

    [Theory]
    [InlineData("", ">linux/amd64|>linux/arm64", "a")]
    [InlineData("linux/amd64 linux/arm64", ">linux/amd64 linux/arm64", "a: linux/amd64, linux/arm64")]
    [InlineData("linux/arm64 linux/amd64", ">linux/amd64|>linux/arm64", "a: linux/amd64; b: linux/arm64")]
    [InlineData("linux/arm64", ">linux/amd64 linux/arm64|>linux/arm64", "b: linux/arm64")]
    [InlineData("linux/arm64", ">linux/amd64 linux/arm64|>linux/s390x linux/arm64", "a: linux/arm64")]
    [InlineData("linux/amd64 linux/arm64 linux/arm/v7", ">linux/amd64 linux/arm64 linux/arm/v7|>linux/amd64 linux/arm64 linux/arm/v7", "a: linux/amd64, linux/arm/v7; b: linux/arm64")]
    [InlineData("linux/arm64", ">linux/amd64 linux/arm64|linux/arm64>", "b: linux/arm64")]
    [InlineData("linux/arm64 linux/s390x", ">linux/amd64 linux/arm64|linux/arm64>", "a: linux/s390x; b: linux/arm64")]
    [InlineData("linux/arm/v6", ">linux/arm64|>linux/arm/v5", "b: linux/arm/v6")]
    [InlineData("linux/arm/v7", ">linux/arm/v5|>linux/arm/v6", "b: linux/arm/v7")]
    [InlineData("linux/amd64/v3", ">linux/386|>linux/amd64", "b: linux/amd64/v3")]
    [InlineData("linux/riscv64", ">linux/amd64|>linux/arm64", "a: linux/riscv64")]
    public void Platforms_go_to_the_nearest_node(string wanted, string nodes, string expected)
        => Assert.Equal(expected, Plan(wanted, nodes).ToString());

    [Theory]
    [InlineData("linux/amd64 linux/arm64 linux/386", ">linux/amd64 linux/arm64 linux/386", "linux/arm64")]
    [InlineData("linux/amd64/v2 linux/riscv64", ">linux/amd64", "linux/riscv64")]
    [InlineData("linux/arm/v7", ">linux/arm64", "")]
    public void Platforms_of_another_processor_are_foreign(string wanted, string nodes, string expected)
        => Assert.Equal(Platforms(expected), Plan(wanted, nodes).Nodes[0].Foreign);

    [Theory]
    [InlineData("", ">linux/amd64", "the only node")]
    [InlineData("linux/amd64", ">linux/amd64", "the only node")]
    [InlineData("linux/arm64", ">linux/amd64", "the only node, although its engine does not list linux/arm64")]
    [InlineData("linux/arm64", "linux/arm64>linux/amd64", "linux/arm64 is assigned to it, although its engine does not list it")]
    [InlineData("linux/arm64", ">linux/amd64|>linux/s390x", "no node lists linux/arm64, so the first one tries")]
    [InlineData("", ">linux/amd64|>linux/amd64", "the first node, since no platform was asked for")]
    [InlineData("linux/arm64", ">linux/amd64|linux/arm64>", "linux/arm64 is assigned to it")]
    [InlineData("linux/arm64", ">linux/amd64|>linux/arm64", "it runs linux/arm64 by itself")]
    [InlineData("linux/amd64/v2", ">linux/s390x|>linux/amd64", "it runs a platform that fits linux/amd64/v2 by itself")]
    public void The_plan_says_why(string wanted, string nodes, string expected)
        => Assert.Equal(expected, Assert.Single(Plan(wanted, nodes).Nodes).Reason);

    [Fact]
    public void What_no_engine_lists_is_named()
        => Assert.Equal(Platforms("linux/s390x"), Plan("linux/amd64 linux/s390x", ">linux/amd64|>linux/arm64").Nodes[0].Unlisted);

    [Fact]
    public void Nobody_needs_to_be_asked_when_the_user_assigned_all()
    {
        Assert.True(BuildPlanner.NeedsNoReports(Platforms("linux/arm64"), Nodes(">|linux/arm64>")));
        Assert.True(BuildPlanner.NeedsNoReports([], Nodes(">")));
        Assert.False(BuildPlanner.NeedsNoReports(Platforms("linux/arm64 linux/amd64"), Nodes(">|linux/arm64>")));
    }
}
