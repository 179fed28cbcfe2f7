using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using static BuildxPS.Engine.Tests.Sessions.Files.TreeItem;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>Exports that go to the same place at the same time: several targets into one folder is how people use them.</summary>
public sealed class ExportsAtOnceTests
{
    [Fact]
    public async Task Exports_into_one_folder_at_once_all_arrive()
    {
        using var folder = new TempFolder();
        for (var round = 0; round < 10; round++)
        {
            var destination = folder[$"{round}/out"];
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            {
                await using var output = new FolderOutput(destination);
                Write(output, Dir("bin"), File($"bin/{i}", "x"), Dir("bin/deep"), File($"bin/deep/{i}", "x"), File("shared", $"{i}"));
                await output.PlaceAsync();
            })));

            Assert.Equal(8, Directory.GetFiles(Path.Join(destination, "bin/deep")).Length);
            Assert.Equal(8, Directory.GetFiles(Path.Join(destination, "bin")).Length);
            Assert.Single(System.IO.File.ReadAllText(Path.Join(destination, "shared")));
            Assert.Equal(["out"], FolderNames.Read(folder[$"{round}"]));
        }
    }

    [Fact]
    public async Task Files_beside_each_other_in_a_new_folder_both_arrive()
    {
        using var folder = new TempFolder();
        await using var first = new FileOutput(folder["new/a.tar"]);
        await using var second = new FileOutput(folder["new/b.tar"]);
        await using var inside = new FolderOutput(folder["new/c"]);
        foreach (var file in new[] { first, second })
        {
            await (await file.OpenAsync(new Dictionary<string, string>(), default)).DisposeAsync();
            file.Complete();
        }

        Write(inside, File("x", "1"));
        await Task.WhenAll(first.PrepareAsync(default), second.PrepareAsync(default), inside.PrepareAsync(default));
        await Task.WhenAll(Task.Run(() => first.CommitAsync(default)), Task.Run(() => second.CommitAsync(default)), inside.CommitAsync(default));
        foreach (var output in new IAsyncDisposable[] { first, second, inside })
        {
            await output.DisposeAsync();
        }

        Assert.Equal("new new/a.tar new/b.tar new/c new/c/x", TreeText.Paths(folder.Path));
    }
}
