using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Tests.Sessions.Content;
using BuildxPS.Engine.Tests.Sessions.Files;
using static BuildxPS.Engine.Tests.Progress.Events;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>What a build tells its engine of caches, layouts and contexts, and what it makes of the answers.</summary>
public sealed class ClientContentTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new TempFolder().File("context/Dockerfile", "FROM alpine\n");
    private readonly FakeEngine _engine = new();

    public ClientContentTests()
        => _engine.Description = _engine.Description with { Capabilities = new HashSet<string> { "exporter.multiple", "source.ocilayout", "source.local.differ" } };

    public void Dispose() => _folder.Dispose();

    private BuildRequest Request(string[]? from = null, string[]? to = null, string[]? contexts = null, string[]? outputs = null) => new()
    {
        ContextPath = _folder["context"],
        CacheFrom = [.. (from ?? []).Select(CacheSpec.Parse)],
        CacheTo = [.. (to ?? []).Select(CacheSpec.Parse)],
        NamedContexts = [.. (contexts ?? []).Select(c => c.Split('=', 2)).Select(p => BuildContextSpec.Parse(p[0], p[1]))],
        Outputs = [.. (outputs ?? ["type=cacheonly"]).Select(OutputSpec.Parse)],
    };

    private async Task<BuildResult> RunAsync(BuildRequest request, params (string Name, string Value)[] variables)
    {
        var environment = new ClientEnvironment { Variables = variables.ToDictionary(v => v.Name, v => v.Value), HomeDirectory = _folder.Path };
        var runner = new BuildRunner(environment, new BuildParts
        {
            ResolveBuilder = (_, _) => Task.FromResult(_engine.Builder()),
            OpenSource = root => new FakeSource(root),
            CreateOutput = output => new FakeOutput(output.Spec.Destination!),
            OpenDocker = _ => throw new InvalidOperationException("no docker is needed"),
            OpenCredentials = () => new CredentialStore(environment),
        });
        BuildResult? result = null;
        await foreach (var e in runner.RunAsync(request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
            result = (e as BuildCompleted)?.Result ?? result;
        }

        return result!;
    }

    private string Layout(string name, byte[] content, string tag = "latest")
    {
        var digest = FakeContentEngine.Digest(content);
        _folder.Folder($"{name}/blobs/sha256");
        File.WriteAllBytes(_folder[$"{name}/blobs/{digest.Replace(':', '/')}"], content);
        File.WriteAllText(
            _folder[name + "/index.json"],
            $$$"""{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"{{{digest}}}","size":1,"annotations":{"org.opencontainers.image.ref.name":"{{{tag}}}"}}]}""");
        return digest;
    }

    [Fact]
    public async Task The_engine_and_its_frontend_are_told_of_caches()
    {
        var digest = Layout("a b%", [1]);
        await RunAsync(Request(["reg:5000/x:cache", $"type=local,src={_folder["a b%"]}"], ["type=inline", $"type=local,dest={_folder["out"]},mode=max"]));

        var build = _engine.Build!.Request;
        var path = _folder["a%20b%25"];
        Assert.Equal(["registry ref=reg:5000/x:cache", $"local digest={digest} src={path}"], build.CacheImports.Select(Show));
        Assert.Equal(["inline", $"local dest={_folder["out"]} mode=max"], build.CacheExports.Select(Show));
        Assert.Equal(new[] { "local:" + path, "local:" + _folder["out"] }.Order(), _engine.Build.Services.ContentStores.Keys.Order());
        Assert.Equal(
            $$$"""[{"Type":"registry","Attrs":{"ref":"reg:5000/x:cache"}},{"Type":"local","Attrs":{"digest":"{{{digest}}}","src":"{{{path}}}"}}]""",
            _engine.Build.Call!.Attributes["cache-imports"]);
        Assert.Equal(_engine.Build.Call.Attributes["cache-imports"], build.FrontendAttributes["cache-imports"]);
    }

    [Fact]
    public async Task A_cache_that_is_not_there_is_left_out_with_a_warning()
    {
        var result = await RunAsync(Request([$"type=local,src={_folder["none"]}"]));

        Assert.Empty(_engine.Build!.Request.CacheImports);
        Assert.DoesNotContain("cache-imports", _engine.Build.Call!.Attributes.Keys);
        Assert.Contains(_folder["none"], Assert.Single(result.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_and_tokens_of_this_client_reach_the_engine_but_not_its_record()
    {
        _engine.Features = new();
        _engine.Description = _engine.Description with { Capabilities = new HashSet<string> { "cache.gha", "cache.s3", "cache.azblob" } };
        string[] caches = ["type=gha,scope=x", "type=s3,bucket=b,region=r", "type=azblob,account_url=https://u:s3cr3t@x.example/?sig=s3cr3t,secret_access_key=s3cr3tAA"];
        var result = await RunAsync(
            Request(caches, caches),
            ("ACTIONS_RUNTIME_TOKEN", "s3cr3t"), ("ACTIONS_CACHE_URL", "https://cache.example/"), ("AWS_ACCESS_KEY_ID", "s3cr3t"), ("AWS_SECRET_ACCESS_KEY", "s3cr3t"), ("AWS_SESSION_TOKEN", "s3cr3t"));

        var build = _engine.Build!.Request;
        string[] told =
        [
            "gha scope=x token=s3cr3t url=https://cache.example/",
            "s3 access_key_id=s3cr3t bucket=b region=r secret_access_key=s3cr3t session_token=s3cr3t",
            "azblob account_url=https://u:s3cr3t@x.example/?sig=s3cr3t secret_access_key=s3cr3tAA",
        ];
        Assert.Equal(told, build.CacheImports.Select(Show));
        Assert.Equal(told, build.CacheExports.Select(Show));
        Assert.Equal(7, _engine.Build.Call!.Attributes["cache-imports"].Split("s3cr3t").Length - 1);
        Assert.Equal(
            """[{"Type":"gha","Attrs":{"scope":"x","url":"https://cache.example/"}},{"Type":"s3","Attrs":{"bucket":"b","region":"r"}},{"Type":"azblob","Attrs":{}}]""",
            build.FrontendAttributes["cache-imports"]);
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public async Task What_buildx_leaves_out_in_silence_is_said()
    {
        _engine.Features = new();
        _engine.Description = _engine.Description with { Capabilities = new HashSet<string> { "cache.gha", "cache.s3" } };
        var result = await RunAsync(Request(["type=gha", "type=azblob,account_url=https://x.example"], ["type=gha,mode=max", "type=s3,bucket=b,region=r"]));

        Assert.Empty(_engine.Build!.Request.CacheImports);
        Assert.Equal(["s3 bucket=b region=r"], _engine.Build.Request.CacheExports.Select(Show));
        Assert.DoesNotContain("cache-imports", _engine.Build.Call!.Attributes.Keys);
        Assert.Collection(
            result.Warnings.Select(w => w.Message).Order(StringComparer.Ordinal),
            w => Assert.StartsWith("The cache 'type=azblob,account_url=https://x.example' is not used: its BuildKit v0.25.2 does not list the capability cache.azblob", w, StringComparison.Ordinal),
            w => Assert.StartsWith("The cache 'type=gha' is left out: it has no token, and ACTIONS_RUNTIME_TOKEN is not set", w, StringComparison.Ordinal),
            w => Assert.StartsWith("The cache 'type=gha,mode=max' is left out", w, StringComparison.Ordinal),
            w => Assert.StartsWith("The engine gets no keys from here for the cache 'type=s3,bucket=b,region=r'", w, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cache_that_an_old_engine_cannot_write_is_refused_before_the_build()
    {
        _engine.Features = new();
        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(Request(to: ["type=gha,token=s3cr3t,url=https://x"])));

        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains("type=gha,token=***", failure.Message, StringComparison.Ordinal);
        Assert.Null(_engine.Build);
    }

    private static string Show(EngineCache cache) => cache.Type + string.Concat(cache.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $" {a.Key}={a.Value}"));

    [Fact]
    public async Task The_frontend_is_told_of_contexts()
    {
        var digest = Layout("layout", [1], "v1");
        _folder.Folder("more");
        await RunAsync(Request(contexts:
        [
            "a=docker-image://alpine", $"context={_folder["more"]}", $"c={_folder["more"]}", $"d=oci-layout://{_folder["layout"]}:v1", $"e=oci-layout://{_folder["layout"]}@{digest}",
            "f=https://example.org/x.git?ref=main#:x", "g=git@example.org:x",
        ]));

        var attributes = _engine.Build!.Call!.Attributes;
        Assert.Equal("docker-image://alpine", attributes["context:a"]);
        Assert.Equal("local:_context", attributes["context:context"]);
        Assert.Equal("local:c", attributes["context:c"]);
        Assert.StartsWith("more:", attributes["sharedkey:localdir:c"], StringComparison.Ordinal);
        Assert.Matches($"^oci-layout://[0-9a-z]{{25}}:v1@{digest}$", attributes["context:d"]);
        Assert.Matches($"^oci-layout://[0-9a-z]{{25}}@{digest}$", attributes["context:e"]);
        Assert.Equal("https://example.org/x.git?ref=main#:x", attributes["context:f"]);
        Assert.Equal("git@example.org:x", attributes["context:g"]);
        Assert.Equal("moby.buildkit.frontend.contexts+forward,moby.buildkit.frontend.gitquerystring+forward", attributes["frontend.caps"]);
        Assert.Equal(["_context", "c", "context", "dockerfile"], _engine.Build.Services.Sources.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(2, _engine.Build.Services.ContentStores.Count);
        Assert.All(_engine.Build.Services.ContentStores.Keys, k => Assert.Matches("^oci:[0-9a-z]{25}$", k));
        Assert.All(_engine.Build.Services.ContentStores.Values, s => Assert.False(s is IWritableContentStore));
    }

    [Fact]
    public async Task An_engine_that_reports_another_cache_than_it_wrote_is_not_believed()
    {
        byte[] manifest = [.. """{"mediaType":"application/real"}"""u8];
        var other = FakeContentEngine.Digest([9]);
        _engine.Response["cache.manifest"] = $$"""{"mediaType":"application/other","digest":"{{other}}","size":1}""";
        _engine.Export = (build, _) => new FakeContentEngine(("s", build.Services.ContentStores.Values.Single())).WriteAsync(manifest);

        await RunAsync(Request(to: [$"type=local,dest={_folder["out"]}"]));

        var index = File.ReadAllText(_folder["out/index.json"]);
        Assert.Contains($"\"application/real\",\"digest\":\"{FakeContentEngine.Digest(manifest)}\",\"size\":{manifest.Length}", index, StringComparison.Ordinal);
        Assert.DoesNotContain(other, index, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_writes_no_cache_is_a_warning()
    {
        var result = await RunAsync(Request(to: [$"type=local,dest={_folder["out"]}"]));

        Assert.Contains("nothing to keep", Assert.Single(result.Warnings).Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(_folder["out"]));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("x")]
    [InlineData("e30=")]
    [InlineData("eyJtZWRpYVR5cGUiOiJtIiwiZGlnZXN0Ijoic2hhMjU2Oi4uLy4uL3giLCJzaXplIjoxfQ==")]
    public async Task A_layout_without_an_answer_that_fits_fails_and_is_not_there(string? descriptor)
    {
        if (descriptor is not null)
        {
            _engine.Response["containerimage.descriptor"] = descriptor;
        }

        _engine.Export = (build, _) => new FakeContentEngine(("s", build.Services.ContentStores["export"])).WriteAsync([1]);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(Request(outputs: [$"type=oci,tar=false,dest={_folder["out"]}"])));

        Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
        Assert.Equal(["context"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
        Assert.Equal("oci tar=false", $"{_engine.Build!.Request.Exporters[0].Type} {string.Join(' ', _engine.Build.Request.Exporters[0].Attributes.Select(a => $"{a.Key}={a.Value}"))}");
    }

    [Fact]
    public async Task A_layout_is_refused_by_an_engine_that_cannot_write_it()
    {
        _engine.Description = _engine.Description with { Capabilities = new HashSet<string>() };

        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(Request(outputs: [$"type=oci,tar=false,dest={_folder["out"]}"])));

        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Null(_engine.Build);
    }

    [Fact]
    public async Task A_failure_of_content_is_the_builds_only_if_the_engine_repeats_it()
    {
        var content = new BuildxException(BuildxFailure.DigestMismatch, "The blob '/x' is damaged: y.", "z");
        var step = new BuildxException(BuildxFailure.StepFailed, "make failed", "x");
        _engine.Export = (build, _) =>
        {
            build.Services.OnContentFailure!(content);
            throw step;
        };
        Assert.Equal(BuildxFailure.StepFailed, (await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(Request()))).Failure);

        step = new BuildxException(BuildxFailure.EngineError, "failed to copy: The blob '/x' is damaged: y.: data loss", "x");
        Assert.Same(content, await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(Request())));
    }

    [Fact]
    public async Task A_cache_that_the_engine_could_not_read_is_a_warning()
    {
        _engine.Solve = (build, _) =>
        {
            build.Send(Vertex("a", "importing cache manifest from reg:5000/x", 0, 1, error: "reg:5000/x: not found"));
            build.Services.OnContentFailure!(new BuildxException(BuildxFailure.DigestMismatch, "The blob '/y' is damaged.", "z"));
            build.Send(Vertex("b", "importing cache manifest from local:1", 0, 1, error: "failed: The blob '/y' is damaged."));
            return Task.CompletedTask;
        };

        var result = await RunAsync(Request(["reg:5000/x"]));

        Assert.Equal(
            ["The cache 'reg:5000/x' was not used: reg:5000/x: not found", "A cache was not used, or not all of it: The blob '/y' is damaged."],
            result.Warnings.Select(w => w.Message));
    }

    [Fact]
    public async Task An_inline_cache_without_an_image_is_said()
    {
        var result = await RunAsync(Request(to: ["type=inline"]));

        Assert.Contains("inline cache", Assert.Single(result.Warnings).Message, StringComparison.Ordinal);
    }
}
