namespace BuildxPS.Engine.Tests.Builds;

/// <summary>
/// Each option of a build, through this module and through docker's own client on the same engine: the archives are equal to
/// the last byte, and the second build finds the steps of the first in the cache.
/// </summary>
public sealed class OptionParityTests : IDisposable
{
    private const string Plain = "FROM alpine\nRUN STEP\nCOPY a.txt /\n";

    private static readonly string[] s_both = ["d28", "bkd"];

    private static readonly Dictionary<string, Case> s_cases = new(StringComparer.Ordinal)
    {
        ["nothing"] = new(r => r, []),
        ["build-arg"] = new(
            r => r with { BuildArguments = new Dictionary<string, string> { ["A"] = "x y", ["B"] = "" } },
            ["--build-arg", "A=x y", "--build-arg", "B="],
            "FROM alpine\nARG A\nARG B=none\nRUN STEP && echo \"$A,$B\" > /args\n"),
        ["label"] = new(r => r with { Labels = new Dictionary<string, string> { ["l"] = "a=b" } }, ["--label", "l=a=b"]),
        ["target"] = new(r => r with { Target = "first" }, ["--target", "first"], "FROM alpine AS first\nRUN STEP\nFROM first\nRUN false\n"),
        ["pull"] = new(r => r with { Pull = true }, ["--pull"]),
        ["platform"] = new(r => r with { Platforms = [Platform.Parse("linux/arm64")] }, ["--platform", "linux/arm64"], "FROM scratch\nCOPY a.txt /STEP\n"),
        ["no-cache"] = new(r => r with { NoCache = true }, ["--no-cache"], "FROM scratch\nCOPY a.txt /STEP\n") { RunsAgain = "COPY" },
        ["no-cache-filter"] = new(
            r => r with { NoCacheFilter = ["second"] }, ["--no-cache-filter", "second"], "FROM alpine AS first\nRUN STEP\nFROM first AS second\nCOPY a.txt /\n")
        {
            RunsAgain = "second",
        },
        ["add-host"] = new(
            r => r with { Hosts = [HostSpec.Parse("one=10.0.0.1"), HostSpec.Parse("two=10.0.0.2,fd00::2")] },
            ["--add-host", "one=10.0.0.1", "--add-host", "\"two=10.0.0.2,fd00::2\""],
            "FROM alpine\nRUN STEP && grep -E 'one|two' /etc/hosts > /hosts\n"),
        ["add-host of the docker host"] = new(
            r => r with { Hosts = [HostSpec.Parse("gate=host-gateway")] }, ["--add-host", "gate=host-gateway"], "FROM alpine\nRUN STEP && grep gate /etc/hosts > /hosts\n", "d28"),
        ["network none"] = new(r => r with { Network = "none" }, ["--network", "none"], "FROM alpine\nRUN STEP && ls /sys/class/net > /net\n"),
        ["network host"] = new(r => r with { Network = "host" }, ["--network", "host", "--allow", "network.host"], Plain, "d28"),
        ["allow"] = new(
            r => r with { Entitlements = ["network.host"] }, ["--allow", "network.host"], "# syntax=docker/dockerfile:1\nFROM alpine\nRUN --network=host STEP\n", "d28"),
        ["ulimit"] = new(
            r => r with { Ulimits = [UlimitSpec.Parse("nofile=100:200"), UlimitSpec.Parse("cpu=50"), UlimitSpec.Parse("nofile=123:200")] },
            ["--ulimit", "nofile=100:200", "--ulimit", "cpu=50", "--ulimit", "nofile=123:200"],
            "FROM alpine\nRUN STEP && ulimit -n > /limits && test \"$(cat /limits)\" = 123\n"),
        ["shm-size"] = new(r => r with { SharedMemorySize = 16 << 20 }, ["--shm-size", "16m"], "FROM alpine\nRUN STEP && df -k /dev/shm | tail -1 | grep 16384 > /shm\n"),
        ["cgroup-parent"] = new(r => r with { CgroupParent = "bxp-parity" }, ["--cgroup-parent", "bxp-parity"]),
        ["annotation"] = new(
            r => r with
            {
                Annotations = [.. new[] { "plain=p", "manifest:key=a:b", "manifest-descriptor:d=e" }.Select(AnnotationSpec.Parse)],
            },
            ["--annotation", "plain=p", "--annotation", "manifest:key=a:b", "--annotation", "manifest-descriptor:d=e"]),
        ["annotation of an index"] = new(
            r => r with
            {
                Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
                Annotations = [.. new[] { "index:i=1", "index-descriptor:x=y", "manifest[linux/arm64]:m=2", "manifest-descriptor[linux/arm64]:d=3" }.Select(AnnotationSpec.Parse)],
            },
            ["--platform", "linux/amd64,linux/arm64", "--annotation", "index:i=1", "--annotation", "index-descriptor:x=y", "--annotation", "manifest[linux/arm64]:m=2", "--annotation", "manifest-descriptor[linux/arm64]:d=3"],
            "FROM scratch\nCOPY a.txt /STEP\n"),
        ["a result for several platforms of one"] = new(
            r => r with { BuildArguments = new Dictionary<string, string> { ["BUILDKIT_MULTI_PLATFORM"] = "1" } }, ["--build-arg", "BUILDKIT_MULTI_PLATFORM=1"]),
        ["another frontend"] = new(
            r => r with { BuildArguments = new Dictionary<string, string> { ["BUILDKIT_SYNTAX"] = "docker/dockerfile:1" } }, ["--build-arg", "BUILDKIT_SYNTAX=docker/dockerfile:1"]),
        ["a Dockerfile of another name"] = new(r => r with { DockerfilePath = Path.Join(r.ContextPath, "other.dockerfile") }, ["-f", "CONTEXT/other.dockerfile"]),
        ["a context of a name"] = new(
            r => r with { NamedContexts = [BuildContextSpec.Parse("more", r.ContextPath)] }, ["--build-context", "more=CONTEXT"], "FROM alpine\nRUN STEP\nCOPY --from=more a.txt /b\n"),
        ["tags"] = new(r => r with { Tags = [ImageReference.Parse("bxp-parity:1"), ImageReference.Parse("bxp-parity:2")] }, ["-t", "bxp-parity:1", "-t", "bxp-parity:2"]),
    };

