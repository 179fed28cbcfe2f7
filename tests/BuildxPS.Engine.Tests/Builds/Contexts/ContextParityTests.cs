using System.Diagnostics;
using System.IO.Compression;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Contexts;

/// <summary>The same contexts through buildx and through this module: the same images come out.</summary>
[Collection(AloneCollection.Name)]
public sealed class ContextParityTests : IAsyncDisposable
{
    private readonly ContextBuild _build = new();
    private readonly WebServer _server;

    public ContextParityTests() => _server = WebServer.Start(_build.Served);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _build.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<string?> OursAsync(Func<BuildRequest, BuildRequest> change)
    {
        var environment = new ClientEnvironment
        {
            Variables = new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = "0", ["BUILDX_NO_DEFAULT_ATTESTATIONS"] = "1" },
            HomeDirectory = _build.Served,
        };
        var request = change(new BuildRequest
        {
            ContextPath = "",
            Builder = new BuilderSelection { DockerHost = TestEngines.Require("d28") },
            Outputs = [new OutputSpec { Type = "image" }],
        });
        BuildEvent? last = null;
        await foreach (var e in new BuildRunner(environment).RunAsync(request, Token).WithLimit(TimeSpan.FromMinutes(3)))
        {
            last = e;
        }

        return Assert.IsType<BuildCompleted>(last).Result.Digest;
    }

    private async Task<string> TheirsAsync(string? input, params string[] arguments)
    {
        var metadata = Path.Join(_build.Served, Guid.NewGuid().ToString("N"));
        var start = new ProcessStartInfo(TestEngines.Tool("docker"), ["-H", TestEngines.Require("d28"), "buildx", "build", "--output=type=image", "--metadata-file", metadata, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOCKER_CONFIG"] = TestEngines.Tool("dockerConfig");
        start.Environment["SOURCE_DATE_EPOCH"] = "0";
        start.Environment["BUILDX_NO_DEFAULT_ATTESTATIONS"] = "1";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Token);
        if (input is not null)
        {
            await using var file = File.OpenRead(input);
            await file.CopyToAsync(process.StandardInput.BaseStream, Token);
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, await error);
        using var json = System.Text.Json.JsonDocument.Parse(await File.ReadAllBytesAsync(metadata, Token));
        return json.RootElement.GetProperty("containerimage.digest").GetString()!;
    }

    [Fact]
    public async Task Images_are_the_same()
    {
        var tar = _build.WriteTar("context.tar.gz", s => new GZipStream(s, CompressionLevel.Fastest));
        var dockerfile = Path.Join(_build.Main, "Dockerfile");
        var archive = await ContextInput.ReadFileAsync(new BuildRequest { ContextPath = "" }, tar, Token);
        var text = await File.ReadAllTextAsync(dockerfile, Token);
        var url = _server.Address + "/context.tar.gz";
        await GitRepository.CreateAsync(_build.Served, "repo", _build.Main, _build.Main);
        var git = _server.Address + "/repo.git#main:sub";
        (string Name, Func<Task<string>> Theirs, Func<BuildRequest, BuildRequest> Ours)[] cases =
        [
            ("archive", () => TheirsAsync(tar, "-"), r => r with { ContextArchive = archive.ContextArchive }),
            ("archive, other Dockerfile", () => TheirsAsync(tar, "-f", "other.Dockerfile", "-"), r => r with { ContextArchive = archive.ContextArchive, DockerfilePath = "other.Dockerfile" }),
            ("text", () => TheirsAsync(dockerfile, "-f", "-", _build.Main), r => r with { ContextPath = _build.Main, DockerfileText = text }),
            ("text alone", () => TheirsAsync(dockerfile, "-"), r => r with { DockerfileText = text }),
            ("address", () => TheirsAsync(null, url), r => r with { ContextPath = url }),
            ("Dockerfile at an address", () => TheirsAsync(null, "-f", _server.Address + "/main/other.Dockerfile", _build.Main), r => r with { ContextPath = _build.Main, DockerfilePath = _server.Address + "/main/other.Dockerfile" }),
            ("repository", () => TheirsAsync(null, git), r => r with { ContextPath = git }),
        ];
        foreach (var (name, theirs, ours) in cases)
        {
            Assert.Equal((name, await theirs()), (name, await OursAsync(ours)));
        }
    }
}
