using System.Security.Cryptography;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>Asks an engine what it is and can do.</summary>
internal static class EngineProbe
{
    private const int MaxWorkers = 100;
    private const int MaxPlatforms = 200;

    /// <summary>Asks for workers, version and capabilities.</summary>
    /// <param name="channel">The engine.</param>
    /// <param name="limit">How long all of it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answers.</returns>
    /// <exception cref="TimeoutException">The engine did not answer in time.</exception>
    public static Task<EngineDescription> DescribeAsync(EngineChannel channel, TimeSpan limit, CancellationToken cancellationToken)
        => AskAsync(channel, GetCapabilitiesAsync, limit, cancellationToken);

    /// <summary>Asks for workers and version only.</summary>
    /// <param name="channel">The engine.</param>
    /// <param name="limit">How long all of it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answers.</returns>
    /// <exception cref="TimeoutException">The engine did not answer in time.</exception>
    public static Task<EngineDescription> IdentifyAsync(EngineChannel channel, TimeSpan limit, CancellationToken cancellationToken)
        => AskAsync(channel, (_, _) => Task.FromResult<IReadOnlySet<string>>(new HashSet<string>()), limit, cancellationToken);

    private static async Task<EngineDescription> AskAsync(
        EngineChannel channel, Func<EngineChannel, CallOptions, Task<IReadOnlySet<string>>> askCapabilities, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var options = new CallOptions(deadline: DateTime.UtcNow + limit, cancellationToken: stopping.Token);
        var version = GetVersionAsync(channel, options);
        var capabilities = askCapabilities(channel, options);
        try
        {
            var workers = await channel.Control.ListWorkersAsync(new Protocol.ListWorkersRequest(), options).ResponseAsync.ConfigureAwait(false);
            var first = workers.Record.FirstOrDefault();
            return new EngineDescription
            {
                Version = await version.ConfigureAwait(false) ?? Version(first?.BuildkitVersion),
                Workers = [.. workers.Record.Take(MaxWorkers).Select(Translate)],
                Capabilities = await capabilities.ConfigureAwait(false),
            };
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.DeadlineExceeded)
        {
            throw new TimeoutException(e.Status.Detail, e);
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(version, capabilities)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<string?> GetVersionAsync(EngineChannel channel, CallOptions options)
    {
        try
        {
            var info = await channel.Control.InfoAsync(new Protocol.InfoRequest(), options).ResponseAsync.ConfigureAwait(false);
            return Version(info.BuildkitVersion);
        }
        catch (RpcException e) when (UnknownMethod.IsSaidBy(e))
        {
            // Before 0.11.
            return null;
        }
    }

    /// <summary>Capabilities are told only inside a build: an empty one that leaves no record.</summary>
    private static async Task<IReadOnlySet<string>> GetCapabilitiesAsync(EngineChannel channel, CallOptions options)
    {
        var request = new Protocol.SolveRequest { Ref = NewId(), Internal = true };
        using var build = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken);
        options = options.WithCancellationToken(build.Token);
        using var solve = channel.Control.SolveAsync(request, options);
        var gateway = options.WithHeaders(new Metadata { { BuildKitBuild.BuildIdHeader, request.Ref } });
        using var ping = channel.Gateway.PingAsync(new Protocol.Gateway.PingRequest(), gateway);
        if (await Task.WhenAny(solve.ResponseAsync, ping.ResponseAsync).ConfigureAwait(false) != ping.ResponseAsync)
        {
            // The engine ended the build before it answered; the ping would wait for a build that is gone.
            await build.CancelAsync().ConfigureAwait(false);
            await ((Task)ping.ResponseAsync).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await solve.ResponseAsync.ConfigureAwait(false);
        }

        var pong = await ping.ResponseAsync.ConfigureAwait(false);
        var end = GatewayReturn.Of(new Protocol.Gateway.Result());
        using var returned = channel.Gateway.ReturnAsync(end, gateway);
        // The build may be over before this call is answered; how it ended does not matter here.
        await ((Task)Task.WhenAny(solve.ResponseAsync, returned.ResponseAsync)).ConfigureAwait(false);
        await build.CancelAsync().ConfigureAwait(false);
        await ((Task)Task.WhenAll(solve.ResponseAsync, returned.ResponseAsync)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return pong.FrontendApiCaps.Concat(pong.LlbCaps).Where(c => c.Enabled).Select(c => c.Id).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>A name that no other build or session has.</summary>
    /// <returns>25 characters, as BuildKit's own clients make them.</returns>
    public static string NewId() => RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 25);

    private static string? Version(Protocol.BuildKitVersion? version)
        => version is { Version.Length: > 0 } ? DisplayText.Line(version.Version, 256) : null;

    private static EngineWorker Translate(Protocol.WorkerRecord worker) => new()
    {
        Id = worker.Id,
        Platforms = [.. worker.Platforms.Take(MaxPlatforms).Select(Translate).OfType<Platform>().Distinct()],
        Labels = worker.Labels.ToDictionary(l => l.Key, l => DisplayText.Line(l.Value, 4096), StringComparer.Ordinal),
        GcPolicy = [.. worker.GcPolicy.Select(Translate)],
        Devices = [.. worker.CdiDevices.Select(d => DisplayText.Line(d.Name, 256))],
    };

    private static Platform? Translate(Protocol.Solver.Platform platform)
    {
        var system = platform.OsVersion.Length == 0 ? platform.Os : $"{platform.Os}({platform.OsVersion})";
        var variant = platform.Variant.Length == 0 ? "" : "/" + platform.Variant;
        return Platform.TryParse($"{system}/{platform.Architecture}{variant}", out var result, out _) ? result : null;
    }

    private static GcRule Translate(Protocol.GcPolicy policy) => new()
    {
        All = policy.All,
        Filters = [.. policy.Filters.Select(f => DisplayText.Line(f, 4096))],
        KeepDuration = TimeSpan.FromTicks(Math.Max(0, policy.KeepDuration) / 100),
        ReservedSpace = Math.Max(0, policy.ReservedSpace),
        MaxUsedSpace = Math.Max(0, policy.MaxUsedSpace),
        MinFreeSpace = Math.Max(0, policy.MinFreeSpace),
    };
}
