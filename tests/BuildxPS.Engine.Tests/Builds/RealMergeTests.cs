using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Sessions.Files;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Exports into a folder that has something else of each name, beside what docker buildx makes of the same one.</summary>
public sealed class RealMergeTests
{
    private const string Dockerfile = """
        FROM --platform=$BUILDPLATFORM alpine AS files-UNIQUE
        RUN mkdir -p /o/dirdir/deep /o/dirfile /o/dirlink /o/dirnew \
         && for f in dirdir/f dirdir/deep/f dirfile/f dirlink/f dirnew/f filefile filedir filelink filenew; do echo new > /o/$f; done \
         && ln -s new /o/linkdir && ln -s new /o/linkfile && ln -s new /o/linklink && ln /o/filefile /o/hard && mkfifo /o/fifo && mknod /o/null c 1 3 \
         && chown -R 1234:1234 /o && chmod 4755 /o/filelink && chmod 2750 /o/dirnew && chmod 1777 /o/dirdir && chmod 400 /o/filenew \
         && find /o -exec touch -h -d @1000000000 {} +
        FROM scratch
        COPY --from=files-UNIQUE /o /
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("d20", "")]
    [InlineData("d28", "linux/amd64,linux/arm64")]
    public async Task A_merge_leaves_what_buildx_leaves(string engine, string platforms)
    {
        using var folder = new TempFolder().File("context/Dockerfile", Dockerfile.Replace("UNIQUE", Guid.NewGuid().ToString("N"), StringComparison.Ordinal));
        var subfolders = platforms.Length == 0 ? [""] : new[] { "/linux_amd64", "/linux_arm64" };
        MakeOld(folder, subfolders.Select(s => "ours" + s));
        await BuildAsync(engine, folder["context"], folder["ours"], platforms);
        Assert.Equal("old", File.ReadAllText(folder["outside/f"]));
        await BuildxAsync(engine, folder, subfolders, platforms);

        // buildx leaves a folder that was there with the time at which it last wrote in it.
        Assert.Equal(TreeText.Of(folder["theirs"], folderTimes: false), TreeText.Of(folder["ours"], folderTimes: false));
        Assert.Equal(Owners(folder["theirs"]), Owners(folder["ours"]));
        foreach (var below in subfolders)
        {
            var made = IFileSystem.Current.Status(folder[$"ours{below}/dirnew"])!.Value.ModifiedNanoseconds;
            Assert.Equal((1_000_000_000_000_000_000L, made), (IFileSystem.Current.Status(folder[$"theirs{below}/dirnew"])!.Value.ModifiedNanoseconds, made));
        }
    }

    // buildx walks the folder it merges into while it writes there, and fails when a folder goes between the two: it starts afresh.
    private static async Task BuildxAsync(string engine, TempFolder folder, string[] subfolders, string platforms)
    {
        for (var attempt = 1; ; attempt++)
        {
            MakeOld(folder, subfolders.Select(s => "theirs" + s));
            var (exitCode, _, error) = await DockerCommand.RunAsync(
                engine, [], ["buildx", "build", "--output", $"type=local,dest={folder["theirs"]}", .. platforms.Length == 0 ? [] : new[] { "--platform", platforms }, folder["context"]]);
            if (exitCode == 0)
            {
                return;
            }

            Assert.True(attempt < 10 && error.Contains("no such file or directory", StringComparison.Ordinal), error);
            Directory.Delete(folder["theirs"], recursive: true);
        }
    }

    private static void MakeOld(TempFolder folder, IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            MakeOld(folder, path);
        }
    }

    private static void MakeOld(TempFolder folder, string path)
    {
        folder.File("outside/f", "old")
            .File($"{path}/dirdir/old", "old").File($"{path}/dirdir/deep/f", "old", 0x100).File($"{path}/dirfile", "old").Link($"{path}/dirlink", folder["outside"])
            .File($"{path}/filefile", "old", 0x180).File($"{path}/filedir/deep/x", "old").Link($"{path}/filelink", folder["outside/f"])
            .File($"{path}/linkdir/x", "old").File($"{path}/linkfile", "old").Link($"{path}/linklink", "old").File($"{path}/kept", "kept");
        File.SetLastWriteTimeUtc(folder[$"{path}/kept"], DateTime.UnixEpoch);
        File.SetLastWriteTimeUtc(folder[$"{path}/dirdir/old"], DateTime.UnixEpoch);
    }

    private static string Owners(string folder) => string.Join(' ', Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(p => IFileSystem.Current.Status(p)!.Value).Select(s => $"{s.UserId}:{s.GroupId}"));

    private static async Task BuildAsync(string engine, string context, string destination, string platforms)
    {
        var request = new BuildRequest
        {
            ContextPath = context,
            Builder = new BuilderSelection { DockerHost = TestEngines.Require(engine) },
            Outputs = [new OutputSpec { Type = "local", Destination = destination }],
            Platforms = [.. platforms.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Platform.Parse)],
        };
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = Path.GetTempPath() };
        await foreach (var _ in new BuildRunner(environment).RunAsync(request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
        }
    }
}
