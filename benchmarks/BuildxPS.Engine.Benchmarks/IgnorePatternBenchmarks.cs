using BenchmarkDotNet.Attributes;
using BuildxPS.Engine.Sessions.Files.Patterns;

namespace BuildxPS.Engine.Benchmarks;

/// <summary>Patterns of a .dockerignore file against the paths of a tree.</summary>
public class IgnorePatternBenchmarks
{
    private static readonly string[] s_written =
    [
        "**/.git", "**/node_modules", "**/bin", "**/obj", "**/*.log", "**/*.swp", "dist", "build/output", "docs/**/*.png",
        "*.md", "!README.md", ".env*", "**/coverage", "**/__pycache__", "tmp?", "[Tt]est[Rr]esults", "src/**/generated",
        "!src/**/generated/keep.txt", "**/Dockerfile*", "charts",
    ];

    private readonly string[] _paths = SampleTree.Paths(10_000);
    private readonly IgnorePatterns _patterns = IgnorePatterns.Parse(s_written, backslashSeparates: false);

    /// <summary>20 patterns are compiled.</summary>
    /// <returns>How many there are.</returns>
    [Benchmark]
    public int Compile20() => IgnorePatterns.Parse(s_written, backslashSeparates: false).Count;

    /// <summary>10,000 paths are asked for, each by itself.</summary>
    /// <returns>How many match.</returns>
    [Benchmark]
    public int Match10000Paths()
    {
        var matches = 0;
        var each = new bool[_patterns.Count];
        foreach (var path in _paths)
        {
            matches += _patterns.IsMatch(path, [], each) ? 1 : 0;
        }

        return matches;
    }
}
