using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Sessions.Files;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Hostile;

/// <summary>A hostile engine exports a file (tar, oci, docker), over the session as a build has it.</summary>
public sealed class HostileFileExportTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, Func<HostileCall, Task>> s_table = new()
    {
        ["another field"] = c => c.SendAsync([18, 1, 7]),
        ["data longer than its message"] = c => c.SendAsync([10, 100, 7]),
        ["data of a negative length"] = c => c.SendAsync([10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
        ["something behind the data"] = c => c.SendAsync([10, 1, 7, 16, 1]),
        ["a length that does not end"] = c => c.SendAsync([10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        ["a tag alone"] = c => c.SendAsync([10]),
        ["packets of a folder"] = c => c.SendAsync(new FileEntry { Path = "a", Mode = FileEntryMode.Directory }),
        ["a message of 4 GiB"] = c => c.SendAsync([10, 1, 7], length: uint.MaxValue),
        ["a message just above the limit"] = c => c.SendAsync([10, 1, 7], length: (16 * 1024 * 1024) + 1),
        ["a compressed message"] = c => c.SendAsync([10, 1, 7], flag: 1),
        ["a message that is cut off"] = async c =>
        {
            await c.SendAsync([10, 10, 1, 2, 3], length: 12);
            await c.Output.CompleteAsync();
        },
        ["a frame that is cut off"] = async c =>
        {
            await c.Output.WriteAsync(new byte[] { 0, 0, 0 });
            await c.Output.CompleteAsync();
        },
    };

    public static TheoryData<string> Attempts => [.. s_table.Keys];

    [Theory]
    [MemberData(nameof(Attempts))]
    public async Task A_stream_that_breaks_the_rules_ends_in_a_typed_failure_and_the_old_file_stays(string attempt)
    {
        using var folder = new TempFolder().File("out.tar", "old");
        await using (var output = new FileOutput(folder["out.tar"]))
        {
            await using var engine = await FakeHostileEngine.StartAsync(new BuildServices { Outputs = [output] });
            using var call = engine.Call(FakeHostileEngine.Export);
            await call.SendAsync([10, 3, 1, 2, 3]);

            await s_table[attempt](call);
            var failure = await engine.Failed.Task.WaitAsync(s_limit);
            Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
            Assert.Equal(StatusCode.Unknown, (await call.EndAsync().WaitAsync(s_limit)).Code);

            await RefusedAsync(output, "sent not all of");
        }

        Assert.Equal("old", File.ReadAllText(folder["out.tar"]));
        Assert.Equal(["out.tar"], FolderNames.Read(folder.Path));
    }

    [Fact]
    public async Task A_stream_that_never_ends_is_no_success_and_ends_with_the_session()
    {
        using var folder = new TempFolder().File("out.tar", "old");
        await using (var output = new FileOutput(folder["out.tar"]))
        {
            var engine = await FakeHostileEngine.StartAsync(new BuildServices { Outputs = [output] });
            using var call = engine.Call(FakeHostileEngine.Export);
            await call.SendAsync([10, 3, 1, 2, 3]);
            await WaitForStagingAsync(folder);

            await RefusedAsync(output, "sent not all of");
            await engine.DisposeAsync().AsTask().WaitAsync(s_limit);

            // The engine's client was thrown away under the call, and may trip over that.
            var ended = await Record.ExceptionAsync(async () => Assert.NotEqual(StatusCode.OK, (await call.EndAsync().WaitAsync(s_limit)).Code));
            Assert.True(ended is null or HttpRequestException or ObjectDisposedException or OperationCanceledException or IOException, $"{ended}");
        }

        Assert.Equal("old", File.ReadAllText(folder["out.tar"]));
        Assert.Equal(["out.tar"], FolderNames.Read(folder.Path));
    }

    [Fact]
    public async Task Success_without_a_byte_is_none()
    {
        using var folder = new TempFolder().File("out.tar", "old");
        await using var output = new FileOutput(folder["out.tar"]);
        await using var engine = await FakeHostileEngine.StartAsync(new BuildServices { Outputs = [output] });

        await RefusedAsync(output, "sent nothing of");

        Assert.Equal("old", File.ReadAllText(folder["out.tar"]));
    }

    [Fact]
    public async Task A_second_stream_for_the_same_file_is_refused_while_the_first_goes_on()
    {
        using var folder = new TempFolder();
        await using var output = new FileOutput(folder["out.tar"]);
        await using var engine = await FakeHostileEngine.StartAsync(new BuildServices { Outputs = [output] });
        using var first = engine.Call(FakeHostileEngine.Export);
        await first.SendAsync([10, 1, (byte)'a']);
        await WaitForStagingAsync(folder);

        using var second = engine.Call(FakeHostileEngine.Export);
        await second.SendAsync([10, 1, (byte)'x']);
        Assert.Equal(BuildxFailure.ProtocolViolation, (await engine.Failed.Task.WaitAsync(s_limit)).Failure);
        Assert.Equal(StatusCode.Unknown, (await second.EndAsync().WaitAsync(s_limit)).Code);

        await first.SendAsync([10, 1, (byte)'b']);
        await first.Output.CompleteAsync();
        Assert.Equal(StatusCode.OK, (await first.EndAsync().WaitAsync(s_limit)).Code);
        await output.PlaceAsync();
        Assert.Equal("ab", File.ReadAllText(folder["out.tar"]));
    }

    [Fact]
    public async Task A_stream_after_the_end_is_refused()
    {
        using var folder = new TempFolder();
        await using var output = new FileOutput(folder["out.tar"]);
        await using var engine = await FakeHostileEngine.StartAsync(new BuildServices { Outputs = [output] });
        await RefusedAsync(output, "sent nothing of");

        using var call = engine.Call(FakeHostileEngine.Export);
        await call.SendAsync([10, 1, 7]);

        Assert.Equal(BuildxFailure.ProtocolViolation, (await engine.Failed.Task.WaitAsync(s_limit)).Failure);
        Assert.Empty(FolderNames.Read(folder.Path));
    }

    private static async Task RefusedAsync(FileOutput output, string reason)
    {
        var refused = await Assert.ThrowsAsync<BuildxException>(() => output.PrepareAsync(default));
        Assert.Equal(BuildxFailure.ProtocolViolation, refused.Failure);
        Assert.Contains($"{reason} '{output.Destination}'", refused.Message, StringComparison.Ordinal);
    }

    private static async Task WaitForStagingAsync(TempFolder folder)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (!FolderNames.Read(folder.Path).Exists(n => n.StartsWith(Staging.Prefix, StringComparison.Ordinal) && File.Exists(folder[$"{n}/file"])))
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
