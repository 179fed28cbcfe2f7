using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Attestations that this module asks for, beside those of docker's own client: equal but for times and what is random.</summary>
public sealed class ProvenanceParityTests : IDisposable
{
    private readonly ContentFixture _fixture = new();

    public static TheoryData<string, string> Cases
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var engine in new[] { "d28", "bkd" })
            {
                foreach (var attestation in new[] { "type=provenance,mode=min", "type=provenance,mode=max", "type=provenance", "type=provenance,version=v1,mode=max", "type=provenance,disabled=true", "" })
                {
                    all.Add(engine, attestation);
                }
            }

            return all;
        }
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Provenance_is_that_of_buildx(string engine, string attestation)
    {
        var commit = MakeRepository(_fixture.Context);
        (string, string)[] variables = [("SOURCE_DATE_EPOCH", "1700000000"), ("BUILDX_METADATA_PROVENANCE", "max")];
        var request = _fixture.Request("FROM alpine\nARG A\nRUN STEP\nCOPY a.txt /\n", $"type=oci,dest={_fixture.Out("ours")},tar=false") with
        {
            BuildArguments = new Dictionary<string, string> { ["A"] = "an argument" },
            Attestations = attestation.Length == 0 ? [] : [AttestationSpec.Parse(attestation)],
            MetadataFile = _fixture.Out("ours.json"),
        };
        await _fixture.BuildAsync(engine, request, variables);
        string[] asked = attestation.Length == 0 ? [] : ["--attest", attestation];
        await _fixture.BuildxAsync(
            engine, variables, [.. asked, "--build-arg", "A=an argument", "--metadata-file", _fixture.Out("theirs.json"), "--output", $"type=oci,dest={_fixture.Out("theirs")},tar=false"]);
        var ours = Statements(_fixture.Out("ours"));
        Assert.Equal(Statements(_fixture.Out("theirs")), ours);
        Assert.Equal(Comparable(JsonNode.Parse(File.ReadAllText(_fixture.Out("theirs.json")))!), Comparable(JsonNode.Parse(File.ReadAllText(_fixture.Out("ours.json")))!));
        if (attestation.Contains("disabled", StringComparison.Ordinal))
        {
            Assert.Empty(ours);
        }
        else if (attestation.Length > 0)
        {
            Assert.Contains(commit, ours, StringComparison.Ordinal);
            Assert.Contains("https://git.example/team/app.git", ours, StringComparison.Ordinal);
            Assert.Equal(!attestation.Contains("min", StringComparison.Ordinal), ours.Contains("an argument", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Labels_of_the_repository_are_those_of_buildx()
    {
        MakeRepository(_fixture.Context);
        (string, string)[] variables = [.. ContentFixture.Reproducible, ("BUILDX_GIT_LABELS", "full")];
        await _fixture.BuildAsync("d28", _fixture.Request("FROM alpine\nRUN STEP\n", $"type=oci,dest={_fixture.Out("ours")},tar=false"), variables);
        await _fixture.BuildxAsync("d28", variables, "--output", $"type=oci,dest={_fixture.Out("theirs")},tar=false");
        Assert.Equal(ContentFixture.Tree(Path.Join(_fixture.Out("theirs"), "blobs")), ContentFixture.Tree(Path.Join(_fixture.Out("ours"), "blobs")));
    }

    /// <summary>Makes a repository of a folder.</summary>
    /// <returns>The commit.</returns>
    internal static string MakeRepository(string folder)
    {
        RunGit(folder, "init", "-q", "-b", "main");
        RunGit(folder, "remote", "add", "origin", "https://user:password@git.example/team/app.git");
        RunGit(folder, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "one");
        return File.ReadAllText(Path.Join(folder, ".git/refs/heads/main")).Trim();
    }

    private static void RunGit(string folder, params string[] arguments)
    {
        using var git = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("git", arguments) { WorkingDirectory = folder })!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
    }

    private static string Statements(string layout) => string.Join('\n', Directory.EnumerateFiles(Path.Join(layout, "blobs/sha256"))
        .Select(f => new FileInfo(f).Length < 1 << 20 && File.ReadAllText(f) is ['{', ..] text && text.Contains("in-toto.io/Statement", StringComparison.Ordinal) ? Comparable(JsonNode.Parse(text)!) : null)
        .OfType<string>().Order(StringComparer.Ordinal));

    /// <summary>Without times and what is random, and without layers of steps, of which an engine lists those that it happens to have by then.</summary>
    private static string Comparable(JsonNode node)
    {
        Strip(node);
        return BuildStepNames.Settle(node).ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });
    }

    private static void Strip(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject json:
                foreach (var own in new[]
                {
                    "buildInvocationID", "invocationID", "invocationId", "buildStartedOn", "buildFinishedOn", "startedOn", "finishedOn", "resourceUsage", "sysUsage", "buildx.build.ref",
                    "containerimage.digest", "containerimage.descriptor", "subject", "digestMapping", "local.unique", "local.session", "layers",
                })
                {
                    json.Remove(own);
                }

                json.Select(p => p.Value).ToList().ForEach(Strip);
                break;
            case JsonArray list:
                list.ToList().ForEach(Strip);
                break;
        }
    }
}
