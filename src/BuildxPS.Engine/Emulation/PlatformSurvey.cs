using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Emulation;

/// <summary>Which platforms the nodes of a builder run by themselves, which under emulators, and which not. Nothing is started or run.</summary>
public sealed class PlatformSurvey
{
    private readonly Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> _resolve;
    private readonly EmulationHost _host;

    /// <summary>Creates it. Nothing is read or contacted.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public PlatformSurvey(ClientEnvironment environment)
        : this(new BuilderCatalog(environment).ResolveAsync, EmulationHost.Read(environment))
    {
    }

    /// <summary>Creates it for other builders and another machine.</summary>
    internal PlatformSurvey(Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> resolve, EmulationHost host)
    {
        _resolve = resolve;
        _host = host;
    }

    /// <summary>Asks the nodes that run, side by side.</summary>
    /// <param name="builder">Whose.</param>
    /// <param name="platforms">The platforms in question; empty for those that an engine lists and those that base images are commonly made for.</param>
    /// <param name="timeout">How long an engine may take until it answers; zero for no limit.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The platforms, node by node, and the failures of nodes.</returns>
    /// <exception cref="BuildxException">There is no such builder, or the configuration cannot be read.</exception>
    public async Task<IReadOnlyList<NodeAnswer<NodePlatform>>> AskAsync(
        BuilderSelection builder, IReadOnlyList<Platform> platforms, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var handle = await _resolve(builder, cancellationToken).ConfigureAwait(false);
        await using (handle.ConfigureAwait(false))
        {
            var failures = new List<NodeAnswer<NodePlatform>>();
            var nodes = await AnsweringNodes.ConnectAsync(handle, null, timeout, Fail, cancellationToken).ConfigureAwait(false);
            await using (nodes.ConfigureAwait(false))
            {
                var answers = await Task.WhenAll(nodes.Nodes.Select(n => DescribeAsync(handle, NamedEngine.Of(builder, handle.Name), n, platforms, cancellationToken))).ConfigureAwait(false);
                return [.. answers.SelectMany(a => a), .. failures];
            }

            ValueTask Fail(string node, BuildxException failure)
            {
                lock (failures)
                {
                    failures.Add(new NodeAnswer<NodePlatform> { Node = node, Failure = failure });
                }

                return ValueTask.CompletedTask;
            }
        }
    }

    private async Task<IEnumerable<NodeAnswer<NodePlatform>>> DescribeAsync(
        BuilderHandle builder, NamedEngine engine, AnsweringNode answering, IReadOnlyList<Platform> platforms, CancellationToken cancellationToken)
    {
        var node = builder.Nodes.First(n => n.Name == answering.Name);
        var listed = (await answering.Engine.IdentifyAsync(cancellationToken).ConfigureAwait(false)).Platforms;
        var entries = node.Machine.IsHere && _host.Table.IsMounted ? _host.Table.Read() : null;
        var isOn = _host.Table.IsSwitchedOn;
        var wanted = platforms.Count > 0 ? platforms : [.. listed.Concat(EmulatedPlatforms.Common).Distinct()];
        return wanted.Select(p => new NodeAnswer<NodePlatform> { Node = node.Name, Result = Describe(engine, node.Name, p, listed, isOn ? entries : []) });
    }

    /// <summary>Puts together what an engine says and what its kernel has.</summary>
    /// <param name="engine">How the engine was named.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="platform">The platform.</param>
    /// <param name="listed">What the engine lists, its own platform first.</param>
    /// <param name="entries">What its kernel has; null where that cannot be seen.</param>
    /// <returns>How the node runs the platform.</returns>
    internal static NodePlatform Describe(NamedEngine engine, string node, Platform platform, IReadOnlyList<Platform> listed, IReadOnlyList<BinfmtEntry>? entries)
    {
        var known = new NodePlatform { Builder = engine.Builder, Context = engine.Context, DockerHost = engine.DockerHost, Node = node, Platform = platform };
        var isListed = EmulatedPlatforms.IsListed(platform, listed);
        var isNative = listed is [var own, ..] && PlatformMatch.IsNative(platform, own);
        if (isNative && (isListed || platform.Architecture == "386"))
        {
            return known with { Mode = PlatformMode.Native, Note = isListed ? "" : "not listed by the engine, though its processor runs it" };
        }

        var architecture = EmulatedArchitecture.Of(platform);
        var registered = architecture is null ? [] : entries?.Where(e => e.Architecture == architecture).ToList() ?? [];
        var usable = registered.FirstOrDefault(e => e is { IsEnabled: true, WorksInContainers: true });
        if (usable is not null)
        {
            return known with
            {
                Mode = PlatformMode.Emulated,
                Emulator = DisplayText.Line(usable.Name, 100),
                Note = isListed ? "" : "registered since the engine last looked: it does not list it yet",
            };
        }

        return (isListed, entries) switch
        {
            (true, null) => known with { Mode = PlatformMode.Emulated },
            (_, not null) when registered is [var entry, ..] => known with
            {
                Emulator = DisplayText.Line(entry.Name, 100),
                Note = entry.IsEnabled ? "registered without the flag F: containers cannot use it" : "registered, but switched off",
            },
            (true, _) => known with { Note = "the engine still lists it, but its emulator is not registered any more" },
            _ when isNative => known with { Note = "the engine's processor lacks this variant" },
            _ => known,
        };
    }
}
