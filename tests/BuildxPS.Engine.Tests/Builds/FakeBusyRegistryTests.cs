using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Images;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>A real engine pushes to a fake registry that is busy.</summary>
public sealed class FakeBusyRegistryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private volatile bool _isBusy = true;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(503, "503")]
    [InlineData(429, "toomanyrequests")]
    public async Task A_push_for_which_it_was_busy_is_tried_again_without_building_again(int status, string said)
    {
        await using var registry = new FakeRegistry(r => Answer(r, status));
        var events = await BuildAsync(registry, e => _isBusy &= e is not VertexWarning { Warning: var warning } || !warning.Message.Contains("tried again", StringComparison.Ordinal));
        var result = Assert.IsType<BuildCompleted>(events[^1]).Result;
        Assert.Contains(result.Warnings, w => w.Message.Contains(said, StringComparison.Ordinal) && w.Message.Contains("attempt 2 of 4", StringComparison.Ordinal));
        var steps = events.OfType<VertexLog>().Select(l => System.Text.Encoding.UTF8.GetString(l.Data.Span)).Count(l => l.Contains("ran once", StringComparison.Ordinal));
        Assert.Equal(1, steps);
        Assert.Matches("^sha256:[0-9a-f]{64}$", result.Digest);
    }

    private async Task<List<BuildEvent>> BuildAsync(FakeRegistry registry, Action<BuildEvent> see)
    {
        _folder.Write("context/Dockerfile", $"FROM alpine\nRUN echo ran once > /dev/stderr && echo {Guid.NewGuid()} > /step\n");
        var environment = new ClientEnvironment { HomeDirectory = _folder.Path, Variables = new Dictionary<string, string>() };
        var request = new BuildRequest
        {
            ContextPath = Path.Join(_folder.Path, "context"),
            Tags = [ImageReference.Parse($"{registry.Authority}/busy:1")],
            Push = true,
            NoCache = true,
        };
        var events = new List<BuildEvent>();
        await foreach (var e in new BuildRunner(environment, BuildKitNode.PartsFor("bkd", environment)).RunAsync(request, TestContext.Current.CancellationToken).WithLimit(TimeSpan.FromMinutes(4)))
        {
            events.Add(e);
            see(e);
        }

        return events;
    }

    private FakeResponse Answer(FakeRequest request, int status)
    {
        var isManifest = request.Path.Contains("/manifests/", StringComparison.Ordinal);
        return request.Method switch
        {
            "GET" when request.Path == "/v2/" => new FakeResponse(),
            "HEAD" or "GET" => new FakeResponse { Status = 404 },
            "POST" => new FakeResponse { Status = 202, Headers = new() { ["Location"] = $"{request.Path.TrimEnd('/')}/{Guid.NewGuid()}" } },
            // With a document engines show its words alone, without one the number alone.
            "PUT" when isManifest && _isBusy && status == 429 => FakeResponse.Json(status, """{"errors":[{"code":"TOOMANYREQUESTS","message":"not now"}]}"""),
            "PUT" when isManifest && _isBusy => new FakeResponse { Status = status },
            "PUT" when isManifest => new FakeResponse
            {
                Status = 201,
                Headers = new() { ["Docker-Content-Digest"] = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(request.Body))) },
            },
            _ => new FakeResponse { Status = 201, Headers = new() { ["Docker-Content-Digest"] = Uri.UnescapeDataString(request.Target.Split("digest=")[^1]) } },
        };
    }
}
