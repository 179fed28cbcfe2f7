using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builders;

/// <summary>
/// Decides which builder is meant: <c>-Builder</c>, then what <c>-Context</c> or <c>-DockerHost</c> names, then
/// <c>BUILDX_BUILDER</c>, then the current builder, then the current context. Everything here is local.
/// </summary>
internal sealed class BuilderSelector(ClientEnvironment environment, BuilderStore store, ContextCatalog contexts)
{
    private const string ByVariable = "BUILDX_BUILDER";

    /// <summary>Finds the builder that a selection means.</summary>
    /// <param name="selection">The selection.</param>
    /// <returns>The builder; its file may be one that cannot be used.</returns>
    /// <exception cref="BuildxException">There is none, or the selection contradicts itself.</exception>
    public ChosenBuilder Choose(BuilderSelection selection)
    {
        if (selection.Name is { } name)
        {
            return ByName(name, null, selection);
        }

        // Those two are nearer to the user than the variable and an earlier choice.
        if (selection.Context is not null || selection.DockerHost is not null)
        {
            return new ChosenBuilder { Context = contexts.Resolve(selection) };
        }

        if (environment["BUILDX_BUILDER"] is { } variable)
        {
            return ByName(variable, ByVariable, selection);
        }

        return store.Current(contexts.CurrentKey()) is { } current
            ? new ChosenBuilder { Stored = current }
            : new ChosenBuilder { Context = contexts.Resolve(selection) };
    }

    /// <summary>The name of the builder that a build without any parameter would use.</summary>
    /// <returns>Null where that cannot be told: listing must work whatever the files and variables hold.</returns>
    public string? FindCurrentName()
    {
        try
        {
            return Choose(new BuilderSelection()).Name;
        }
        catch (BuildxException)
        {
            return null;
        }
    }

    /// <summary>Finds a stored builder.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The builder, whose file can be used.</returns>
    /// <exception cref="BuildxException">There is none, it is a context's, or its file cannot be used.</exception>
    public BuilderInstance RequireStored(string name)
    {
        var chosen = ByName(name, null, new BuilderSelection());
        return chosen.Stored is { } stored
            ? stored.Instance ?? throw stored.Failure!
            : throw new BuildxException(
                BuildxFailure.BuilderIsContext,
                $"The builder '{chosen.Name}' stands for the docker context of that name.",
                chosen.Name == "default" ? "It is the docker daemon's own, and stays." : $"It comes and goes with the context: docker context rm {chosen.Name}.");
    }

    private ChosenBuilder ByName(string name, string? source, BuilderSelection selection)
    {
        if (store.Find(name) is { } stored)
        {
            return selection.Context is null && selection.DockerHost is null
                ? new ChosenBuilder { Stored = stored }
                : throw Contradicted(selection, $"-Builder '{name}' is a builder with engines of its own, not the one that");
        }

        var context = contexts.Find(name, selection) ?? throw NotFound(name, source);
        var isContradicted = (selection.Context is { } other && other != name) || (selection.DockerHost is not null && name != "default");
        return !isContradicted
            ? new ChosenBuilder { Context = context }
            : throw Contradicted(selection, $"-Builder '{name}' is the builder of another docker context than the one that");
    }

    private static BuildxException Contradicted(BuilderSelection selection, string what) => new(
        BuildxFailure.SelectionConflict,
        what + (selection.Context is null ? " -DockerHost" : $" -Context '{DisplayText.Line(selection.Context)}'") + " means.",
        "Give one of them.");

    private BuildxException NotFound(string name, string? source) => new(
        BuildxFailure.BuilderNotFound,
        $"There is no builder '{DisplayText.Line(name)}'{(source is null ? "" : $" ({source})")}. There is: {Names()}.",
        "List the builders with Get-BuildxBuilder, or make one with New-BuildxBuilder.");

    private string Names()
    {
        const int Shown = 20;
        List<string> names = [.. store.List().Where(b => b.Failure is null).Select(b => b.Name), .. contexts.ListResolved(new BuilderSelection()).Where(c => c.Failure is null).Select(c => c.Name)];
        return string.Join(", ", names.Distinct().Take(Shown)) + (names.Count > Shown ? $" and {names.Count - Shown} more" : "");
    }
}
