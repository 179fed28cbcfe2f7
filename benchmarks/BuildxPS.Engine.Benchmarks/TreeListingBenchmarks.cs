using BenchmarkDotNet.Attributes;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Sending;

namespace BuildxPS.Engine.Benchmarks;

/// <summary>A folder of 10,000 files is listed, as it is before every build.</summary>
public class TreeListingBenchmarks
{
    private static readonly FileSelection s_all = new();

    private static readonly FileSelection s_some = new()
    {
        ExcludePatterns = ["**/*.log", "docs/**/*.png", "web/part003", "!docs/part001/unit1/*.png"],
        FollowPaths = ["src", "docs"],
    };

    private LocalFileSource _source = null!;

    /// <summary>Writes the folder.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _source = new LocalFileSource(Directory.CreateTempSubdirectory("buildxps-bench-").FullName);
        SampleTree.Write(_source.Root, 10_000);
    }

    /// <summary>Removes the folder.</summary>
    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_source.Root, recursive: true);

    /// <summary>All of it.</summary>
    /// <returns>How many entries.</returns>
    [Benchmark]
    public int All() => _source.List(s_all, CancellationToken.None).Count();

    /// <summary>Two of its folders, less what a .dockerignore file leaves out.</summary>
    /// <returns>How many entries.</returns>
    [Benchmark]
    public int WithPatterns() => _source.List(s_some, CancellationToken.None).Count();
}
