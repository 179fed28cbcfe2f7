using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Sessions.Files;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Several outputs of one build: all of them are put in place, or none.</summary>
public sealed class SeveralOutputsTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new TempFolder().File("context/Dockerfile", "FROM scratch\n").File("out/a", "old").File("out.tar", "old");
    private readonly FakeEngine _engine = new();
    private readonly FakeFileSystem _disk = new();

    public SeveralOutputsTests() => _engine.Export = async (build, cancellationToken) =>
    {
        TreeItem.Write((ITreeOutput)build.Services.Outputs[0]!, TreeItem.File("a", "new"), TreeItem.File("b", "new"));
        var tar = (IFileOutput)build.Services.Outputs[1]!;
        await using (var stream = await tar.OpenAsync(new Dictionary<string, string>(), cancellationToken))
        {
            await stream.WriteAsync("new"u8.ToArray(), cancellationToken);
        }

        tar.Complete();
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task All_are_put_in_place()
    {
        await RunAsync();

        Assert.Equal(("new", "new", "new"), (Read("out/a"), Read("out/b"), Read("out.tar")));
        Assert.Equal(["context", "out", "out.tar"], FolderNames.Read(_folder.Path));
    }

    [Fact]
    public async Task One_that_cannot_be_put_in_place_takes_the_others_back_and_says_so()
    {
        var before = TreeText.Of(_folder.Path);
        var inner = _engine.Export;
        _engine.Export = async (build, token) =>
        {
            await inner(build, token);

            // The file's first change after the engine is done is to take its place.
            _disk.FailAt(1, () => new IOException("as the system says it", 5));
        };

        var failure = await Assert.ThrowsAsync<BuildxException>(RunAsync);

        Assert.Equal(BuildxFailure.DestinationNotWritable, failure.Failure);
        Assert.Equal($"'{_folder["out.tar"]}' cannot be written: Input/output error. '{_folder["out"]}' is as it was before.", failure.Message);
        Assert.Equal(before, TreeText.Of(_folder.Path));
    }

    [Fact]
    public async Task None_is_put_in_place_before_all_are_ready()
    {
        var before = TreeText.Of(_folder["out"]);
        var inner = _engine.Export;
        _engine.Export = async (build, token) =>
        {
            await inner(build, token);
            File.Delete(_folder["out.tar"]);
            _folder.Folder("out.tar");
        };

        var failure = await Assert.ThrowsAsync<BuildxException>(RunAsync);

        Assert.Equal(BuildxFailure.DestinationNotWritable, failure.Failure);
        Assert.Contains("it is a folder, and a file is needed", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, TreeText.Of(_folder["out"]));
    }

    [Fact]
    public async Task Success_of_an_engine_that_sent_one_of_two_outputs_is_none()
    {
        var before = TreeText.Of(_folder.Path);
        _engine.Export = (build, _) =>
        {
            TreeItem.Write((ITreeOutput)build.Services.Outputs[0]!, TreeItem.File("a", "new"));
            return Task.CompletedTask;
        };

        var failure = await Assert.ThrowsAsync<BuildxException>(RunAsync);

        Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
        Assert.Contains($"sent nothing of '{_folder["out.tar"]}'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, TreeText.Of(_folder.Path));
    }

    private string Read(string path) => File.ReadAllText(_folder[path]);

    private async Task RunAsync()
    {
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = _folder.Path };
        var runner = new BuildRunner(environment, new BuildParts
        {
            ResolveBuilder = (_, _) => Task.FromResult(_engine.Builder()),
            OpenSource = root => new LocalFileSource(root),
            CreateOutput = output => output.Client == ClientOutput.Folder
                ? new FolderOutput(output.Spec.Destination!)
                : new FileOutput(output.Spec.Destination!, _disk),
            OpenDocker = _ => throw new InvalidOperationException("no docker is needed"),
            OpenCredentials = () => new CredentialStore(environment),
        });
        var request = new BuildRequest
        {
            ContextPath = _folder["context"],
            Outputs = [new OutputSpec { Type = "local", Destination = _folder["out"] }, new OutputSpec { Type = "tar", Destination = _folder["out.tar"] }],
        };
        await foreach (var _ in runner.RunAsync(request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
        }
    }
}
