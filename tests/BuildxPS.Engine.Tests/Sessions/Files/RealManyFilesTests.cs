using System.Globalization;
using BuildxPS.Engine.Tests.Builds;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>A context of many files on a real engine: new to it, known to it, and known but for one file.</summary>
public sealed class RealManyFilesTests
{
    private const int Files = 50_000;
    private const int FilesPerFolder = 500;
    private const int MaxAddedBytes = 64 * 1024 * 1024;

    [Fact]
    public async Task Of_fifty_thousand_files_only_those_that_changed_are_sent_again_and_memory_stays_flat()
    {
        // So that memory can be looked at.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc.");
        using var folder = new TempFolder();
        MakeContext(folder, "small", 100);
        MakeContext(folder, "many", Files);
        using var builds = new MeasuredBuilds("bkd", folder["out"]);
        _ = await builds.BuildAsync(folder["small"]);
        _ = await builds.BuildAsync(folder["small"]);

        var name = "many";
        var (first, unchanged, changed) = await RoundAsync(name);
        for (var again = 1; again <= 2 && (unchanged.Read == Files || changed.Read == Files); again++)
        {
            // The engine cleared its cache, which other tests fill, between two builds: it then has all of a context sent again.
            var next = $"again{again}";
            Directory.Move(folder[name], folder[next]);
            name = next;
            (first, unchanged, changed) = await RoundAsync(name);
        }

        Assert.Equal(Files.ToString(CultureInfo.InvariantCulture), File.ReadAllText(folder["out/count"]).Trim());
        Assert.Equal(Files, first.Read);
        Assert.True(first.Transferred > unchanged.Transferred, $"The engine got {first.Transferred} bytes, and {unchanged.Transferred} when nothing had changed.");
        Assert.Equal(0, unchanged.Read);
        Assert.Equal((1, "files/099/49999"), (changed.Read, changed.Paths));
        Assert.Equal("changed", File.ReadAllText(folder["out/last"]));
        Assert.All([first, unchanged, changed], b => Assert.InRange(b.AddedBytes, 0, MaxAddedBytes));

        async Task<(MeasuredBuild First, MeasuredBuild Unchanged, MeasuredBuild Changed)> RoundAsync(string context)
        {
            File.WriteAllText(folder[$"{context}/files/099/49999"], Guid.NewGuid().ToString());
            var first = await builds.BuildAsync(folder[context]);
            var unchanged = await builds.BuildAsync(folder[context]);
            File.WriteAllText(folder[$"{context}/files/099/49999"], "changed");
            return (first, unchanged, await builds.BuildAsync(folder[context]));
        }
    }

    private static void MakeContext(TempFolder folder, string name, int files)
    {
        folder.File($"{name}/Dockerfile", $"""
            FROM busybox AS look
            RUN --mount=type=bind,target=/in : {Guid.NewGuid()}; find /in/files -type f | wc -l > /count; cat /in/files/099/49999 > /last || true
            FROM scratch
            COPY --from=look /count /last /
            """);
        for (var i = 0; i < files; i++)
        {
            if (i % FilesPerFolder == 0)
            {
                folder.Folder($"{name}/files/{i / FilesPerFolder:d3}");
            }

            File.WriteAllText(folder[$"{name}/files/{i / FilesPerFolder:d3}/{i:d5}"], $"{i}");
        }
    }
}
