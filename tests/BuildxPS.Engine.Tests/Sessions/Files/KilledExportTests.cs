using System.Diagnostics;
using System.Globalization;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>
/// Exports whose process is killed at random moments. <c>BUILDXPS_TEST_KILLS</c> says how often; the seed is in the name of a test that fails.
/// </summary>
public sealed class KilledExportTests
{
    private const int Files = 1500;
    private const int Mebibytes = 16;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);
    private static readonly int s_kills = int.Parse(System.Environment.GetEnvironmentVariable("BUILDXPS_TEST_KILLS") ?? "10", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_new_folder_is_whole_or_not_there()
    {
        using var folder = new TempFolder();
        await KillAsync("folder", folder, "a/out", Files, (destination, _) =>
        {
            if (Path.Exists(folder["a"]))
            {
                AssertTree(destination, "new");
                Directory.Delete(folder["a"], recursive: true);
            }

            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_folder_that_exists_has_old_and_new_files_each_whole_and_is_the_old_or_the_new_one_for_the_next_export()
    {
        using var folder = new TempFolder();
        Assert.Equal("", await ExportProcess.RunAsync("folder", folder["out"], Files, "old"));
        folder.File("out/kept", "mine").File("out/000/kept", "mine");
        var old = TreeText.Of(folder["out"]);
        await KillAsync("folder", folder, "out", Files, async (destination, said) =>
        {
            foreach (var file in Directory.GetFiles(destination, "0*", SearchOption.AllDirectories).Where(f => !f.EndsWith("kept", StringComparison.Ordinal)))
            {
                AssertFile(file, File.ReadAllText(file));
            }

            Assert.Equal("mine", File.ReadAllText(Path.Join(destination, "000/kept")));
            await using (var next = new FolderOutput(destination))
            {
                next.OpenTree();
            }

            if (said.Contains("committed"))
            {
                AssertTree(destination, "new");
                Directory.Delete(destination, recursive: true);
                Assert.Equal("", await ExportProcess.RunAsync("folder", destination, Files, "old"));
                folder.File("out/kept", "mine").File("out/000/kept", "mine");
                old = TreeText.Of(destination);
            }
            else if (TreeText.Of(destination) != old)
            {
                // It was killed between the last change and the word of it.
                AssertTree(destination, "new");
            }
        });

        Assert.Equal("", await ExportProcess.RunAsync("folder", folder["out"], Files, "new"));
        AssertTree(folder["out"], "new");
        Assert.Equal("mine", File.ReadAllText(folder["out/kept"]));
        Assert.Equal(["out"], FolderNames.Read(folder.Path));
    }

    [Fact]
    public async Task A_file_is_the_old_or_the_new_one()
    {
        using var folder = new TempFolder();
        Assert.Equal("", await ExportProcess.RunAsync("file", folder["out.tar"], Mebibytes, "old"));
        await KillAsync("file", folder, "out.tar", Mebibytes, (destination, _) =>
        {
            var bytes = File.ReadAllBytes(destination);
            Assert.Equal(Mebibytes * 1024 * 1024, bytes.Length);
            Assert.True(bytes[0] is (byte)'o' or (byte)'n');
            Assert.Equal(bytes[0] == 'o' ? -1 : 0, bytes.AsSpan().IndexOf((byte)'n'));
            return Task.CompletedTask;
        });

        Assert.Equal("", await ExportProcess.RunAsync("file", folder["out.tar"], Mebibytes, "new"));
        Assert.Equal(["out.tar"], FolderNames.Read(folder.Path));
    }

    /// <summary>Kills exports of something new at moments all over the time that one takes, and as many at its end.</summary>
    private static async Task KillAsync(string kind, TempFolder folder, string path, int count, Func<string, IReadOnlyList<string>, Task> check)
    {
        var random = new Random(System.Environment.TickCount);
        var whole = TimeSpan.Zero;
        var commit = TimeSpan.Zero;
        for (var kill = -1; kill < s_kills; kill++)
        {
            var destination = kill < 0 ? folder["measured"] : folder[path];
            using var process = ExportProcess.Start(kind, destination, count, "new");
            var said = new List<string>();
            await ReadToAsync(process, said, "ready");
            var clock = Stopwatch.StartNew();
            await process.StandardInput.WriteLineAsync();
            if (kill < 0)
            {
                // One goes through, to know how long it takes.
                await ReadToAsync(process, said, "prepared");
                commit = clock.Elapsed;
                await ReadToAsync(process, said, "done");
                (whole, commit) = (clock.Elapsed, clock.Elapsed - commit);
                await process.WaitForExitAsync();
                if (kind == "file")
                {
                    File.Delete(destination);
                }
                else
                {
                    Directory.Delete(destination, recursive: true);
                }

                continue;
            }

            if (kill % 2 == 1)
            {
                await ReadToAsync(process, said, "prepared");
            }

            await Task.Delay((kill % 2 == 1 ? commit : whole) * random.NextDouble());
            process.Kill();
            said.AddRange((await process.StandardOutput.ReadToEndAsync()).Split('\n'));
            await process.WaitForExitAsync().WaitAsync(s_limit);
            await check(destination, said);
        }
    }

    private static async Task ReadToAsync(Process process, List<string> said, string word)
    {
        while (!said.Contains(word))
        {
            said.Add(await process.StandardOutput.ReadLineAsync().WaitAsync(s_limit) ?? throw new InvalidOperationException(string.Join(", ", said)));
        }
    }

    private static void AssertTree(string destination, string version)
    {
        foreach (var item in ExportProcess.Tree("folder", Files, version).Where(i => i.Entry.HasContent))
        {
            Assert.Equal(item.Content, File.ReadAllText(Path.Join(destination, item.Entry.Path)));
        }
    }

    private static void AssertFile(string file, string content)
    {
        var i = int.TryParse(Path.GetFileName(file), CultureInfo.InvariantCulture, out var number) ? number : -1;
        Assert.True(content == $"old {i} {new string('.', 200)}" || content == $"new {i} {new string('.', 200)}", $"{file}: {content}");
    }
}
