using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Tests.Builds;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>Builds in a process of its own, whose memory is nobody else's.</summary>
internal static class SendProcess
{
    public const string Verb = "send";

    /// <summary>Starts one that builds the contexts that it is given line by line, on a BuildKit of its own.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="folder">Where to keep what it exports.</param>
    public static Process Start(string engine, string folder)
    {
        var program = System.Environment.ProcessPath!;
        string[] command =
        [
            program,
            .. Path.GetFileNameWithoutExtension(program) == "dotnet" ? new[] { typeof(SendProcess).Assembly.Location } : [],
            Verb, engine, folder,
        ];
        return Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>The process's own side: for each context a line with what was read, what the engine says it got, and the memory it took.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        while (await Console.In.ReadLineAsync() is { Length: > 0 } context)
        {
            GC.Collect();
            var before = MemoryKilobytes("VmRSS");
            await File.WriteAllTextAsync("/proc/self/clear_refs", "5");
            var (read, transferred) = await BuildAsync(arguments[0], context, arguments[1]);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{MemoryKilobytes("VmHWM") - before}|{transferred}|{read.Length}|{string.Join(' ', read.Order(StringComparer.Ordinal).Take(3))}"));
            Console.Out.Flush();
        }

        return 0;
    }

    private static async Task<(string[] Read, long Transferred)> BuildAsync(string engine, string context, string folder)
    {
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = folder };
        var read = new ConcurrentQueue<string>();
        var parts = BuildKitNode.PartsFor(engine, environment) with { OpenSource = root => new ReadSource(new LocalFileSource(root), read) };
        var request = new BuildRequest { ContextPath = context, Outputs = [new OutputSpec { Type = "local", Destination = Path.Join(folder, "out") }] };
        string? vertex = null;
        var transferred = 0L;
        await foreach (var e in new BuildRunner(environment, parts).RunAsync(request, default))
        {
            vertex = e is VertexChanged { Name: "[internal] load build context" } changed ? changed.Digest : vertex;
            transferred = e is VertexProgress progress && progress.VertexDigest == vertex ? Math.Max(transferred, progress.Current) : transferred;
        }

        return ([.. read.Where(p => p is not ("Dockerfile" or ".dockerignore"))], transferred);
    }

    private static long MemoryKilobytes(string name) =>
        long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(name, StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

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
