using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Caches;

/// <summary>Caches of the types <c>s3</c>, <c>azblob</c> and <c>gha</c>, written by real engines to stand-ins of the clouds and read by others.</summary>
public sealed class RealCloudCacheTests : IDisposable
{
    private const string Dockerfile = "FROM alpine\nRUN STEP\nCOPY a.txt /\n";

    private readonly ContentFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private BuildRequest Request(string? from, string? to) => _fixture.Request(Dockerfile, "type=cacheonly") with
    {
        CacheFrom = from is null ? [] : [CacheSpec.Parse(from)],
        CacheTo = to is null ? [] : [CacheSpec.Parse(to)],
    };

    [Fact]
    public async Task A_bucket_takes_a_cache_of_one_engine_and_gives_it_to_another()
    {
        await using var s3 = new FakeS3();
        await using var other = await PrivateBuildKit.StartAsync();
        (string, string)[] keys = [("AWS_ACCESS_KEY_ID", s3.KeyId), ("AWS_SECRET_ACCESS_KEY", s3.Secret), ("AWS_SESSION_TOKEN", s3.Session)];
        var place = $"type=s3,region=eu-test-1,bucket=builds,prefix=team/,blobs_prefix=b/,manifests_prefix=m/,name=main;copy,use_path_style=true,endpoint_url={s3.Address}";

        var written = await _fixture.BuildAsync("bkd", Request(null, place + ",mode=max,upload_parallelism=2"), keys);
        Assert.Empty(written.Warnings);
        Assert.Empty(s3.Refusals);
        Assert.Contains("/builds/team/m/main", s3.Stored.Keys);
        Assert.Contains("/builds/team/m/copy", s3.Stored.Keys);
        Assert.Contains(s3.Stored.Keys, k => k.StartsWith("/builds/team/b/sha256:", StringComparison.Ordinal));

        var events = new List<BuildEvent>();
        var read = await BuildAsync(other.Address, Request(place, null), events, keys);
        Assert.True(_fixture.IsCached(read));
        Assert.Empty(read.Warnings);
        Assert.Empty(s3.Refusals);
    }

