using System.Text.RegularExpressions;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Progress;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>The plain display beside buildx's, on the same build.</summary>
[Collection(AloneCollection.Name)]
public sealed partial class PlainParityTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("buildxps-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("d20", "FROM alpine AS build\nRUN echo one; echo two\nFROM scratch\nCOPY --from=build /etc/passwd /\n")]
    [InlineData("d28", "FROM alpine as build\nRUN echo one; echo two\nFROM scratch\nCOPY --from=build /etc/passwd /\n")]
    [InlineData("d28", "FROM alpine\nRUN echo one; echo two; exit 3\n")]
    public async Task Lines_are_those_of_buildx(string engine, string dockerfile)
    {
        File.WriteAllText(Path.Join(_folder.FullName, "Dockerfile"), dockerfile);
        var theirs = await BuildxAsync(engine);
        var ours = await OursAsync(engine);
        Assert.Contains(Comparable(ours), l => l.EndsWith(" one", StringComparison.Ordinal));
        Assert.Contains(Comparable(ours), l => l.StartsWith("# DONE", StringComparison.Ordinal));
        Assert.Equal(Comparable(theirs), Comparable(ours));
    }

    private async Task<IEnumerable<string>> OursAsync(string engine)
    {
        var plain = new PlainProgress();
        var lines = new List<string>();
        var request = new BuildRequest
        {
            ContextPath = _folder.FullName,
            NoCache = true,
            Builder = new BuilderSelection { DockerHost = TestEngines.Require(engine) },
        };
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = _folder.FullName };
        try
        {
            await foreach (var e in new BuildRunner(environment).RunAsync(request, TestContext.Current.CancellationToken).WithLimit(TimeSpan.FromMinutes(3)))
            {
                lines.AddRange(plain.Handle(e));
            }
        }
        catch (BuildFailedException)
        {
            // Compared by what was printed.
        }

        lines.AddRange(plain.Finish());
        return lines;
    }

    private async Task<IEnumerable<string>> BuildxAsync(string engine)
    {
        var (_, _, error) = await DockerCommand.RunAsync(engine, [], "buildx", "build", "--progress=plain", "--no-cache", _folder.FullName);
        var lines = error.Split('\n');

        // After the lines of the display come the warnings, the source and the error, which our module reports as such.
        var end = Array.FindIndex(lines, l => WhatFollows().IsMatch(l));
        return end < 0 ? lines : lines.Take(end);
    }

    /// <summary>The lines without what differs from run to run: numbers by order, times, sizes, digests, states passed on the way.</summary>
    private static IEnumerable<string> Comparable(IEnumerable<string> lines)
        => lines.Where(l => l.Length > 0 && !l.EndsWith(" ...", StringComparison.Ordinal))
            .Select(l => Varying().Replace(Number().Replace(l, "# "), ""))
            // Whether a base image was there already depends on which of the two builds came first.
            .Select(l => l == "# CACHED" ? "# DONE" : l)
            // A warning that comes after its step has ended is no line, with either display.
            .Where(l => !l.StartsWith("# WARN: ", StringComparison.Ordinal))
            .Where(l => !l.StartsWith("# building with", StringComparison.Ordinal) && !Exporting().IsMatch(l) && !Transfer().IsMatch(l))
            .Distinct()
            .Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^ *\e?\[?[0-9;m]*\d+ warnings? found|^\S+:\d+$|^ERROR: ")]
    private static partial Regex WhatFollows();

    [GeneratedRegex(@"^#\d+ (?=\S)")]
    private static partial Regex Number();

    [GeneratedRegex(@" ?\b\d+\.\d+s\b| done$|(?<=^(# )?)\d+\.\d+(?= )|sha256:[0-9a-f]{64}| \d+(\.\d+)?[kM]?B\b( / \d+(\.\d+)?[kM]?B)?")]
    private static partial Regex Varying();

    [GeneratedRegex(@"^# (exporting|naming|unpacking|writing|preparing|creating)")]
    private static partial Regex Exporting();

    [GeneratedRegex(@"^# (extracting|resolve|transferring|@?$)|^# ?$")]
    private static partial Regex Transfer();
}
