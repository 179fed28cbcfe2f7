using System.Text;
using BenchmarkDotNet.Attributes;
using BuildxPS.Engine.Progress;

namespace BuildxPS.Engine.Benchmarks;

/// <summary>10,000 events of a build of 20 steps become what is shown.</summary>
public class ProgressBenchmarks
{
    private const int Steps = 20;
    private readonly BuildEvent[] _events = [.. Events()];

    /// <summary>Plain lines.</summary>
    /// <returns>How many.</returns>
    [Benchmark]
    public int PlainLines()
    {
        var progress = new PlainProgress();
        var lines = 0;
        foreach (var e in _events)
        {
            lines += progress.Handle(e).Count;
        }

        return lines + progress.Finish(withFailures: false).Count;
    }

    /// <summary>Bars.</summary>
    /// <returns>How many changes of bars.</returns>
    [Benchmark]
    public int Bars()
    {
        var progress = new ProgressBars();
        var bars = 0;
        foreach (var e in _events)
        {
            bars += progress.Handle(e).Count;
        }

        return bars + progress.Finish().Count;
    }

    private static IEnumerable<BuildEvent> Events()
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        for (var step = 0; step < Steps; step++)
        {
            var vertex = new VertexChanged { Digest = $"sha256:{step:x64}", Name = $"[{step + 1}/{Steps}] RUN make part{step}", Started = start.AddSeconds(step) };
            yield return vertex;
            for (var line = 0; line < 10_000 / Steps; line++)
            {
                yield return new VertexLog
                {
                    VertexDigest = vertex.Digest,
                    Stream = 1,
                    Data = Encoding.UTF8.GetBytes($"compiling unit {line} of part {step}\n"),
                    Timestamp = start.AddSeconds(step).AddMilliseconds(line),
                };
            }

            yield return vertex with { Completed = start.AddSeconds(step + 1) };
        }
    }
}
