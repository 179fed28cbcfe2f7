using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Planning;

/// <summary>Says which node would build what, without starting or changing anything.</summary>
public sealed class PlanPreview
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    private readonly ClientEnvironment _environment;

    /// <summary>Creates it. Nothing is read or contacted.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public PlanPreview(ClientEnvironment environment) => _environment = environment;

    /// <summary>Makes the plan of a build.</summary>
    /// <param name="request">What would be built.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The plan as far as it is known; null where there is nothing to choose, or nothing is known of the only node.</returns>
    /// <exception cref="BuildxException">There is no such builder, or the configuration cannot be read.</exception>
    public async Task<BuildPreview> MakeAsync(BuildRequest request, CancellationToken cancellationToken)
    {
        request = RequestCheck.Normalize(request, _environment);
        var builder = await new BuilderCatalog(_environment).ResolveAsync(request.Builder, cancellationToken).ConfigureAwait(false);
        await using (builder.ConfigureAwait(false))
        {
            if (builder.Nodes.Count == 0 || (builder.Nodes.Count == 1 && request.Platforms.Count == 0))
            {
                return new BuildPreview();
            }

            var notes = new List<string>();
            var candidates = await Task.WhenAll(builder.Nodes.Select(n => AskAsync(n, notes, cancellationToken))).ConfigureAwait(false);
            var preview = new BuildPreview { Notes = notes, Asked = [.. candidates.Where(c => c.Reported.Count > 0).Select(c => c.Name)] };
            return candidates is [{ Explicit: [], Reported: [] }]
                ? preview
                : preview with { Plan = BuildPlanner.Plan(builder.Name, builder.Driver, request.Platforms, candidates) };
        }
    }

    private static NodeCandidate Known(NodeHandle node) => new() { Name = node.Name, Explicit = node.ExplicitPlatforms };

    private static async Task<NodeCandidate> AskAsync(NodeHandle node, List<string> notes, CancellationToken cancellationToken)
    {
        var known = Known(node);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        try
        {
            if (await node.Driver.GetStatusAsync(limit.Token).ConfigureAwait(false) != NodeStatus.Running)
            {
                Note($"The node '{node.Name}' does not run, so that what it can build is not known; the build would start it.");
                return known;
            }

            var engine = await node.Driver.ConnectAsync(limit.Token).ConfigureAwait(false);
            await using (engine.ConfigureAwait(false))
            {
                return known with { Reported = (await engine.IdentifyAsync(limit.Token).ConfigureAwait(false)).Platforms };
            }
        }
        catch (BuildxException e)
        {
            Note($"The node '{node.Name}' cannot be asked: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Note(FormattableString.Invariant($"The node '{node.Name}' did not answer within {s_limit.TotalSeconds:0} s."));
        }

        return known;

        void Note(string text)
        {
            lock (notes)
            {
                notes.Add(text);
            }
        }
    }
}
