using System.Text;
using BuildxPS.Engine.Builds.Attestations;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Builds.Attestations;

public sealed class ProvenanceReportTests
{
    private const string V02 = "https://slsa.dev/provenance/v0.2";
    private const string V1 = "https://slsa.dev/provenance/v1";

    [Fact]
    public void What_is_long_is_reported_only_when_asked_for()
    {
        const string predicate = """{"builder":{"id":"b"},"buildConfig":{"llbDefinition":[]},"metadata":{"buildInvocationID":"i"}}""";
        Assert.Equal("""{"builder":{"id":"b"}}""", Report("min", (V02, "", predicate))["buildx.build.provenance"]);
        Assert.Equal(predicate, Report("max", (V02, "", predicate))["buildx.build.provenance"]);
    }

    [Fact]
    public void Each_platform_has_a_key_of_its_own()
        => Assert.Equal(
            ["buildx.build.provenance/linux/amd64", "buildx.build.provenance/linux/arm64"],
            Report("min", (V02, "linux/amd64", "{}"), (V02, "linux/arm64", "{}")).Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void The_facts_of_version_1_are_told_in_the_words_of_version_02()
    {
        var report = Report("max", (V1, "", """
            {"buildDefinition":{"externalParameters":{"configSource":{"path":"Dockerfile"},"request":{"frontend":"f"}},"internalParameters":{"builderPlatform":"linux/amd64"},
            "resolvedDependencies":[{"uri":"u","digest":{"sha256":"d"},"name":"n"}]},"runDetails":{"builder":{"id":"b"},"metadata":{"invocationId":"i"}}}
            """))["buildx.build.provenance"];
        Assert.StartsWith("""{"builder":{"id":"b"},"buildType":"https://mobyproject.org/buildkit@v1","materials":[{"uri":"u","digest":{"sha256":"d"}}],""", report, StringComparison.Ordinal);
        Assert.Contains("""{"configSource":{"entryPoint":"Dockerfile"},"parameters":{"frontend":"f"},"environment":{"platform":"linux/amd64"}}""", report, StringComparison.Ordinal);
        Assert.Contains("\"buildInvocationID\":\"i\"", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("""{"builder":{"id":"a"},"builder":{"id":"b"}}""")]
    [InlineData("""{"builder":{"id":"a","id":"b"}}""")]
    public void What_is_no_predicate_of_one_meaning_is_refused(string predicate)
        => Assert.Throws<InvalidDataException>(() => Report("max", (V02, "", predicate)));

    private static Dictionary<string, string> Report(string mode, params (string Type, string Platform, string Predicate)[] recorded)
        => ProvenanceReport.Create(
                [.. recorded.Select(r => new RecordedAttestation { PredicateType = r.Type, Platform = r.Platform, Predicate = Encoding.UTF8.GetBytes(r.Predicate) })],
                new ClientEnvironment { HomeDirectory = "/", Variables = new Dictionary<string, string> { ["BUILDX_METADATA_PROVENANCE"] = mode } })
            .ToDictionary(p => p.Key, p => p.Value.ToJsonString());
}
