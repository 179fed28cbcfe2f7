using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;

namespace BuildxPS.Engine.Builders;

/// <summary>The builders that this client knows: every docker context is one, with the context's engine as its only node.</summary>
/// <param name="environment">Where this client runs.</param>
public sealed partial class BuilderCatalog(ClientEnvironment environment)
{
    private readonly ContextCatalog _contexts = new(environment);

    /// <summary>
    /// All builders with what their engines say, asked side by side. Those that run come first, by name and without
    /// waiting for slow ones; those that cannot be asked come last, by name, with <see cref="Builder.Error"/>.
    /// </summary>
    /// <param name="timeout">How long one engine may take; zero for no limit but those of connections.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builders.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> where docker's configuration cannot be read.</exception>
    public async IAsyncEnumerable<Builder> ListAsync(TimeSpan timeout, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var current = CurrentName();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = _contexts.ListResolved(new BuilderSelection())
            .Select(context => BuilderSurvey.DescribeAsync(context, context.Name == current, timeout, stopping.Token))
            .ToList();
        try
        {
            await foreach (var builder in LiveFirst.OrderAsync(asked, builder => builder.Error is null, stopping.Token).ConfigureAwait(false))
            {
                yield return builder;
            }
        }
        finally
        {
            // The consumer may have stopped early; nothing then waits for the rest.
            await stopping.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(asked)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One builder with what its engine says.</summary>
    /// <param name="selection">Which one.</param>
    /// <param name="timeout">How long its engine may take; zero for no limit but those of connections.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder; with <see cref="Builder.Error"/> where its engine could not be asked.</returns>
    /// <exception cref="BuildxException">There is no such builder or context, or the configuration cannot be read.</exception>
    public async Task<Builder> GetAsync(BuilderSelection selection, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var context = Resolve(selection);
        var isCurrent = selection.DockerHost is null && context.Name == CurrentName();
        return await BuilderSurvey.DescribeAsync(context, isCurrent, timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Chooses the builder for a piece of work. No engine is contacted.</summary>
    /// <param name="selection">Which one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder's drivers; the caller disposes it.</returns>
    /// <exception cref="BuildxException">There is no such builder or context, it cannot be used, or the configuration cannot be read.</exception>
    public Task<BuilderHandle> ResolveAsync(BuilderSelection selection, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var context = Resolve(selection);
        if (context.Failure is not null)
        {
            throw context.Failure;
        }

        var driver = new DockerDriver(context.Endpoint!);
        return Task.FromResult(new BuilderHandle
        {
            Name = context.Name,
            Driver = driver.Name,
            Nodes =
            [
                new NodeHandle
                {
                    Name = context.Name,
                    Endpoint = context.Name,
                    Driver = driver,
                    ProxyArguments = BuildProxies.For(DockerConfiguration.Read(environment), context.Endpoint!.Address),
                },
            ],
        });
    }

    private string? CurrentName()
    {
        if (environment["BUILDX_BUILDER"] is not { } name)
        {
            return _contexts.CurrentName();
        }

        // Listing must work whatever the variable holds: then no builder is the current one.
        return InstanceFile(name) is null && _contexts.Find(name, new BuilderSelection()) is not null ? name : null;
    }

    private ResolvedContext Resolve(BuilderSelection selection)
    {
        var (name, source) = selection.Name is { } given ? (given, "-Builder") : (EnvironmentName(selection), "BUILDX_BUILDER");
        if (name is null)
        {
            return _contexts.Resolve(selection);
        }

        if (InstanceFile(name) is { } file)
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The builder '{name}' ({source}) is one that docker buildx created, in {file}; only the builders of docker contexts can be used so far.",
                "Give a docker context's name to -Builder or -Context, or an engine's address to -DockerHost; Get-BuildxBuilder lists the contexts.");
        }

        var context = _contexts.Find(name, selection) ?? throw new BuildxException(
            BuildxFailure.BuilderNotFound,
            $"There is no builder '{DisplayText.Line(name)}' ({source}).",
            "List the builders with Get-BuildxBuilder.");
        return IsContradicted(selection, name) ? throw new BuildxException(
            BuildxFailure.SelectionConflict,
            $"-Builder '{name}' is the builder of another docker context than the one that "
            + (selection.Context is null ? "-DockerHost" : $"-Context '{DisplayText.Line(selection.Context)}'") + " means.",
            "Give one of them.") : context;
    }

    // The variable chooses only where the command line is silent: -Context and -DockerHost are nearer to the user.
    private string? EnvironmentName(BuilderSelection selection)
        => selection.Context is null && selection.DockerHost is null ? environment["BUILDX_BUILDER"] : null;

    private static bool IsContradicted(BuilderSelection selection, string name)
        => (selection.Context is { } context && context != name) || (selection.DockerHost is not null && name != "default");

    private string? InstanceFile(string name)
    {
        // The pattern keeps anything like a path away from the file system.
        if (!InstancePattern().IsMatch(name))
        {
            return null;
        }

        var folder = environment["BUILDX_CONFIG"] ?? Path.Combine(DockerConfiguration.FolderOf(environment), "buildx");
        var file = Path.Combine(folder, "instances", name.ToLowerInvariant());
        return File.Exists(file) ? file : null;
    }

    [GeneratedRegex(@"\A[a-zA-Z][a-zA-Z0-9._-]*\z")]
    private static partial Regex InstancePattern();
}
