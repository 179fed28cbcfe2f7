using System.Globalization;
using System.Security.Cryptography;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using Docker.DotNet.Models;

namespace BuildxPS.Engine.Emulation;

/// <summary>Runs an installer image on a docker daemon's machine, in a container that is gone afterwards, whatever happens.</summary>
/// <param name="daemon">The daemon.</param>
/// <param name="image">The image.</param>
/// <param name="findLogin">Finds the login for the image's registry.</param>
/// <param name="report">Takes the steps, as events of a build.</param>
/// <param name="warn">Takes what the user should know though nothing failed.</param>
internal sealed class InstallerRun(
    DockerDaemon daemon,
    InstallerImage image,
    Func<ImageReference, CancellationToken, ValueTask<RegistryCredential?>> findLogin,
    Func<BuildEvent, CancellationToken, ValueTask> report,
    Func<string, CancellationToken, ValueTask> warn)
{
    // Until when, in seconds since 1970, a container may be there; 0 for one without a limit.
    private const string Label = "buildxps.emulators.until";

    private const int LogLines = 60;

    // Also for clocks that differ.
    private static readonly TimeSpan s_margin = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromSeconds(10);

    private readonly BootSteps _steps = new(report, $"[internal] emulators on {daemon.Address}");
    private readonly string _container = "buildxps-emulators-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));

    /// <summary>Runs it.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="what">What it does, for progress.</param>
    /// <param name="limit">How long it may take once it runs; zero for no limit.</param>
    /// <param name="cancellationToken">Gives up; the container is removed.</param>
    /// <returns>What it printed.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulatorInstallFailed"/>, <see cref="BuildxFailure.TimedOut"/>, and what the daemon refuses.</exception>
    public async Task<InstallerOutput> RunAsync(IList<string> arguments, string what, TimeSpan limit, CancellationToken cancellationToken)
    {
        InstallerOutput? output = null;
        await _steps.RunAsync(
            async () =>
            {
                await PullAsync(cancellationToken).ConfigureAwait(false);
                await _steps.PartAsync(what, async () => output = await RunContainerAsync(arguments, limit, cancellationToken).ConfigureAwait(false), cancellationToken)
                    .ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        return output!;
    }

    private async Task PullAsync(CancellationToken cancellationToken)
    {
        if (await daemon.HasImageAsync(image.Reference, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var name = $"pulling image {image.Reference}";
        var started = DateTimeOffset.UtcNow;
        await _steps.PartAsync(
            name,
            async () =>
            {
                var login = await findLogin(image.Reference, cancellationToken).ConfigureAwait(false);
                await daemon.PullAsync(image.Reference, login, (current, total) => _steps.CountAsync(name, started, current, total, cancellationToken), cancellationToken)
                    .ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<InstallerOutput> RunContainerAsync(IList<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        var info = await daemon.GetInfoAsync(cancellationToken).ConfigureAwait(false);
        await SweepAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Not with the caller's token: a daemon that was already asked would make it all the same, and nobody would know.
            await daemon.CreateContainerAsync(Describe(arguments, info, limit), CancellationToken.None).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            await StartAsync(cancellationToken).ConfigureAwait(false);
            return await WaitAsync(limit, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await RemoveAsync().ConfigureAwait(false);
        }
    }

    private async Task RemoveAsync()
    {
        using var cleanUp = new CancellationTokenSource(s_cleanUp);
        try
        {
            await daemon.RemoveContainerAsync(_container, cleanUp.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is BuildxException or OperationCanceledException)
        {
            await warn(
                $"The privileged container {_container} on {daemon.Address} could not be removed ({DisplayText.Line(e.Message)}); remove it with: docker rm --force {_container}",
                CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Removes containers that runs left which were killed: those that ended, or whose time is long over.</summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var now = DateTimeOffset.UtcNow;
        foreach (var stale in (await daemon.ListContainersAsync(Label, cancellationToken).ConfigureAwait(false)).Where(c => IsStale(c, now)))
        {
            using var cleanUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            cleanUp.CancelAfter(s_cleanUp);
            await ((Task)daemon.RemoveContainerAsync(stale.ID, cleanUp.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Whether a container of an installer is nobody's any more.</summary>
    /// <param name="container">The container, as a daemon lists it.</param>
    /// <param name="now">The time.</param>
    /// <returns>False for one that another command may be waiting for.</returns>
    internal static bool IsStale(ContainerListResponse container, DateTimeOffset now)
        => container.Labels?.TryGetValue(Label, out var text) == true
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var until)
            && (until > 0 ? now.ToUnixTimeSeconds() > until : container.State != "running" && now - container.Created > s_margin);

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await daemon.StartContainerAsync(_container, cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.EngineError)
        {
            throw new BuildxException(
                BuildxFailure.EmulatorInstallFailed,
                $"The image {image.Reference} cannot be run as one that registers emulators: {e.Message}",
                $"Name one that is used like {InstallerImage.Default} with -Image; rootless daemons run none with --privileged.",
                e);
        }
    }

    private CreateContainerParameters Describe(IList<string> arguments, SystemInfoResponse info, TimeSpan limit) => new()
    {
        Labels = new Dictionary<string, string>
        {
            [Label] = limit > TimeSpan.Zero ? (DateTimeOffset.UtcNow + limit + s_margin).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) : "0",
        },
        Name = _container,
        Image = image.Reference.ToString(),
        Cmd = arguments,
        HostConfig = new HostConfig
        {
            Privileged = true,
            NetworkMode = "none",
            // Whatever the daemon's own choice is, which may be one that cannot be read back.
            LogConfig = new LogConfig { Type = "json-file" },
            // A remapped root may not change the machine's emulators.
            UsernsMode = info.SecurityOptions?.Any(o => o.Split(',').Contains("name=userns")) == true ? "host" : "",
        },
    };

    private async Task<InstallerOutput> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timed.CancelAfter(limit > TimeSpan.Zero ? limit : Timeout.InfiniteTimeSpan);
        try
        {
            ContainerStateJson? state;
            while ((state = (await daemon.FindContainerAsync(_container, timed.Token).ConfigureAwait(false))?.State) is { Running: true } or { Status: "created" })
            {
                await Task.Delay(s_pause, timed.Token).ConfigureAwait(false);
            }

            var output = await ReadAsync(state?.ExitCode ?? -1, cancellationToken).ConfigureAwait(false);
            return output.ExitCode == 0
                ? output
                : throw new BuildxException(
                    BuildxFailure.EmulatorInstallFailed,
                    FormattableString.Invariant($"The image {image.Reference} on {daemon.Address} ended with exit code {output.ExitCode}.{output.Show()}"),
                    "Read what it printed; -Image names another image, and rootless daemons cannot register emulators.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var output = await ReadAsync(0, cancellationToken).ConfigureAwait(false);
            throw new BuildxException(
                BuildxFailure.TimedOut,
                FormattableString.Invariant($"The image {image.Reference} on {daemon.Address} did not end within {limit.TotalSeconds:0.#} s; its container was removed.{output.Show()}"),
                "See whether it is an image that registers emulators, or give it more time with -TimeoutSec.");
        }
    }

    private async Task<InstallerOutput> ReadAsync(int exitCode, CancellationToken cancellationToken)
    {
        var errors = await daemon.GetLastLinesAsync(_container, errors: true, LogLines, cancellationToken).ConfigureAwait(false);
        var output = await daemon.GetLastLinesAsync(_container, errors: false, LogLines, cancellationToken).ConfigureAwait(false);
        return InstallerOutput.Read(exitCode, errors, output);
    }
}
