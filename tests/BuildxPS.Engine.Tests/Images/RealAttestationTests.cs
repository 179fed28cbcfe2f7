using BuildxPS.Engine.Images.Attestations;
using BuildxPS.Engine.Tests.Builds;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>Attestations that real engines pushed, read back.</summary>
public sealed class RealAttestationTests
{
    private static async Task<(IReadOnlyList<ImageAttestation> Attestations, string? Problem)> ReadAsync(string name)
    {
        using var client = TestClients.Create();
        return await new AttestationInspector(client).InspectAsync(ImageReference.Parse(name), PushFixture.Token);
    }

    [Theory]
    [InlineData("bkd", false)]
    [InlineData("d28", true)]
    public async Task The_provenance_that_every_pushed_image_has_is_read_back(string engine, bool inDaemon)
    {
        await using var fixture = await PushFixture.CreateAsync(engine);
        var request = fixture.Request($"FROM scratch\nCOPY a.txt /\nLABEL id={Guid.NewGuid():N}\n", fixture.Repository + ":1") with
        {
            Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
            Push = true,
        };
        var begun = DateTimeOffset.UtcNow.AddMinutes(-10);
        var result = await fixture.BuildAsync(inDaemon ? fixture.InDaemon(request) : request);

        var (attestations, problem) = await ReadAsync(fixture.Repository + ":1");
        Assert.Null(problem);
        Assert.Equal(["linux/amd64", "linux/arm64"], attestations.Select(a => a.Platform!.ToString()));
        Assert.Equal(result.PlatformImages!.Select(i => i.Digest), attestations.Select(a => a.ImageDigest));
        Assert.All(attestations, a =>
        {
            Assert.Equal(AttestationKind.Provenance, a.Kind);
            Assert.True(a.MatchesImage);
            var provenance = a.Provenance!;
            Assert.Contains("buildkit", provenance.BuildType, StringComparison.Ordinal);
            Assert.Equal("dockerfile.v0", provenance.Frontend);
            Assert.InRange(provenance.StartedOn!.Value, begun, provenance.FinishedOn!.Value);
            Assert.NotNull(a.Predicate);
        });
    }

    [Theory]
    [InlineData("v0.2", "0.2")]
    [InlineData("v1", "1")]
    public async Task Full_provenance_and_an_sbom_are_read_back(string version, string expected)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd");
        var scanner = fixture.Repository + "/fake-scanner";
        (string, string)[] plain = [("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")];
        await fixture.BuildAsync(fixture.Request(FakeScanner.Dockerfile, scanner) with { Push = true }, null, plain);
        fixture.Request($"FROM alpine\nARG WHO\nRUN echo $WHO {Guid.NewGuid():N} > /step\n");
        await fixture.BuildxAsync(
            [], "--provenance", $"mode=max,version={version},builder-id=https://ci.example/7", "--sbom", "generator=" + scanner, "--build-arg", "WHO=me", "--push", "-t", fixture.Repository + ":1");

        var (attestations, _) = await ReadAsync(fixture.Repository + ":1");
        Assert.All(attestations, a => Assert.True(a.MatchesImage));
        var provenance = Assert.Single(attestations, a => a.Kind == AttestationKind.Provenance).Provenance!;
        Assert.Equal((expected, "https://ci.example/7", "Dockerfile", "me"), (provenance.SlsaVersion, provenance.BuilderId, provenance.Dockerfile, provenance.Parameters["build-arg:WHO"]));
        Assert.Contains(provenance.Materials, m => m.Uri.StartsWith("pkg:docker/alpine@", StringComparison.Ordinal) && m.Digests["sha256"].Length == 64);
        var sbom = Assert.Single(attestations, a => a.Kind == AttestationKind.Sbom).Sbom!;
        Assert.Equal("made-up 1.0", Assert.Single(sbom.Packages).ToString());
    }

    [Fact]
    public async Task One_platforms_digest_and_an_image_without_attestations_are_told_apart()
    {
        await using var fixture = await PushFixture.CreateAsync("bkd");
        var request = fixture.Request($"FROM scratch\nCOPY a.txt /\nLABEL id={Guid.NewGuid():N}\n", fixture.Repository + ":1") with { Push = true };
        var with = await fixture.BuildAsync(request);
        Assert.Contains("one image and no index", (await ReadAsync($"{fixture.Repository}@{with.PlatformImages![0].Digest}")).Problem, StringComparison.Ordinal);
        await fixture.BuildAsync(request with { Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")] }, null, ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1"));
        Assert.Contains("has no attestations", (await ReadAsync(fixture.Repository + ":1")).Problem, StringComparison.Ordinal);
    }
}
