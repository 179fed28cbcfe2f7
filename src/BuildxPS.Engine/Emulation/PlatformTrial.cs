using System.Diagnostics;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Emulation;

/// <summary>Tries which platforms the nodes of a builder really run.</summary>
public sealed class PlatformTrial
{
    // Any key will do: it only has to be the same each time, for nodes that choose one of several engines by it.
    private const string Key = "buildxps-platforms";

    private readonly ClientEnvironment _environment;
    private readonly Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> _resolve;

    /// <summary>Creates it. Nothing is read or contacted.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public PlatformTrial(ClientEnvironment environment)
        : this(environment, new BuilderCatalog(environment).ResolveAsync)
    {
    }

    /// <summary>Creates it for other builders.</summary>
    internal PlatformTrial(ClientEnvironment environment, Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> resolve)
    {
        _environment = environment;
        _resolve = resolve;
    }

    /// <summary>Runs a program for each platform on each node, nodes side by side. Engines that do not run are started.</summary>
    /// <param name="builder">Whose nodes.</param>
    /// <param name="nodes">Which of them; empty for all.</param>
    /// <param name="platforms">The platforms; empty for those that a node's engine lists, or the user assigned to it.</param>
    /// <param name="limit">How long one program may take; zero for no limit.</param>
    /// <param name="cancellationToken">Stops the engines.</param>
    /// <returns>What happens, the tests as they end, and the failures of nodes.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating: there is no such builder, or <see cref="BuildxFailure.PlatformInvalid"/> for a platform that cannot be tried.</exception>
    public IAsyncEnumerable<NodeAnswer<PlatformTest>> RunAsync(
        BuilderSelection builder, IReadOnlyList<string> nodes, IReadOnlyList<Platform> platforms, TimeSpan limit, CancellationToken cancellationToken)
        => EventStream.RunAsync<NodeAnswer<PlatformTest>>(async (answer, token) =>
        {
            foreach (var platform in platforms)
            {
                _ = RequireProbe(platform);
            }

            var handle = await _resolve(builder, token).ConfigureAwait(false);
            await using (handle.ConfigureAwait(false))
            {
                handle.NoteUse?.Invoke();
                await Task.WhenAll(NodeChoice.Of(handle, nodes).Select(node => RunAsync(handle, node, builder, platforms, limit, answer, token))).ConfigureAwait(false);
            }
        }, cancellationToken);

    private async Task RunAsync(
        BuilderHandle builder,
        NodeHandle node,
        BuilderSelection selection,
        IReadOnlyList<Platform> platforms,
        TimeSpan limit,
        Func<NodeAnswer<PlatformTest>, CancellationToken, ValueTask> answer,
        CancellationToken cancellationToken)
    {
        try
        {
            var chosen = await ChosenNode.ConnectAsync(
                node, Key, (e, token) => answer(new NodeAnswer<PlatformTest> { Event = e }, token), cancellationToken).ConfigureAwait(false);
            await using (chosen.ConfigureAwait(false))
            {
                var site = EmulatorSite.Of(node, builder.Driver, builder.Name, selection, _environment);
                foreach (var platform in platforms.Count > 0 ? platforms : Usual(chosen))
                {
                    var test = await TryAsync(NamedEngine.Of(selection, builder.Name), chosen, platform, site, limit, cancellationToken).ConfigureAwait(false);
                    await answer(new NodeAnswer<PlatformTest> { Node = node.Name, Result = test }, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (BuildxException e)
        {
            var failure = builder.Nodes.Count == 1 ? e : new BuildxException(e.Failure, $"The node '{node.Name}' of the builder '{builder.Name}': {e.Message}", e.Advice, e) { IsTransient = e.IsTransient };
            await answer(new NodeAnswer<PlatformTest> { Node = node.Name, Failure = failure }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What a node says that it runs, or the user does. A variant whose name promises instructions that no program here uses is not tried.</summary>
    private static IReadOnlyList<Platform> Usual(ChosenNode node)
        => [.. node.Node.ExplicitPlatforms.Concat(node.Description.Platforms).Distinct().Where(p => FindProbe(p) is not null)];

    private static EmulatedArchitecture? FindProbe(Platform platform)
        => platform.Architecture == "amd64" && platform.Variant is not null ? null : EmulatedArchitecture.Of(platform);

    private static EmulatedArchitecture RequireProbe(Platform platform) => FindProbe(platform) ?? throw new BuildxException(
        BuildxFailure.PlatformInvalid,
        $"There is no program to try {platform} with.",
        $"Give one of linux/{string.Join(", linux/", EmulatedArchitecture.All.Select(a => a.Name))}, linux/arm/v6.");

    private static async Task<PlatformTest> TryAsync(
        NamedEngine engine, ChosenNode node, Platform platform, EmulatorSite site, TimeSpan limit, CancellationToken cancellationToken)
    {
        var listed = node.Description.Platforms;
        var isNative = listed is [var own, ..] && PlatformMatch.IsNative(platform, own);
        var test = new PlatformTest { Builder = engine.Builder, Context = engine.Context, DockerHost = engine.DockerHost, Node = node.Node.Name, Platform = platform, IsListed = EmulatedPlatforms.IsListed(platform, listed) };
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timed.CancelAfter(limit > TimeSpan.Zero ? limit : Timeout.InfiniteTimeSpan);
        var started = Stopwatch.GetTimestamp();
        try
        {
            await PlatformProbe.RunAsync(node.Engine, platform, RequireProbe(platform), timed.Token).ConfigureAwait(false);
            return test with { Works = true, Mode = isNative ? PlatformMode.Native : PlatformMode.Emulated, Duration = Stopwatch.GetElapsedTime(started) };
        }
        catch (Exception e) when (timed.IsCancellationRequested && !cancellationToken.IsCancellationRequested && e is BuildxException or OperationCanceledException)
        {
            return test with
            {
                Duration = Stopwatch.GetElapsedTime(started),
                Failure = BuildxFailure.TimedOut,
                Error = FormattableString.Invariant($"The program did not end within {limit.TotalSeconds:0.#} s."),
                Advice = "See whether the engine is busy, or give it more time with -TimeoutSec.",
            };
        }
        catch (BuildxException e) when (e is BuildFailedException || e.Failure == BuildxFailure.EmulatorMissing)
        {
            return Explain(test with { Duration = Stopwatch.GetElapsedTime(started) }, e, site, isNative);
        }
    }

    private static PlatformTest Explain(PlatformTest test, BuildxException failure, EmulatorSite site, bool isNative)
    {
        if (failure.Failure == BuildxFailure.EmulatorMissing && !isNative)
        {
            return test with { Failure = failure.Failure, Error = "No emulator is registered for it.", Advice = site.Advise(test.Platform) };
        }

        // The program is certainly in the image: what the kernel misses in the container is its interpreter.
        var log = failure is BuildFailedException build ? build.LogTail : [];
        if (!isNative && log.Append(failure.Message).Any(EmulatorFailures.IsNotThere))
        {
            return test with
            {
                Failure = BuildxFailure.EmulatorUnusable,
                Error = "Its emulator is registered without the flag F, or is not static, so that containers cannot use it.",
                Advice = site.Advise(test.Platform, replaces: true),
            };
        }

        return test with { Failure = failure.Failure, Error = DisplayText.Line(failure.Message), Advice = failure.Advice };
    }
}