    [Fact]
    public async Task Keys_that_a_bucket_does_not_take_are_a_warning_for_reading()
    {
        await using var s3 = new FakeS3();
        var place = $"type=s3,region=r,bucket=b,use_path_style=true,endpoint_url={s3.Address},access_key_id={s3.KeyId},secret_access_key=not-the-s3cr3t,session_token={s3.Session},retry_max_attempts=1";
        var read = await _fixture.BuildAsync("bkd", Request(place, null));

        Assert.False(_fixture.IsCached(read));
        Assert.Contains("the signature is of another secret", s3.Refusals);
        var warning = Assert.Single(read.Warnings).Message;
        Assert.Contains("'type=s3,access_key_id=***,bucket=b,", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_in_no_record_of_the_engine_and_nothing_that_a_build_says()
    {
        await using var s3 = new FakeS3();
        var events = new List<BuildEvent>();
        var place = $"type=s3,region=r,bucket=b,use_path_style=true,endpoint_url={s3.Address},access_key_id={s3.KeyId},secret_access_key={s3.Secret},session_token={s3.Session}";
        var image = _fixture.Out("image.tar");
        var result = await BuildAsync(TestEngines.Require("bkd"), Request(place, place + ",mode=max") with { Outputs = [OutputSpec.Parse("type=oci,dest=" + image)] }, events);
        Assert.Empty(result.Warnings);
        Assert.Empty(s3.Refusals);

        var records = await RunAsync(TestEngines.Tool("buildctl"), "--addr", TestEngines.Require("bkd"), "debug", "histories", "--format", "{{json .}}");
        var record = Assert.Single(records.Split('\n'), l => l.Contains(result.BuildRef.Split('/')[^1], StringComparison.Ordinal));
        Assert.Contains("cache-imports", record, StringComparison.Ordinal);
        string[] said = [records, string.Join('\n', events.Select(e => System.Text.Json.JsonSerializer.Serialize<object>(e))), System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(image, ContentFixture.Token))];
        Assert.All(said, text => Assert.All(new[] { s3.Secret, s3.Session, s3.KeyId }, key => Assert.False(text.Contains(key, StringComparison.Ordinal), "a key is said")));
    }

    [Fact]
    public async Task A_container_of_Azure_takes_a_cache_of_one_engine_and_gives_it_to_another()
    {
        await using var azure = new FakeAzureBlobs { Account = "dev" };
        await using var other = await PrivateBuildKit.StartAsync();
        var place = $"type=azblob,account_url={azure.Address}/dev,account_name=dev,container=builds,name=main,prefix=team,secret_access_key=a2V5";

        Assert.Empty((await _fixture.BuildAsync("bkd", Request(null, place + ",mode=max"))).Warnings);
        Assert.Empty(azure.Refusals);
        Assert.Contains("/dev/builds/team/manifests/main", azure.Stored.Keys);

        var read = await BuildAsync(other.Address, Request(place, null), []);
        Assert.True(_fixture.IsCached(read));
        Assert.Empty(read.Warnings);
    }

    [Theory]
    [InlineData("ACTIONS_CACHE_URL", "", "/_apis/artifactcache/")]
    [InlineData("ACTIONS_RESULTS_URL", "true", "/twirp/github.actions.results.api.v1.CacheService/")]
    public async Task The_cache_service_of_GitHub_is_written_by_one_engine_and_read_by_a_daemon(string variable, string second, string path)
    {
        await using var service = new FakeGitHubCache();
        (string, string)[] run = [("ACTIONS_RUNTIME_TOKEN", service.Token), (variable, service.Address + "/"), ("ACTIONS_CACHE_SERVICE_V2", second)];
        var scope = "type=gha,scope=" + Guid.NewGuid().ToString("N");

        Assert.Empty((await _fixture.BuildAsync("bkd", Request(null, scope + ",mode=max"), run)).Warnings);
        Assert.Empty(service.Refusals);
        Assert.All(service.Requests.Where(r => !r.Contains("/archive/", StringComparison.Ordinal)), r => Assert.Contains(path, r, StringComparison.Ordinal));
        Assert.Contains(service.Keys, k => k.StartsWith("index-" + scope["type=gha,scope=".Length..], StringComparison.Ordinal));

        var read = await _fixture.BuildAsync("d28", Request(scope, null), run);
        Assert.True(_fixture.IsCached(read));
        Assert.Empty(read.Warnings);
        Assert.Empty(service.Refusals);
    }

    [Theory]
    [InlineData("d28", "s3")]
    [InlineData("d28", "azblob")]
    [InlineData("d28c", "gha")]
    [InlineData("d28c", "s3")]
    [InlineData("d20", "gha")]
    public async Task What_a_daemon_cannot_do_is_said_before_the_build(string engine, string type)
    {
        // Addresses where nobody is: the daemon is not to get so far.
        var place = type switch
        {
            "gha" => "type=gha,token=s3cr3t,url=http://127.0.0.1:1",
            "s3" => "type=s3,bucket=b,region=r,endpoint_url=http://127.0.0.1:1,access_key_id=i,secret_access_key=s3cr3t",
            _ => "type=azblob,account_url=http://127.0.0.1:1,secret_access_key=a2V5",
        };

        var failure = await Assert.ThrowsAsync<BuildxException>(() => _fixture.BuildAsync(engine, Request(null, place)));
        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.DoesNotContain("s3cr3t", failure.ToString(), StringComparison.Ordinal);

        var read = await _fixture.BuildAsync(engine, Request(place, null));
        var warning = Assert.Single(read.Warnings).Message;
        Assert.Contains($"'type={type},", warning, StringComparison.Ordinal);
        Assert.Contains("is not used", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", warning, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(ContentFixture.Token);
        await process.WaitForExitAsync(ContentFixture.Token);
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    private async Task<BuildResult> BuildAsync(string address, BuildRequest request, List<BuildEvent> events, params (string Name, string Value)[] variables)
    {
        var environment = new ClientEnvironment
        {
            HomeDirectory = _fixture.Out("home"),
            Variables = new Dictionary<string, string>(variables.Select(v => KeyValuePair.Create(v.Name, v.Value)), StringComparer.Ordinal)
            {
                ["DOCKER_CONFIG"] = _fixture.Out("home"),
                ["BUILDX_CONFIG"] = _fixture.Out("home/buildx"),
            },
        };
        await foreach (var e in new BuildRunner(environment, BuildKitNode.PartsAt(address, environment)).RunAsync(request, ContentFixture.Token).WithLimit(TimeSpan.FromMinutes(4)))
        {
            events.Add(e);
        }

        return Assert.IsType<BuildCompleted>(events[^1]).Result;
    }
}
