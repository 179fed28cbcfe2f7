namespace BuildxPS.Engine.Tests.Builds;

/// <summary>SBOMs that this module asks for, beside those of docker's own client: images with them are equal to the last byte.</summary>
public sealed class SbomParityTests : IDisposable
{
    private readonly ContentFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("d28", "", "")]
    [InlineData("bkd", "", "")]
    [InlineData("d28", ",asked=kindly", "")]
    [InlineData("bkd", ",\"asked=kindly,and=twice\"", "BUILDKIT_SBOM_SCAN_CONTEXT=true")]
    [InlineData("bkd", "", "BUILDKIT_SBOM_SCAN_STAGE=true")]
    public async Task An_sbom_of_a_fake_scanner_is_that_of_buildx(string engine, string parameters, string argument)
    {
        await using var registry = await PushFixture.CreateAsync("bkd");
        var scanner = registry.Repository + "/fake-scanner";
        (string, string)[] plain = [("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")];
        await registry.BuildAsync(registry.Request(FakeScanner.Dockerfile, scanner) with { Push = true }, null, plain);

        var asked = $"type=sbom,generator={scanner}{parameters}";
        string[] arguments = argument.Length == 0 ? [] : [argument];
        var request = _fixture.Request("ARG BUILDKIT_SBOM_SCAN_CONTEXT\nFROM alpine AS first\nARG BUILDKIT_SBOM_SCAN_STAGE\nRUN STEP\nFROM alpine\nCOPY --from=first /step /\n", $"type=oci,dest={_fixture.Out("ours")},tar=false") with
        {
            Attestations = [AttestationSpec.Parse(asked)],
            BuildArguments = arguments.Select(a => a.Split('=')).ToDictionary(a => a[0], a => a[1]),
        };
        await _fixture.BuildAsync(engine, request, ContentFixture.Reproducible);
        await _fixture.BuildxAsync(
            engine,
            ContentFixture.Reproducible,
            ["--attest", asked, .. arguments.SelectMany(a => new[] { "--build-arg", a }), "--output", $"type=oci,dest={_fixture.Out("theirs")},tar=false"]);
        Assert.Equal(ContentFixture.Tree(_fixture.Out("theirs")), ContentFixture.Tree(_fixture.Out("ours")));
        var sboms = Directory.EnumerateFiles(_fixture.Out("ours"), "*", SearchOption.AllDirectories)
            .Where(f => new FileInfo(f).Length < 1 << 20).Select(File.ReadAllText).Where(t => t.Contains("made-up", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(sboms);
        Assert.Contains(parameters.Contains("kindly", StringComparison.Ordinal) ? "asked: kindly" : "asked: ", sboms[0], StringComparison.Ordinal);
    }
}
