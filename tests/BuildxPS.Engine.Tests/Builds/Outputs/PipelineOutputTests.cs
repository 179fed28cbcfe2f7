using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Outputs;

/// <summary>Outputs whose bytes come as events, from a fake of an engine.</summary>
public sealed class PipelineOutputTests : IDisposable
{
    private const int Piece = 10_000;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeEngine _engine = new();
    private long _written;

    public PipelineOutputTests() => File.WriteAllText(Path.Join(_folder.Path, "Dockerfile"), "FROM scratch\n");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(Piece)]
    [InlineData(PipelineOutput.PieceLength)]
    [InlineData(5_000_000)]
    public async Task All_bytes_come_in_order_before_the_result(int length)
    {
        Send(length);
        var bytes = new MemoryStream();
        var events = await RunAsync(e => bytes.Write(e.Data.Span));
        Assert.Equal(length, bytes.Length);
        Assert.True(bytes.ToArray().Select((b, i) => b == (byte)(i % 251)).All(same => same));
        Assert.IsType<BuildCompleted>(events[^1]);
        Assert.Equal("-", Assert.IsType<BuildCompleted>(events[^1]).Result.Outputs.Single().Path);
    }

    [Fact]
    public async Task An_engine_waits_for_a_reader_and_is_never_far_ahead()
    {
        const int most = (PipelineOutput.MaxPieces + 3) * PipelineOutput.PieceLength;
        Send(20_000_000);
        var taken = 0L;
        await RunAsync(e =>
        {
            Assert.InRange(Interlocked.Read(ref _written) - taken, 0, most);
            taken += e.Data.Length;
        });
        Assert.Equal(20_000_000, taken);
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(200_000)]
    public async Task A_build_that_fails_leaves_nothing_that_is_whole(int length)
    {
        Send(length, () => throw new BuildxException(BuildxFailure.EngineError, "the engine failed", "x"));
        var taken = 0L;
        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(e => taken += e.Data.Length));
        Assert.Contains("the engine failed", failure.Message, StringComparison.Ordinal);
        Assert.InRange(taken, 0, Math.Max(0, length - 1024));
    }

    [Fact]
    public async Task Success_of_an_engine_that_sent_nothing_is_none()
    {
        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(_ => { }));
        Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
    }

    [Fact]
    public async Task Nobody_who_reads_ends_the_build()
    {
        Send(5_000_000);
        await foreach (var e in Runner().RunAsync(Request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
            if (e is OutputBytes)
            {
                break;
            }
        }

        await _engine.Build!.Cancelled.Task.WaitAsync(s_limit, TestContext.Current.CancellationToken);
    }

    private BuildRequest Request => new() { ContextPath = _folder.Path, Outputs = [OutputSpec.Parse("-")] };

    private void Send(int length, Action? then = null) => _engine.Export = async (build, token) =>
    {
        var output = (IFileOutput)build.Services.Outputs[0]!;
        await using (var stream = await output.OpenAsync(new Dictionary<string, string>(), token))
        {
            var buffer = new byte[Piece];
            for (var at = 0; at < length;)
            {
                var count = Math.Min(Piece, length - at);
                for (var i = 0; i < count; i++)
                {
                    buffer[i] = (byte)((at + i) % 251);
                }

                await stream.WriteAsync(buffer.AsMemory(0, count), token);
                at += count;
                Interlocked.Add(ref _written, count);
            }
        }

        output.Complete();
        then?.Invoke();
    };

    private BuildRunner Runner()
    {
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = _folder.Path };
        return new BuildRunner(environment, new BuildParts
        {
            ResolveBuilder = (_, _) => Task.FromResult(_engine.Builder()),
            OpenSource = root => new FakeSource(root),
            CreateOutput = _ => throw new InvalidOperationException("nothing is written"),
            OpenDocker = _ => throw new InvalidOperationException("no docker is needed"),
            OpenCredentials = () => new CredentialStore(environment),
        });
    }

    private async Task<List<BuildEvent>> RunAsync(Action<OutputBytes> take)
    {
        var events = new List<BuildEvent>();
        await foreach (var e in Runner().RunAsync(Request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
            events.Add(e);
            if (e is OutputBytes bytes)
            {
                take(bytes);
            }
        }

        return events;
    }
}
