using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Sessions.Files;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Hostile;

/// <summary>A hostile engine calls what it should not, or takes what was not offered.</summary>
public sealed class HostileCallTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    /// <summary>Calls that are refused before anything is opened.</summary>
    private static readonly Dictionary<string, (StatusCode Code, string Method, (string, string)[] Headers)> s_calls = new()
    {
        ["an exporter behind the last"] = (StatusCode.NotFound, FakeHostileEngine.Export, [("buildkit-attachable-exporter-id", "2")]),
        ["an exporter before the first"] = (StatusCode.NotFound, FakeHostileEngine.Export, [("buildkit-attachable-exporter-id", "-1")]),
        ["an exporter that sends nothing here"] = (StatusCode.NotFound, FakeHostileEngine.Export, [("buildkit-attachable-exporter-id", "1")]),
        ["an exporter beyond all numbers"] = (StatusCode.NotFound, FakeHostileEngine.Export, [("buildkit-attachable-exporter-id", "99999999999999999999")]),
        ["an exporter that is no number"] = (StatusCode.NotFound, FakeHostileEngine.Export, [("buildkit-attachable-exporter-id", "0x0")]),
        ["an exporter with a sign"] = (StatusCode.NotFound, FakeHostileEngine.Export, [("buildkit-attachable-exporter-id", "+0")]),
        ["an exporter without a number"] = (StatusCode.NotFound, FakeHostileEngine.Export, [("buildkit-attachable-exporter-id", "")]),
        ["a folder that is not offered"] = (StatusCode.NotFound, FakeHostileEngine.Sync, [("dir-name", "home")]),
        ["a folder by its path"] = (StatusCode.NotFound, FakeHostileEngine.Sync, [("dir-name", "/etc")]),
        ["a folder beside one that is offered"] = (StatusCode.NotFound, FakeHostileEngine.Sync, [("dir-name", "context/..")]),
        ["a folder without a name"] = (StatusCode.NotFound, FakeHostileEngine.Sync, []),
        ["a method that is not there"] = (StatusCode.Unimplemented, "/moby.filesync.v1.FileSync/TarStream", []),
        ["a service that is not there"] = (StatusCode.Unimplemented, "/moby.upload.v1.Upload/Pull", []),
        ["a path that is no method"] = (StatusCode.Unimplemented, "/../../etc/passwd", []),
    };

    /// <summary>What a receiver of a build context sends that it must not.</summary>
    private static readonly Dictionary<string, Func<HostileCall, Task>> s_receivers = new()
    {
        ["a request of an entry that is not there"] = c => c.SendAsync([8, 1, 24, 99]),
        ["a request of a negative entry"] = c => c.SendAsync([8, 1, 24, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
        ["a request of a folder"] = c => c.SendAsync([8, 1, 24, 1]),
        ["a request of a link"] = c => c.SendAsync([8, 1, 24, 2]),
        ["the same request twice"] = async c =>
        {
            await c.SendAsync([8, 1, 24, 0]);
            await c.SendAsync([8, 1, 24, 0]);
        },
        ["data"] = c => c.SendAsync([8, 2, 34, 1, 1]),
        ["an entry"] = c => c.SendAsync([8, 0, 18, 0]),
        ["an unknown kind of packet"] = c => c.SendAsync([8, 77]),
        ["a number that is cut off"] = c => c.SendAsync([8, 0x80]),
        ["a field longer than its message"] = c => c.SendAsync([34, 100, 1]),
        ["a message of 4 GiB"] = c => c.SendAsync([8], length: uint.MaxValue),
        ["a compressed message"] = c => c.SendAsync([8, 3], flag: 1),
        ["the end without a finish"] = c => c.Output.CompleteAsync().AsTask(),
    };

    public static TheoryData<string> Calls => [.. s_calls.Keys];

    public static TheoryData<string> Receivers => [.. s_receivers.Keys];

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_of_what_is_not_offered_is_refused(string attempt)
    {
        using var folder = new TempFolder().File("context/a", "x");
        await using var output = new FolderOutput(folder["out"]);
        await using var engine = await FakeHostileEngine.StartAsync(new BuildServices
        {
            Outputs = [output, null],
            Sources = new Dictionary<string, IFileSource> { ["context"] = new LocalFileSource(folder["context"]) },
        });

        var (code, method, headers) = s_calls[attempt];
        using var call = engine.Call(method, headers);

        Assert.Equal(code, (await call.EndAsync().WaitAsync(s_limit)).Code);
        var refused = await Assert.ThrowsAsync<BuildxException>(() => output.PrepareAsync(default));
        Assert.Contains("sent nothing for", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["context"], FolderNames.Read(folder.Path));
    }

    [Theory]
    [MemberData(nameof(Receivers))]
    public async Task A_receiver_that_breaks_the_rules_ends_in_a_typed_failure(string attempt)
    {
        using var folder = new TempFolder().File("a", new string('x', 100_000)).Folder("b").Link("c", "a");
        await using var engine = await FakeHostileEngine.StartAsync(new BuildServices
        {
            Sources = new Dictionary<string, IFileSource> { ["context"] = new LocalFileSource(folder.Path) },
        });
        using var call = engine.Call(FakeHostileEngine.Sync, ("dir-name", "context"));
        while (await call.ReadAsync().WaitAsync(s_limit) is { Entry: not null })
        {
        }

        await s_receivers[attempt](call);

        var failure = await engine.Failed.Task.WaitAsync(s_limit);
        Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
        Assert.Equal((StatusCode.Unknown, failure.Message), await call.EndAsync().WaitAsync(s_limit));
    }

    [Fact]
    public async Task More_trees_than_a_build_has_platforms_are_refused()
    {
        using var folder = new TempFolder();
        await using var output = new FolderOutput(folder["out"]);
        for (var i = 0; i < 1000; i++)
        {
            output.OpenTree().Complete();
        }

        var refused = Assert.Throws<BuildxException>(output.OpenTree);

        Assert.Equal(BuildxFailure.ProtocolViolation, refused.Failure);
    }

    [Fact]
    public async Task One_tree_of_two_that_is_not_complete_makes_the_whole_output_none()
    {
        using var folder = new TempFolder();
        await using (var output = new FolderOutput(folder["out"]))
        {
            TreeItem.Write(output, TreeItem.File("a", "x"));
            output.OpenTree().Add(TreeItem.Dir("b").Entry);

            var refused = await Assert.ThrowsAsync<BuildxException>(() => output.PrepareAsync(default));

            Assert.Contains("sent not all files for", refused.Message, StringComparison.Ordinal);
            Assert.Equal(BuildxFailure.ProtocolViolation, Assert.Throws<BuildxException>(output.OpenTree).Failure);
        }

        Assert.Empty(FolderNames.Read(folder.Path));
    }
}
