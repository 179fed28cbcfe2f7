using System.Diagnostics;
using System.Globalization;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>A context of many files on a real engine: new to it, known to it, and known but for one file.</summary>
public sealed class RealManyFilesTests
{
    private const int Files = 50_000;
    private const int FilesPerFolder = 500;
    private const int MaxAddedKilobytes = 64 * 1024;

    // Ten times what all of it takes.
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Of_fifty_thousand_files_only_those_that_changed_are_sent_again_and_memory_stays_flat()
    {
        // So that memory can be looked at.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc.");
        using var folder = new TempFolder();
        MakeContext(folder, "small", 100);
        MakeContext(folder, "many", Files);
        using var process = SendProcess.Start("bkd", folder.Path);
        _ = await BuildAsync(process, folder, "small");
        _ = await BuildAsync(process, folder, "small");

        var name = "many";
        var first = await BuildAsync(process, folder, name);
        var counted = File.ReadAllText(folder["out/count"]).Trim();
        var unchanged = await BuildAsync(process, folder, name);
        File.WriteAllText(folder[$"{name}/files/099/49999"], "changed");
        var changed = await BuildAsync(process, folder, name);
        for (var again = 1; again <= 2 && (unchanged.Read == Files || changed.Read == Files); again++)
        {
            // The engine cleared its cache, which other tests fill, between two builds: it then has all of a context sent again.
            Directory.Move(folder[name], folder[name + again]);
            name += again;
            File.WriteAllText(folder[$"{name}/files/099/49999"], $"{again}");
            first = await BuildAsync(process, folder, name);
            unchanged = await BuildAsync(process, folder, name);
            File.WriteAllText(folder[$"{name}/files/099/49999"], "changed");
            changed = await BuildAsync(process, folder, name);
        }

        Assert.Equal(Files.ToString(CultureInfo.InvariantCulture), counted);
        Assert.Equal(Files, first.Read);
        Assert.True(first.Transferred > unchanged.Transferred, $"The engine got {first.Transferred} bytes, and {unchanged.Transferred} when nothing had changed.");
        Assert.Equal(0, unchanged.Read);
        Assert.Equal((1, "files/099/49999"), (changed.Read, changed.Paths));
        Assert.Equal("changed", File.ReadAllText(folder["out/last"]));
        Assert.All([first, unchanged, changed], b => Assert.InRange(b.AddedKilobytes, 0, MaxAddedKilobytes));
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

    private static async Task<Build> BuildAsync(Process process, TempFolder folder, string name)
    {
        await process.StandardInput.WriteLineAsync(folder[name]);
        await process.StandardInput.FlushAsync();
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(s_guard) ?? throw new InvalidOperationException("The process ended; what it said stands above.");
        var fields = line.Split('|');
        return new Build(
            long.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[1], CultureInfo.InvariantCulture), int.Parse(fields[2], CultureInfo.InvariantCulture), fields[3]);
    }

    private sealed record Build(long AddedKilobytes, long Transferred, int Read, string Paths);
}