    private readonly ContentFixture _fixture = new();

    public static TheoryData<string, string> Cases
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var (name, parity) in s_cases)
            {
                foreach (var engine in parity.Engine is { } only ? [only] : s_both)
                {
                    all.Add(engine, name);
                }
            }

            return all;
        }
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task An_option_means_what_it_means_to_buildx(string engine, string name)
    {
        var parity = s_cases[name];
        var request = _fixture.Request(parity.Dockerfile.Replace("/STEP", $"/{Guid.NewGuid():N}", StringComparison.Ordinal), $"type=oci,dest={_fixture.Out("ours.tar")}");
        File.Copy(Path.Join(_fixture.Context, "Dockerfile"), Path.Join(_fixture.Context, "other.dockerfile"));
        var result = await _fixture.BuildAsync(engine, parity.Ours(request), ContentFixture.Reproducible);
        var said = await _fixture.BuildxAsync(
            engine,
            ContentFixture.Reproducible,
            [.. parity.Theirs.Select(a => a.Replace("CONTEXT", _fixture.Context, StringComparison.Ordinal)), "--output", $"type=oci,dest={_fixture.Out("theirs.tar")}"]);
        Assert.Equal(ContentFixture.Tree(Unpack("theirs")), ContentFixture.Tree(Unpack("ours")));
        Assert.Equal(File.ReadAllBytes(_fixture.Out("theirs.tar")), File.ReadAllBytes(_fixture.Out("ours.tar")));
        Assert.NotNull(result.Digest);
        if (parity.RunsAgain is { } again)
        {
            var second = await _fixture.BuildAsync(engine, parity.Ours(request), ContentFixture.Reproducible);
            Assert.All(second.Steps.Where(s => s.Name.Contains(again, StringComparison.Ordinal) && s.Name.Contains("COPY", StringComparison.Ordinal)), s => Assert.False(s.IsCached));
        }

        if (parity.Dockerfile.Contains("RUN STEP", StringComparison.Ordinal))
        {
            Assert.Contains("CACHED", said, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"(?m)^#\d+ \d+\.\d+ ", said);
        }
    }

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task Files_for_scripts_say_what_those_of_buildx_say(string engine)
    {
        (string, string)[] variables = [("SOURCE_DATE_EPOCH", "1700000000"), ("BUILDX_METADATA_WARNINGS", "1")];
        var request = _fixture.Request("from alpine as lower\nRUN STEP\nFROM lower\n", $"type=oci,dest={_fixture.Out("a.tar")}") with
        {
            Tags = [ImageReference.Parse("bxp-parity:files")],
            ImageIdFile = _fixture.Out("ours.id"),
            MetadataFile = _fixture.Out("ours.json"),
        };
        var result = await _fixture.BuildAsync(engine, request, variables);
        await _fixture.BuildxAsync(
            engine, variables, "-t", "bxp-parity:files", "--iidfile", _fixture.Out("theirs.id"), "--metadata-file", _fixture.Out("theirs.json"), "--output", $"type=oci,dest={_fixture.Out("b.tar")}");
        Assert.Equal(File.ReadAllText(_fixture.Out("theirs.id")), File.ReadAllText(_fixture.Out("ours.id")));
        Assert.Equal(File.ReadAllText(_fixture.Out("ours.id")), result.ImageId);
        Assert.Equal(Comparable(File.ReadAllText(_fixture.Out("theirs.json"))), Comparable(File.ReadAllText(_fixture.Out("ours.json"))));
        Assert.Contains("buildx.build.provenance", File.ReadAllText(_fixture.Out("ours.json")), StringComparison.Ordinal);
    }

    /// <summary>Without what is each build's own.</summary>
    private static string Comparable(string metadata)
        => System.Text.RegularExpressions.Regex.Replace(metadata, "\"(buildx.build.ref|vertex)\": \"[^\"]*\"", "");

    private string Unpack(string name)
    {
        var folder = Directory.CreateDirectory(_fixture.Out(name)).FullName;
        System.Formats.Tar.TarFile.ExtractToDirectory(_fixture.Out(name + ".tar"), folder, overwriteFiles: false);
        return folder;
    }

    private sealed record Case(Func<BuildRequest, BuildRequest> Ours, string[] Theirs, string Dockerfile = Plain, string? Engine = null)
    {
        /// <summary>What is in the names of steps that are run again although they are in the cache; null for none.</summary>
        public string? RunsAgain { get; init; }
    }
}
