using BuildxPS.Engine.Diagnostics.Catalogue;

namespace BuildxPS.Engine.Drivers;

/// <summary>Brings a node's container up: makes it where it is missing, starts it where it stands still, and waits for its BuildKit.</summary>
internal sealed class ContainerBoot(DockerDaemon daemon, ContainerNode node, Func<BuildEvent, CancellationToken, ValueTask> report)
{
    private const int Attempts = 16;
    private const int CrashesUntilHopeless = 3;
    private const int LogLines = 10;
    private const string NeverStarted = "created";

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(120);
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromSeconds(10);
    private static readonly string[] s_question = ["buildctl", "debug", "workers"];

    private readonly BootSteps _steps = new(report);

    /// <summary>Boots; does nothing where the container runs.</summary>
    /// <param name="cancellationToken">Gives up; a container that is only half made is removed.</param>
    /// <returns>A task that ends when BuildKit answers.</returns>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var container = await daemon.FindContainerAsync(node.Container, cancellationToken).ConfigureAwait(false);
        if (container?.State is { Running: true, Restarting: false, Paused: false })
        {
            return;
        }

        if (container?.State is { Status: NeverStarted } && await IsAbandonedAsync(cancellationToken).ConfigureAwait(false))
        {
            await daemon.RemoveContainerAsync(node.Container, cancellationToken).ConfigureAwait(false);
            container = null;
        }

        if (container?.State is { Paused: true })
        {
            throw new BuildxException(
                BuildxFailure.BuilderNotBootable,
                $"The builder's container {node.Container} on {daemon.Address} is paused.",
                $"Let it go on with docker unpause {node.Container}.");
        }

        await _steps.RunAsync(() => container is null ? MakeAsync(cancellationToken) : StartAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Whether a container that was never started stays so: its maker died before it had its files. As long as the maker
    /// lives, it starts it in a moment.
    /// </summary>
    private async Task<bool> IsAbandonedAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
            if (await daemon.FindContainerAsync(node.Container, cancellationToken).ConfigureAwait(false) is not { State.Status: NeverStarted })
            {
                return false;
            }
        }

