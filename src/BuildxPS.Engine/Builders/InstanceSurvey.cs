using System.Text;
using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builders;

/// <summary>Asks the nodes of a stored builder what they are, side by side. A failure becomes part of the answer.</summary>
internal static class InstanceSurvey
{
    /// <summary>Describes a builder.</summary>
    /// <param name="stored">The builder.</param>
    /// <param name="drivers">Makes its drivers.</param>
    /// <param name="isCurrent">Whether a build without <c>-Builder</c> would use it.</param>
    /// <param name="firstAnswer">How long one node may take until it answers at all; null for as long as the whole.</param>
    /// <param name="timeout">How long one node may take; zero or <see cref="Timeout.InfiniteTimeSpan"/> for no limit of its own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder.</returns>
    public static async Task<Builder> DescribeAsync(
        StoredBuilder stored, InstanceDrivers drivers, bool isCurrent, TimeSpan? firstAnswer, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var known = Known(stored, isCurrent);
        return stored.Instance is not { } instance ? known : known with
        {
            Nodes = await Task.WhenAll((instance.Nodes ?? []).Select(node => DescribeAsync(instance, node, drivers, firstAnswer, timeout, cancellationToken)))
                .ConfigureAwait(false),
        };
    }

    /// <summary>Describes a builder by what is written down about it. No engine is asked.</summary>
    /// <param name="stored">The builder.</param>
    /// <param name="isCurrent">Whether a build without <c>-Builder</c> would use it.</param>
    /// <returns>The builder.</returns>
    public static Builder Known(StoredBuilder stored, bool isCurrent)
        => stored.Instance is not { } instance
            ? new Builder { Name = stored.Name, IsCurrent = isCurrent, Error = stored.Failure!.Message }
            : new Builder
            {
                Name = instance.Name,
                Driver = instance.Driver,
                IsCurrent = isCurrent,
                IsDynamic = instance.Dynamic,
                LastActivity = stored.LastActivity,
                Nodes = [.. (instance.Nodes ?? []).Select(Known)],
            };

    /// <summary>The platforms that the user assigned to a node, as far as this module knows them.</summary>
    /// <param name="node">The node.</param>
    /// <returns>The platforms.</returns>
    public static IReadOnlyList<Platform> PlatformsOf(InstanceNode node)
        => [.. (node.Platforms ?? []).Select(p => p.ToPlatform()).OfType<Platform>().Distinct()];

    private static async Task<Node> DescribeAsync(
        BuilderInstance builder, InstanceNode node, InstanceDrivers drivers, TimeSpan? firstAnswer, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var known = Known(node);
        using var limit = new AnswerLimit(firstAnswer, timeout, cancellationToken);

        try
        {
            // Whatever hangs below, the answer is due when the limit is reached.
            return await AskAsync(known, () => drivers.Create(builder, node, timeout > TimeSpan.Zero ? timeout : null), limit)
                .WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (BuildxException e)
        {
            return Failed(known, e.Message);
        }
        catch (OperationCanceledException) when (!limit.Token.IsCancellationRequested)
        {
            return Failed(known, $"The engine of the node '{node.Name}' at {node.Endpoint} broke off the answer.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(known, FormattableString.Invariant(
                $"The engine of the node '{node.Name}' at {node.Endpoint} did not answer within {limit.InForce.TotalSeconds:0.#} s."));
        }
    }

    private static async Task<Node> AskAsync(Node known, Func<IDriver> create, AnswerLimit limit)
    {
        var cancellationToken = limit.Token;
        var driver = create();
        await using (driver.ConfigureAwait(false))
        {
            var status = await driver.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            known = known with { Pods = await driver.GetPodsAsync(cancellationToken).ConfigureAwait(false) };
            if (status != NodeStatus.Running)
            {
                return known with { Status = status };
            }

            if (driver is not RemoteDriver)
            {
                // Whoever starts engines has just said how this one stands.
                limit.Answered();
            }

            var engine = await driver.ConnectAsync(cancellationToken).ConfigureAwait(false);
            await using (engine.ConfigureAwait(false))
            {
                var description = await engine.IdentifyAsync(cancellationToken).ConfigureAwait(false);
                var version = description.Version ?? await driver.FindBuildKitVersionAsync(cancellationToken).ConfigureAwait(false);
                return Running(known, description, version);
            }
        }
    }

    private static Node Known(InstanceNode node)
    {
        var platforms = PlatformsOf(node);
        return new Node
        {
            Name = node.Name,
            Endpoint = node.Endpoint,
            Platforms = platforms,
            ExplicitPlatforms = platforms,
            DriverOptions = node.DriverOptions ?? [],
            Flags = node.Flags ?? [],
            ConfigFiles = (node.Files ?? []).ToDictionary(f => f.Key, f => Show(f.Value), StringComparer.Ordinal),
        };
    }

    // A key that was copied in for a registry is nobody's business who looks at a list of builders.
    private static string Show(byte[] content)
        => content.AsSpan().IndexOf("PRIVATE KEY-----"u8) >= 0
            ? "(a private key)"
            : DisplayText.Lines(Encoding.UTF8.GetString(content), 1 << 20);

    private static Node Running(Node known, EngineDescription description, string? version)
    {
        var first = description.Workers.Count > 0 ? description.Workers[0] : null;
        return known with
        {
            Status = NodeStatus.Running,
            Platforms = [.. known.ExplicitPlatforms.Concat(description.Platforms).Distinct()],
            BuildKitVersion = version,
            Labels = first?.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal),
            GcPolicy = first?.GcPolicy ?? [],
            Devices = [.. description.Workers.SelectMany(worker => worker.Devices).Distinct(StringComparer.Ordinal)],
        };
    }

    private static Node Failed(Node known, string error) => known with { Status = NodeStatus.Error, Error = error };
}
