using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Contexts;

/// <summary>Builds on a real engine whose context is no folder, and files for such contexts that no other test has.</summary>
internal sealed class ContextBuild : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();
    private int _outputs;

    public ContextBuild()
    {
        Write("main/Dockerfile", $"FROM scratch\nCOPY . /{Mark}/\n");
        Write("main/sub/Dockerfile", $"FROM scratch\nCOPY sub.txt /{Mark}/\n");
        Write("main/sub/sub.txt", "below\n");
        Write("main/a.txt", "main\n");
        Write("main/other.Dockerfile", $"FROM scratch\nCOPY a.txt /{Mark}/other.txt\n");
    }

    /// <summary>A text that no other build has.</summary>
    public string Mark { get; } = "m" + Guid.NewGuid().ToString("N")[..12];

    /// <summary>The folder that a web server may serve.</summary>
    public string Served => _folder.Path;

    /// <summary>A folder with a Dockerfile that copies all of it.</summary>
    public string Main => Path.Join(_folder.Path, "main");

    /// <summary>What happened so far.</summary>
    public List<BuildEvent> Events { get; } = [];

    public void Dispose() => _folder.Dispose();

    public string Write(string path, string text) => _folder.Write(path, text);

    /// <summary>Makes an archive of <see cref="Main"/> in the format that .NET writes by itself.</summary>
    public string WriteTar(string name, Func<Stream, Stream>? compress = null)
    {
        var path = Path.Join(_folder.Path, name);
        using var file = File.Create(path);
        using var stream = compress?.Invoke(file) ?? file;
        TarFile.CreateFromDirectory(Main, stream, includeBaseDirectory: false);
        return path;
    }

    /// <summary>Runs a build, and gives the files that came out, as <c>PATH=TEXT</c>, without the mark.</summary>
    public async Task<string> RunAsync(string engine, Func<BuildRequest, BuildRequest> change, params (string Name, string Value)[] variables)
    {
        var output = Path.Join(_folder.Path, $"out{_outputs++}");
        await BuildAsync(engine, r => change(r) with { Outputs = [new OutputSpec { Type = "local", Destination = output }] }, variables);
        return Tree(output);
    }

    /// <summary>Runs a build that has to fail.</summary>
    public Task<BuildxException> FailAsync(string engine, Func<BuildRequest, BuildRequest> change)
        => Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync(engine, r => change(r) with { Outputs = [new OutputSpec { Type = "cacheonly" }] }));

    /// <summary>The files in a folder, as <c>PATH=TEXT</c>, without the mark.</summary>
    public string Tree(string folder) => string.Join(
        ' ',
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(f => $"{Path.GetRelativePath(folder, f).Replace(Mark + "/", "", StringComparison.Ordinal)}={Show(File.ReadAllText(f))}")
            .Order(StringComparer.Ordinal));

    private static string Show(string text)
        => text.Length < 20 ? text.TrimEnd() : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..8];

    private async Task BuildAsync(string engine, Func<BuildRequest, BuildRequest> change, params (string Name, string Value)[] variables)
    {
        var environment = new ClientEnvironment { Variables = variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal), HomeDirectory = _folder.Path };
        var address = TestEngines.Require(engine);
        var runner = engine == "bkd" ? new BuildRunner(environment, BuildKitNode.PartsFor(engine, environment)) : new BuildRunner(environment);
        var request = change(new BuildRequest
        {
            ContextPath = "",
            Builder = engine == "bkd" ? new BuilderSelection() : new BuilderSelection { DockerHost = address },
        });
        await foreach (var e in runner.RunAsync(request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
            Events.Add(e);
        }

        Assert.IsType<BuildCompleted>(Events[^1]);
    }
}
