using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace BuildxPS.Engine.Benchmarks;

/// <summary>Measures functions of the engine: <c>[--dry] FOLDER [NAME]</c>.</summary>
internal static class Program
{
    /// <summary>Runs the benchmarks with a text in their name.</summary>
    /// <param name="args">
    /// <c>--dry</c> to run each once and find out only whether it works; the folder that takes reports; a part of a name.
    /// </param>
    /// <returns>0 if all of them ran.</returns>
    public static int Main(string[] args)
    {
        var isDry = args is ["--dry", ..];
        var rest = args[(isDry ? 1 : 0)..];
        if (rest.Length is 0 or > 2)
        {
            Console.Error.WriteLine("usage: [--dry] FOLDER [NAME]");
            return 2;
        }

        // In this process: a project made for each benchmark would need this repository's settings, and a compiler.
        var job = (isDry ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
        var config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddLogger(isDry ? NullLogger.Instance : ConsoleLogger.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddExporter(MarkdownExporter.GitHub)
            .WithArtifactsPath(Path.GetFullPath(rest[0]))
            .WithOptions(ConfigOptions.JoinSummary);
        var name = rest.Length == 2 ? $"*{rest[1]}*" : "*";
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(["--filter", name], config).ToList();
        var reports = summaries.SelectMany(s => s.Reports).ToList();
        var failed = reports.Where(r => !r.Success).Select(r => r.BenchmarkCase.DisplayInfo).ToList();
        foreach (var benchmark in failed)
        {
            Console.Error.WriteLine($"failed: {benchmark}");
        }

        Console.WriteLine($"{reports.Count - failed.Count} benchmarks ran, {failed.Count} failed");
        return reports.Count > 0 && failed.Count == 0 && !summaries.Any(s => s.HasCriticalValidationErrors) ? 0 : 1;
    }
}
