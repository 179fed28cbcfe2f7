using System.Diagnostics;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Sessions.Files;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Folders from real engines with more, longer or stranger names in them than most have.</summary>
public sealed class RealExportTests : IDisposable
{
    private const long MaxAddedBytes = 64 * 1024 * 1024;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Fifty_thousand_files_come_whole_and_in_little_memory()
    {
        const int folders = 250;
        const int files = 200;
        Make($"for d in $(seq 0 {folders - 1}); do mkdir folder$d; for i in $(seq 0 {files - 1}); do echo file $i of folder $d > folder$d/file$i.txt; done; done");

        // A small one first, which loads all code.
        using var small = new TempFolder().File("context/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        using var builds = new MeasuredBuilds("d28", _folder["ours"]);
        _ = await builds.BuildAsync(small["context"]);
        var added = (await builds.BuildAsync(_folder["context"])).AddedBytes;

        var made = _folder["ours/made"];
        Assert.Equal(folders * files, Directory.EnumerateFiles(made, "*", SearchOption.AllDirectories).Count());
        Assert.Equal(folders, Directory.GetDirectories(made).Length);
        for (var at = 0; at < folders * files; at += 61)
        {
            var (folder, file) = (at / files, at % files);
            Assert.Equal($"file {file} of folder {folder}\n", await File.ReadAllTextAsync(Path.Join(made, $"folder{folder}", $"file{file}.txt"), TestContext.Current.CancellationToken));
        }

        Assert.InRange(added, 0, MaxAddedBytes);
    }

    [Fact]
    public async Task Names_that_are_not_UTF8_come_as_with_buildx()
    {
        MakeRawNames();

        await BuildAsync("d20", _folder["ours"]);
        var (exitCode, error) = await RunBuildxAsync("d20", _folder["theirs"]);

        Assert.True(exitCode == 0, error);
        Assert.Contains("made/a\uDCFFb", Find("ours"), StringComparison.Ordinal);
        Assert.Equal(Find("theirs"), Find("ours"));
    }

    [Fact]
    public async Task An_engine_that_cannot_send_names_that_are_not_UTF8_says_so()
    {
        MakeRawNames();

        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync("d28", _folder["ours"]));
        var (exitCode, error) = await RunBuildxAsync("d28", _folder["theirs"]);

        Assert.True(exitCode != 0, error);
        Assert.Contains("string field contains invalid UTF-8", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["context", "theirs"], FolderNames.Read(_folder.Path));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(800)]
    public async Task A_path_of_thousands_of_characters_comes_or_is_told_by_name(int above)
    {
        Make("n=$(printf 'd%.0s' $(seq 250)); for i in $(seq 14); do mkdir $n; cd $n; done; echo deep > file");
        var destination = _folder[$"ours/{string.Join('/', Enumerable.Repeat(new string('x', 99), above / 100))}"];

        if (above == 100)
        {
            await BuildAsync("d28", destination);
            Assert.Equal("deep\n", await File.ReadAllTextAsync(Path.Join(destination, "made", DeepFolder, "file"), TestContext.Current.CancellationToken));
            return;
        }

        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync("d28", destination));
        Assert.Equal(BuildxFailure.DestinationNotWritable, failure.Failure);
        Assert.StartsWith($"'{_folder.Path}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("its name or path is too long", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["context"], FolderNames.Read(_folder.Path));
    }

    private static string DeepFolder => string.Join('/', Enumerable.Repeat(new string('d', 250), 14));

    private void MakeRawNames() => Make(
        """echo raw > "$(printf 'a\377b')"; mkdir "$(printf '\303')"; echo x > "$(printf '\303/\200')"; echo plain > plain; ln -s "$(printf 'x\376y')" link""");

    /// <summary>A context whose build runs a line in a folder and is exported with it; no other build shares its steps.</summary>
    private void Make(string line) => _folder.File(
        "context/Dockerfile",
        $"FROM busybox\nRUN : {Guid.NewGuid():N}; mkdir /made; cd /made; {line}\n");

    private string Find(string folder)
    {
        using var process = Process.Start(new ProcessStartInfo("find", [_folder[folder], "-path", "*/made*", "-printf", "%P %y %m %s %l\\n"])
        {
            RedirectStandardOutput = true,
        })!;
        using var bytes = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(bytes);
        process.WaitForExit();
        return string.Join('\n', NameBytes.Decode(bytes.ToArray()).Split('\n').Order(StringComparer.Ordinal));
    }

    private async Task BuildAsync(string engine, string destination)
    {
        var request = new BuildRequest
        {
            ContextPath = _folder["context"],
            Builder = new BuilderSelection { DockerHost = TestEngines.Require(engine) },
            Outputs = [new OutputSpec { Type = "local", Destination = destination }],
        };
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = Path.GetTempPath() };
        await foreach (var _ in new BuildRunner(environment).RunAsync(request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
        }
    }

    private async Task<(int ExitCode, string Error)> RunBuildxAsync(string engine, string destination)
    {
        var (exitCode, _, error) = await DockerCommand.RunAsync(engine, [], "buildx", "build", "--output", $"type=local,dest={destination}", _folder["context"]);
        return (exitCode, error);
    }
}
