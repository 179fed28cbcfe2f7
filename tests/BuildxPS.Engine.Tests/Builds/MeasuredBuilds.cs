using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>What is known of a build that was measured.</summary>
/// <param name="AddedBytes">By how much the highest resident size was above the one before.</param>
/// <param name="Transferred">What the engine says it got of the context, in bytes.</param>
/// <param name="Read">How many files of the context were read.</param>
/// <param name="Paths">The first of them.</param>
internal sealed record MeasuredBuild(long AddedBytes, long Transferred, int Read, string Paths);

/// <summary>Builds in a process of their own, whose memory is nobody else's.</summary>
internal sealed class MeasuredBuilds : IDisposable
{
    public const string Verb = "measured-builds";

    // Ten times what the largest takes.
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    private readonly Process _process;

    /// <summary>Starts the process.</summary>
    /// <param name="engine">The engine: <c>bkd</c>, or a docker daemon.</param>
    /// <param name="destination">Where each build's result goes.</param>
    public MeasuredBuilds(string engine, string destination)
    {
        var program = System.Environment.ProcessPath!;
        string[] command =
        [
            .. Path.GetFileNameWithoutExtension(program) == "dotnet" ? new[] { typeof(MeasuredBuilds).Assembly.Location } : [],
            Verb, engine, TestEngines.Require(engine), destination,
        ];
        _process = Process.Start(new ProcessStartInfo(program, command) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Builds a context.</summary>
    public async Task<MeasuredBuild> BuildAsync(string context)
    {
        await _process.StandardInput.WriteLineAsync(context);
        await _process.StandardInput.FlushAsync();
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(s_guard) ?? throw new InvalidOperationException("The process ended; what it said stands above.");
        var fields = line.Split('|');
        return new MeasuredBuild(
            long.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[1], CultureInfo.InvariantCulture), int.Parse(fields[2], CultureInfo.InvariantCulture), fields[3]);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.Dispose();
    }

    /// <summary>The process's own side.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        while (await Console.In.ReadLineAsync() is { Length: > 0 } context)
        {
            GC.Collect();
            var before = MemoryBytes("VmRSS");

            // 5 resets the highest resident size.
            await File.WriteAllTextAsync("/proc/self/clear_refs", "5");
            var (read, transferred) = await BuildAsync(arguments[0], arguments[1], context, arguments[2]);
            var paths = string.Join(' ', read.Order(StringComparer.Ordinal).Take(3));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{MemoryBytes("VmHWM") - before}|{transferred}|{read.Length}|{paths}"));
            await Console.Out.FlushAsync();
        }

        return 0;
    }

    private static async Task<(string[] Read, long Transferred)> BuildAsync(string engine, string host, string context, string destination)
    {
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = Path.GetTempPath() };
        var read = new ConcurrentQueue<string>();
        var parts = engine == "bkd" ? BuildKitNode.PartsFor(engine, environment) : BuildParts.Real(environment);
        var request = new BuildRequest
        {
            ContextPath = context,
            Builder = new BuilderSelection { DockerHost = engine == "bkd" ? null : host },
            Outputs = [new OutputSpec { Type = "local", Destination = destination }],
        };
        string? vertex = null;
        var transferred = 0L;
        await foreach (var e in new BuildRunner(environment, parts with { OpenSource = root => new ReadSource(new LocalFileSource(root), read) }).RunAsync(request, default))
        {
            vertex = e is VertexChanged { Name: "[internal] load build context" } changed ? changed.Digest : vertex;
            transferred = e is VertexProgress progress && progress.VertexDigest == vertex ? Math.Max(transferred, progress.Current) : transferred;
        }

        return ([.. read.Where(p => p is not ("Dockerfile" or ".dockerignore"))], transferred);
    }

    private static long MemoryBytes(string name)
        => 1024 * long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    /// <summary>A folder that notes which files are read.</summary>
    private sealed class ReadSource(LocalFileSource inner, ConcurrentQueue<string> read) : IFileSource, IDisposable
    {
        public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken) => inner.List(selection, cancellationToken);

        public Stream OpenRead(string path)
        {
            read.Enqueue(path);
            return inner.OpenRead(path);
        }

        public void Dispose() => inner.Dispose();
    }
}