        return true;
    }

    private Task StartAsync(CancellationToken cancellationToken) => _steps.PartAsync(
        $"starting container {node.Container}",
        async () =>
        {
            await daemon.StartContainerAsync(node.Container, cancellationToken).ConfigureAwait(false);
            await WaitAsync(cancellationToken).ConfigureAwait(false);
        },
        cancellationToken);

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        var image = ImageReference.Parse(node.Options.Image);
        RefusePolicy(image);
        if (await daemon.HasVolumeAsync(node.Volume, cancellationToken).ConfigureAwait(false))
        {
            await _steps.WarnAsync(
                $"The container {node.Container} was gone and is made again; the build cache in the volume {node.Volume} is still there and is used.",
                cancellationToken).ConfigureAwait(false);
        }

        await GetImageAsync(image, cancellationToken).ConfigureAwait(false);
        await _steps.PartAsync($"creating container {node.Container}", () => CreateAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private void RefusePolicy(ImageReference image)
    {
        if (node.WantsImagePolicy && !node.Options.AllowsUntrustedImage && image.Name == "docker.io/moby/buildkit")
        {
            throw new BuildxException(
                BuildxFailure.PolicyUnsupported,
                $"BUILDX_DEFAULT_POLICY asks for a check of the signature of {image}, which is not available here.",
                "Take the variable away, or make the builder with the driver option allow-untrusted-image=true.");
        }
    }

    private async Task GetImageAsync(ImageReference image, CancellationToken cancellationToken)
    {
        var name = $"pulling image {node.Options.Image}";
        var started = DateTimeOffset.UtcNow;
        BuildxException? failure = null;
        await _steps.PartAsync(
            name,
            async () =>
            {
                try
                {
                    var login = node.FindLogin is { } find ? await find(image, cancellationToken).ConfigureAwait(false) : null;
                    await daemon.PullAsync(image, login, (current, total) => _steps.CountAsync(name, started, current, total, cancellationToken), cancellationToken)
                        .ConfigureAwait(false);
                }
                catch (BuildxException e)
                {
                    failure = e;
                    if (!await daemon.HasImageAsync(image, cancellationToken).ConfigureAwait(false))
                    {
                        throw;
                    }
                }
            },
            cancellationToken).ConfigureAwait(false);
        if (failure is not null)
        {
            await _steps.PartAsync($"using local image {node.Options.Image}", () => Task.CompletedTask, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var info = await daemon.GetInfoAsync(cancellationToken).ConfigureAwait(false);
        var gpus = await GpuProbe.FindAsync(daemon, node, cancellationToken).ConfigureAwait(false);
        var isMine = false;
        try
        {
            // Not with the caller's token: a daemon that was already asked would make it all the same, and nobody would know.
            isMine = await daemon.CreateContainerAsync(ContainerDescription.Create(node, info, gpus), CancellationToken.None).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (isMine)
            {
                using var files = ContainerFiles.ToTar(Files());
                await daemon.UploadAsync(node.Container, "/etc", files, cancellationToken).ConfigureAwait(false);
                await daemon.StartContainerAsync(node.Container, cancellationToken).ConfigureAwait(false);
            }

            // Where it was there already, another process made it at the same moment, and starts it.
            await WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch when (isMine)
        {
            // Left behind, it would be started next time without its files, or crash for ever.
            using var limit = new CancellationTokenSource(s_cleanUp);
            await ((Task)daemon.RemoveContainerAsync(node.Container, limit.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private Dictionary<string, byte[]> Files()
    {
        var files = new Dictionary<string, byte[]>(node.Files, StringComparer.Ordinal);
        if (node.DescribeRun?.Invoke() is { } run)
        {
            files[GitHubRun.FileName] = run;
        }

        return files;
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await AskAsync(cancellationToken).ConfigureAwait(false);
            if (answer is null)
            {
                return;
            }

            var container = await daemon.FindContainerAsync(node.Container, cancellationToken).ConfigureAwait(false);
            if (attempt == Attempts || IsHopeless(container))
            {
                throw await FailedAsync(container, answer, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(attempt * s_pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Asks BuildKit for its workers.</summary>
    /// <returns>Null where it answers; else what went wrong.</returns>
    private async Task<string?> AskAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_answerLimit);
        try
        {
            var result = await daemon.RunAsync(node.Container, s_question, limit.Token).ConfigureAwait(false);
            return result.ExitCode == 0 ? null : result.Error.Length > 0 ? result.Error : result.Output;
        }
        catch (BuildxException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            // The container ended while the command ran in it.
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return FormattableString.Invariant($"no answer within {s_answerLimit.TotalSeconds:0} s");
        }
    }

    // Only between two runs is the log of the last one complete.
    private static bool IsHopeless(ContainerJson? container)
        => container?.State is null or { Status: "exited" or "dead" }
            || (container.RestartCount >= CrashesUntilHopeless && container.State.Restarting);

    private async Task<BuildxException> FailedAsync(ContainerJson? container, string answer, CancellationToken cancellationToken)
    {
        var lines = await LastLinesAsync(cancellationToken).ConfigureAwait(false);
        var state = container?.State switch
        {
            null => "the container is gone",
            { Error: { Length: > 0 } error } => $"the daemon cannot start it: {DisplayText.Line(error)}",
            { OOMKilled: true } => "the machine, or the option memory, has too little memory for it",
            _ when container.RestartCount > 0 => FormattableString.Invariant($"it was started {container.RestartCount + 1} times and ended each time, last with exit code {container.State!.ExitCode}"),
            { Running: true, Restarting: false } => $"it runs, but BuildKit does not answer: {DisplayText.Line(answer)}",
            { ExitCode: var code } => FormattableString.Invariant($"it ended with exit code {code}"),
        };
        var log = lines.Count == 0 ? "" : "\nThe last lines of its log:\n" + string.Join('\n', lines.Select(l => "  " + l));
        return new BuildxException(
            BuildxFailure.BuilderNotBootable,
            $"The builder's container {node.Container} on {daemon.Address} does not come up: {state}.{log}",
            FailureCatalogue.Of(BuildxFailure.BuilderNotBootable).Advice);
    }

    private async Task<IReadOnlyList<string>> LastLinesAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A program that does not understand its arguments prints all it knows to the one, and what is wrong to the other.
            var errors = await daemon.GetLastLinesAsync(node.Container, errors: true, LogLines, cancellationToken).ConfigureAwait(false);
            return errors.Count > 0 ? errors : await daemon.GetLastLinesAsync(node.Container, errors: false, LogLines, cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException)
        {
            // The log only adds to a failure that is reported anyway.
            return [];
        }
    }
}
