using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Uploads;
using BuildxPS.Engine.Tests.Sessions.Files;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Uploads;

public sealed class UploadMethodTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(30);

    private static async Task<byte[]> PullAsync(IUploadSource source, string path = "/one", Action<BuildxException>? onFailure = null)
    {
        using var call = new FakeCall(("urlpath", path), ("urlhost", "buildkit-session"));
        var received = new MemoryStream();
        var reading = BytesMessages.CopyAsync(call.EngineInput, received, TestContext.Current.CancellationToken);
        await call.InvokeAsync(new UploadMethod(new Dictionary<string, IUploadSource> { ["one"] = source }, onFailure)).WaitAsync(s_guard);
        await reading.WaitAsync(s_guard);
        return received.ToArray();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(128 * 1024)]
    [InlineData((128 * 1024) + 1)]
    [InlineData(3_000_000)]
    public async Task All_bytes_arrive(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        Assert.Equal(bytes, await PullAsync(new Source(() => new MemoryStream(bytes))));
    }

    [Theory]
    [InlineData("/two")]
    [InlineData("/")]
    [InlineData("")]
    public async Task What_was_not_offered_is_not_found(string path)
    {
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => PullAsync(new Source(() => new MemoryStream()), path));
        Assert.Equal(StatusCode.NotFound, error.Code);
    }

    [Fact]
    public async Task A_failure_is_told_to_the_build_and_not_to_the_engine()
    {
        BuildxException? told = null;
        var failure = new BuildxException(BuildxFailure.BuildContextUnreadable, "/home/me/context.tar cannot be read", "");
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => PullAsync(new Source(() => throw failure), onFailure: e => told = e));
        Assert.Same(failure, told);
        Assert.DoesNotContain("/home/me", error.Message, StringComparison.Ordinal);
    }

    private sealed class Source(Func<Stream> open) : IUploadSource
    {
        public ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) => new(open());
    }
}
