using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Tests.Environment;
using static BuildxPS.Engine.Tests.Sessions.Files.TreeItem;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>Folders that are to hold the result and nothing else, with mounts in them.</summary>
public sealed class MirroredMountTests
{
    [Fact]
    public async Task A_mount_that_is_no_part_of_the_result_is_not_mirrored_away()
    {
        using var folder = new TempFolder().File("out/stale/deep/x", "old");
        using var disk = MountedFolder.InMemory("size=1m", folder["out/stale/deep"]);
        await System.IO.File.WriteAllTextAsync(disk["mine"], "mine", TestContext.Current.CancellationToken);
        var output = new FolderOutput(folder["out"], mirrors: true);
        Write(output, File("x", "new"));
        var failure = await Assert.ThrowsAsync<BuildxException>(() => output.PlaceAsync());
        await output.DisposeAsync();
        Assert.Equal(BuildxFailure.DestinationNotWritable, failure.Failure);
        Assert.Contains(folder["out/stale/deep"], failure.Message, StringComparison.Ordinal);
        Assert.Equal("mine", await System.IO.File.ReadAllTextAsync(disk["mine"], TestContext.Current.CancellationToken));
        Assert.False(Path.Exists(folder["out/x"]));
    }

    [Fact]
    public async Task A_mount_that_is_part_of_the_result_is_mirrored_inside()
    {
        using var folder = new TempFolder().File("out/data/x", "hidden");
        using var disk = MountedFolder.InMemory("size=1m", folder["out/data"]);
        await System.IO.File.WriteAllTextAsync(disk["stale"], "old", TestContext.Current.CancellationToken);
        await using var output = new FolderOutput(folder["out"], mirrors: true);
        Write(output, Dir("data"), File("data/fresh", "new"));
        await output.PlaceAsync();
        await output.DisposeAsync();
        Assert.Equal("out out/data out/data/fresh", TreeText.Paths(folder.Path));
    }
}
