using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builders;

/// <summary>Asks an implicit builder's engine what it is. A failure becomes part of the answer.</summary>
internal static class BuilderSurvey
{
    /// <summary>Describes a context as a builder.</summary>
    /// <param name="context">The context.</param>
    /// <param name="isCurrent">Whether a build without <c>-Builder</c> would use it.</param>
    /// <param name="firstAnswer">How long it may take until it answers at all; null for as long as the whole.</param>
    /// <param name="timeout">How long it may take; zero or <see cref="Timeout.InfiniteTimeSpan"/> for no limit of its own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder; with <see cref="Builder.Error"/> where its engine could not be asked.</returns>
    public static async Task<Builder> DescribeAsync(
        ResolvedContext context, bool isCurrent, TimeSpan? firstAnswer, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new AnswerLimit(firstAnswer, timeout, cancellationToken);

        try
        {
            // Whatever hangs below, the answer is due when the limit is reached.
            var node = await AskAsync(context, timeout, limit).WaitAsync(limit.Token).ConfigureAwait(false);
            return new Builder { Name = context.Name, Driver = "docker", IsContext = true, IsCurrent = isCurrent, Nodes = [node] };
        }
        catch (BuildxException e)
        {
            return Failed(context, isCurrent, e.Message);
        }
        catch (OperationCanceledException) when (!limit.Token.IsCancellationRequested)
        {
            return Failed(context, isCurrent, $"The engine at {context.Endpoint?.Address} ({context.Endpoint?.Origin}) broke off the answer.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(context, isCurrent, FormattableString.Invariant(
                $"The engine at {context.Endpoint?.Address} ({context.Endpoint?.Origin}) did not answer within {limit.InForce.TotalSeconds:0.#} s."));
        }
    }

    /// <summary>Describes a context as a builder without asking its engine.</summary>
    /// <param name="context">The context.</param>
    /// <param name="isCurrent">Whether a build without <c>-Builder</c> would use it.</param>
    /// <returns>The builder.</returns>
    public static Builder Known(ResolvedContext context, bool isCurrent) => context.Failure is { } failure
        ? Failed(context, isCurrent, failure.Message)
        : new Builder
        {
            Name = context.Name,
            Driver = "docker",
            IsContext = true,
            IsCurrent = isCurrent,
            Nodes = [new Node { Name = context.Name, Endpoint = context.Name }],
        };

    private static async Task<Node> AskAsync(ResolvedContext context, TimeSpan timeout, AnswerLimit limit)
    {
        var cancellationToken = limit.Token;
        if (context.Failure is not null)
        {
            throw context.Failure;
        }

        var driver = new DockerDriver(context.Endpoint!, timeout > TimeSpan.Zero ? timeout : null);
        await using (driver.ConfigureAwait(false))
        {
            var engine = await driver.ConnectAsync(cancellationToken).ConfigureAwait(false);
            limit.Answered();
            await using (engine.ConfigureAwait(false))
            {
                var description = await engine.IdentifyAsync(cancellationToken).ConfigureAwait(false);
                var version = description.Version ?? await driver.FindBuildKitVersionAsync(cancellationToken).ConfigureAwait(false);
                return Running(context.Name, description, version);
            }
        }
    }

    private static Node Running(string name, EngineDescription description, string? version)
    {
        var first = description.Workers.Count > 0 ? description.Workers[0] : null;
        return new Node
        {
            Name = name,
            Endpoint = name,
            Status = NodeStatus.Running,
            Platforms = description.Platforms,
            BuildKitVersion = version,
            Labels = first?.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal),
            GcPolicy = first?.GcPolicy ?? [],
            Devices = [.. description.Workers.SelectMany(worker => worker.Devices).Distinct(StringComparer.Ordinal)],
        };
    }

    private static Builder Failed(ResolvedContext context, bool isCurrent, string error) => new()
    {
        Name = context.Name,
        IsContext = true,
        IsCurrent = isCurrent,
        Error = error,
        Nodes = [new Node { Name = context.Name, Endpoint = context.Name, Status = NodeStatus.Error, Error = error }],
    };
}
