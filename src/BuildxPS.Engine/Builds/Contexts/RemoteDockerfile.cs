using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>Has an engine fetch a Dockerfile, in a small build of its own, as buildx does: the engine may see servers that this client does not.</summary>
internal static class RemoteDockerfile
{
    /// <summary>Most bytes of a Dockerfile that is no file of this machine.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    private static readonly TimeSpan s_closing = TimeSpan.FromSeconds(5);

    /// <summary>Fetches a Dockerfile.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="report">Takes what happens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The Dockerfile as a text.</returns>
    /// <exception cref="BuildxException">The engine cannot fetch it, or it is too long.</exception>
    public static async Task<DockerfileInput> FetchAsync(
        string address, IBuildEngine engine, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        var shown = BuildAddress.Show(address);
        var running = await engine.StartAsync(new EngineBuild { Ref = BuildReference.Create(), IsInternal = true }, new BuildServices(), cancellationToken)
            .ConfigureAwait(false);
        var forwarding = ForwardAsync(running.Events, report, cancellationToken);
        try
        {
            var bytes = await ReadAsync(running, address, shown, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
            return bytes.Length <= MaxBytes
                ? DockerfileInput.OfBytes(bytes.ToArray())
                : throw new BuildxException(
                    BuildxFailure.DockerfileInvalid,
                    FormattableString.Invariant($"Dockerfile {shown} bigger than allowed max size ({MaxBytes / 1e6:0.000}MB)"),
                    "See whether the address is that of a Dockerfile; an archive that is the build context goes with -Path.");
        }
        catch (BuildFailedException e) when (!cancellationToken.IsCancellationRequested)
        {
            var (failure, sentence, advice) = ContextFailures.OfFetching(e.Message) ?? (e.Failure, "", e.Advice);
            throw new BuildxException(
                failure == BuildxFailure.BuildContextNotFound ? BuildxFailure.DockerfileNotFound : failure,
                $"The engine cannot fetch the Dockerfile '{shown}'{(sentence.Length == 0 ? "" : $", {sentence}")}: {BuildAddress.Hide(e.Message)}",
                advice,
                e);
        }
        finally
        {
            await WaitAsync(running.DisposeAsync().AsTask()).ConfigureAwait(false);
            await WaitAsync(forwarding).ConfigureAwait(false);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(IRunningBuild running, string address, string shown, CancellationToken cancellationToken)
    {
        try
        {
            var result = await running.FetchAsync(address, DockerfileInput.UsualName, "[internal] load " + shown, cancellationToken).ConfigureAwait(false);
            var bytes = await running.ReadFileAsync(result, null, DockerfileInput.UsualName, MaxBytes + 1, cancellationToken).ConfigureAwait(false);
            await running.ExportAsync(result, cancellationToken).ConfigureAwait(false);
            return bytes;
        }
        catch (BuildxException e)
        {
            await WaitAsync(running.FailAsync(e, cancellationToken)).ConfigureAwait(false);
            throw;
        }
    }

    private static async Task ForwardAsync(IAsyncEnumerable<BuildEvent> source, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        await foreach (var e in source.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            await report(e, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for something whose outcome changes nothing any more, but not for ever.</summary>
    private static async Task WaitAsync(Task task)
        => await task.WaitAsync(s_closing, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
