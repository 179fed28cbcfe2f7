using System.Diagnostics;
using System.Net.Security;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>A tree sent to a real engine and exported again, beside what docker buildx makes of it.</summary>
public sealed class RealTransferTests
{
    [Theory]
    [InlineData("d20")]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task A_tree_goes_to_the_engine_and_back_as_with_buildx(string engine)
    {
        using var folder = MakeTree();
        await BuildAsync(engine, folder["context"], folder["ours"]);

        // An engine this old gives copied folders the time of the copy, another one where its cache was cleared in between.
        string Tree(string name) => TreeText.Of(folder[name], folderTimes: engine != "d20");
        var ours = Tree("ours");

        Assert.Contains("link|", ours, StringComparison.Ordinal);
        Assert.DoesNotContain("ignored", ours, StringComparison.Ordinal);
        if (engine != "bkd")
        {
            await RunBuildxAsync(engine, folder["context"], folder["theirs"]);
            Assert.Equal(Tree("theirs"), ours);
            Assert.Equal(IFileSystem.Current.Status(folder["theirs"])!.Value.Mode, IFileSystem.Current.Status(folder["ours"])!.Value.Mode);
        }
        else
        {
            Assert.Equal(Names(folder["context"]), Names(folder["ours"]));
        }

        // Once more over what is there.
        await BuildAsync(engine, folder["context"], folder["ours"]);
        Assert.Equal(ours, Tree("ours"));
    }

    private static string Names(string folder) => TreeText.Paths(folder, new FileSelection { ExcludePatterns = ["ignored*", "!ignored.kept"] });

    private static TempFolder MakeTree()
    {
        var folder = new TempFolder()
            .File("context/Dockerfile", "FROM scratch\nCOPY . /\n")
            .File("context/.dockerignore", "ignored*\n!ignored.kept\n")
            .File("context/ignored", "x")
            // Engines know content without its times: of an equal tree of an earlier run they might give back either.
            .File("context/mine", Guid.NewGuid().ToString())
            .File("context/file", "text")
            .File("context/run.sh", "#!/bin/sh", 0x1ED)
            .File("context/private", "x", 0x180)
            .File("context/deep/er/ünï/😀", "x")
            .File("context/a-b").File("context/a/x").File("context/a.txt")
            .File("context/large", new string('x', 3_000_001))
            .Folder("context/empty")
            .Link("context/link", "deep/er").Link("context/dangling", "/nowhere")
            .HardLink("context/zz-second-name", "context/file");
        var files = IFileSystem.Current;
        files.SetMetadata(folder["context/run.sh"], new FileEntry { Path = "", Mode = FileEntryMode.SetUid | (FileEntryMode)0x1ED, ModifiedNanoseconds = 1_600_000_000_123_456_789 });
        files.SetMetadata(folder["context/empty"], new FileEntry { Path = "", Mode = FileEntryMode.Directory | FileEntryMode.Sticky | (FileEntryMode)0x1FF, ModifiedNanoseconds = 1_500_000_000_000_000_001 });
        return folder;
    }

    private static async Task BuildAsync(string name, string context, string destination)
    {
        var endpoint = new EngineEndpoint { Address = TestEngines.Require(name) };
        var direct = ConnectorFactory.Create(endpoint, SslApplicationProtocol.Http2);
        var upgradable = ConnectorFactory.Create(endpoint, SslApplicationProtocol.Http11);
        await using var engine = new BuildKitEngine(name == "bkd" ? direct : new DockerGrpcConnector(upgradable, direct, new Version(1, 41)), null, endpoint.Address);
        await using var output = new FolderOutput(destination);
        var attributes = new Dictionary<string, string> { ["filename"] = "Dockerfile" };
        var source = new LocalFileSource(context);
        var running = await engine.StartAsync(
            new EngineBuild
            {
                Ref = Guid.NewGuid().ToString("N"),
                Exporters = [new EngineExporter { Type = "local" }],
                FrontendAttributes = attributes,
            },
            new BuildServices { Sources = new Dictionary<string, IFileSource> { ["context"] = source, ["dockerfile"] = source }, Outputs = [output] },
            CancellationToken.None);
        await using (running)
        {
            var events = Task.Run(async () =>
            {
                await foreach (var _ in running.Events)
                {
                }
            });
            var result = await running.SolveAsync(new FrontendCall { Frontend = "dockerfile.v0", Attributes = attributes }, CancellationToken.None);
            await running.ExportAsync(result, CancellationToken.None);
            await output.PlaceAsync();
            await events.WaitAsync(TimeSpan.FromSeconds(60));
        }
    }

    private static async Task RunBuildxAsync(string engine, string context, string destination)
    {
        var start = new ProcessStartInfo(
            TestEngines.Tool("docker"),
            ["-H", TestEngines.Require(engine), "buildx", "build", "--output", $"type=local,dest={destination}", context])
        {
            RedirectStandardError = true,
        };
        start.Environment["DOCKER_CONFIG"] = TestEngines.Tool("dockerConfig");
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
    }
}
