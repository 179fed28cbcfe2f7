using System.IO.Compression;
using System.Net;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Contexts;

/// <summary>Contexts and Dockerfiles that real engines fetch from a real web server, git repositories included.</summary>
public sealed class RealAddressTests : IAsyncDisposable
{
    private readonly ContextBuild _build = new();
    private readonly WebServer _server;

    public RealAddressTests() => _server = WebServer.Start(_build.Served);

    public static TheoryData<string> Engines => ["d20", "d28", "bkd"];

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _build.Dispose();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_archive_and_a_Dockerfile_are_fetched(string engine)
    {
        _build.WriteTar("context.tar.gz", s => new GZipStream(s, CompressionLevel.Fastest));
        var archive = _server.Address + "/context.tar.gz";
        Assert.Contains("a.txt=main", await _build.RunAsync(engine, r => r with { ContextPath = archive }), StringComparison.Ordinal);
        Assert.Equal("other.txt=main", await _build.RunAsync(engine, r => r with { ContextPath = archive, DockerfilePath = "other.Dockerfile" }));
        var local = _build.Write("elsewhere/File", $"FROM scratch\nCOPY sub/sub.txt /{_build.Mark}/\n");
        Assert.Equal("sub.txt=below", await _build.RunAsync(engine, r => r with { ContextPath = archive, DockerfilePath = local }));
        // A file that is no archive is the Dockerfile, and all that the context has.
        _build.Write("alone", $"FROM scratch\nCOPY . /{_build.Mark}/\n");
        Assert.StartsWith("context=", await _build.RunAsync(engine, r => r with { ContextPath = _server.Address + "/alone" }), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_Dockerfile_at_an_address_is_fetched_by_the_engine(string engine)
    {
        var address = _server.Address + "/main/other.Dockerfile";
        Assert.Equal("other.txt=main", await _build.RunAsync(engine, r => r with { ContextPath = _build.Main, DockerfilePath = address }));
        Assert.Contains(_server.Requests, r => r.Contains("other.Dockerfile ", StringComparison.Ordinal) && (r.Contains("buildkit", StringComparison.OrdinalIgnoreCase) || r.Contains("Go-http", StringComparison.Ordinal)));
        Assert.Contains(_build.Events.OfType<VertexChanged>(), e => e.Name == "[internal] load " + address);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_Dockerfile_that_is_too_long_or_not_there_is_named(string engine)
    {
        _build.Write("long", new string('#', (2 * 1024 * 1024) + 1));
        var failure = await _build.FailAsync(engine, r => r with { ContextPath = _build.Main, DockerfilePath = _server.Address + "/long" });
        Assert.Equal(BuildxFailure.DockerfileInvalid, failure.Failure);
        Assert.Contains("bigger than allowed max size (2.097MB)", failure.Message, StringComparison.Ordinal);
        failure = await _build.FailAsync(engine, r => r with { ContextPath = _build.Main, DockerfilePath = _server.Address + "/missing" });
        Assert.True(failure.Failure == BuildxFailure.DockerfileNotFound, failure.ToString());
        Assert.Contains(_server.Address + "/missing", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_repository_is_fetched_at_a_reference_and_a_folder(string engine)
    {
        _build.Write("changed/a.txt", "changed\n");
        await GitRepository.CreateAsync(_build.Served, "repo", _build.Main, Path.Join(_build.Served, "changed"));
        var address = _server.Address + "/repo.git";
        Assert.Contains("a.txt=main", await _build.RunAsync(engine, r => r with { ContextPath = address + "#v1" }), StringComparison.Ordinal);
        Assert.Contains("a.txt=changed", await _build.RunAsync(engine, r => r with { ContextPath = address + "#other" }), StringComparison.Ordinal);
        if (engine == "d20")
        {
            var failure = await _build.FailAsync(engine, r => r with { ContextPath = address + "#main:sub" });
            Assert.True(failure.Failure == BuildxFailure.EngineUnsupported, failure.ToString());
        }
        else
        {
            Assert.Equal("sub.txt=below", await _build.RunAsync(engine, r => r with { ContextPath = address + "#main:sub" }));
        }

        Assert.Equal("other.txt=changed", await _build.RunAsync(engine, r => r with { ContextPath = address + "#other", DockerfilePath = "other.Dockerfile" }));
    }

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task A_repository_is_fetched_over_ssh_with_a_key_that_stays_here(string engine)
    {
        await GitRepository.CreateAsync(_build.Served, "repo", _build.Main, _build.Main + "/sub");
        var address = $"{TestEngines.RequireSsh("d28")}{_build.Served}/repo.git";
        var key = SshSpec.Parse("default=" + TestEngines.Ssh("identity"));
        Assert.Equal("sub.txt=below", await _build.RunAsync(engine, r => r with { ContextPath = address + "#main:sub", Ssh = [key] }));
        var failure = await _build.FailAsync(engine, r => r with { ContextPath = address + "#main:sub" });
        Assert.Equal(BuildxFailure.SshAgentUnavailable, failure.Failure);
        Assert.Contains("-Ssh", failure.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task A_query_says_the_same_of_a_repository(string engine)
    {
        _build.Write("changed/a.txt", "changed\n");
        var commit = await GitRepository.CreateAsync(_build.Served, "repo", _build.Main, Path.Join(_build.Served, "changed"));
        var address = _server.Address + "/repo.git";
        Assert.Contains("a.txt=changed", await _build.RunAsync(engine, r => r with { ContextPath = address + "?branch=other" }), StringComparison.Ordinal);
        Assert.Equal("sub.txt=below", await _build.RunAsync(engine, r => r with { ContextPath = $"{address}?tag=v1&subdir=sub&checksum={commit}" }));
        var named = BuildContextSpec.Parse("more", address + "?branch=other");
        Assert.Equal("a.txt=changed", await _build.RunAsync(engine, r => r with { DockerfileText = $"FROM scratch\nCOPY --from=more a.txt /{_build.Mark}/\n", NamedContexts = [named] }));
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("d28")]
    public async Task A_query_is_understood_for_frontends_that_do_not_know_it(string engine)
    {
        _build.Write("changed/a.txt", "changed\n");
        await GitRepository.CreateAsync(_build.Served, "repo", _build.Main, Path.Join(_build.Served, "changed"));
        var built = await _build.RunAsync(
            engine, r => r with { ContextPath = _server.Address + "/repo.git?ref=other", DockerfilePath = "other.Dockerfile" }, ("BUILDX_SEND_GIT_QUERY_AS_INPUT", "1"));
        Assert.Equal("other.txt=changed", built);
    }

    [Theory]
    [InlineData("/missing.tar", BuildxFailure.BuildContextNotFound, "d20 d28 bkd")]
    [InlineData("/secret.tar", BuildxFailure.BuildContextUnauthorized, "d20 d28 bkd")]
    [InlineData("/missing.git#main", BuildxFailure.BuildContextNotFound, "d20 d28 bkd")]
    [InlineData("/secret.git#main", BuildxFailure.BuildContextUnauthorized, "d28 bkd")]
    [InlineData("/repo.git#missing", BuildxFailure.BuildContextNotFound, "d20 d28 bkd")]
    [InlineData("/repo.git#main:missing", BuildxFailure.BuildContextNotFound, "d28 bkd")]
    [InlineData("/git-cut.tar.gz", BuildxFailure.BuildContextInvalid, "d20 d28 bkd")]
    public async Task What_cannot_be_fetched_is_named(string path, BuildxFailure expected, string engines)
    {
        await GitRepository.CreateAsync(_build.Served, "repo", _build.Main, _build.Main + "/sub");
        _server.Refused["/secret"] = HttpStatusCode.Unauthorized;
        _build.Write("main/large.bin", new string('x', 300_000));
        var whole = await File.ReadAllBytesAsync(_build.WriteTar("whole.tar.gz", s => new GZipStream(s, CompressionLevel.NoCompression)), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Join(_build.Served, "git-cut.tar.gz"), whole[..(whole.Length / 2)], TestContext.Current.CancellationToken);
        foreach (var engine in engines.Split(' '))
        {
            var failure = await _build.FailAsync(engine, r => r with { ContextPath = _server.Address + path });
            Assert.True(failure.Failure == expected, $"{engine}: {failure}");
            Assert.Contains(_server.Address + path, failure.Message, StringComparison.Ordinal);
            Assert.NotEmpty(failure.Advice);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_address_that_the_engine_does_not_reach_is_named(string engine)
    {
        using var closed = new ClosedPort();
        var address = $"http://{closed.Authority}/x";
        foreach (var context in new[] { address + "?key=s3cret", address + ".git#main" })
        {
            var failure = await _build.FailAsync(engine, r => r with { ContextPath = context });
            Assert.True(failure.Failure == BuildxFailure.BuildContextUnreachable, failure.ToString());
            Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
        }

        Assert.All(_build.Events.OfType<VertexChanged>(), v => Assert.DoesNotContain("s3cret", v.Name + v.Error, StringComparison.Ordinal));

        var dockerfile = await _build.FailAsync(engine, r => r with { ContextPath = _build.Main, DockerfilePath = address });
        Assert.True(dockerfile.Failure == BuildxFailure.BuildContextUnreachable, dockerfile.ToString());
        var unknown = await _build.FailAsync(engine, r => r with { ContextPath = "http://no-such-host.invalid/x.tar" });
        Assert.True(unknown.Failure is BuildxFailure.NameNotResolved or BuildxFailure.BuildContextUnreachable, unknown.ToString());
    }
}
