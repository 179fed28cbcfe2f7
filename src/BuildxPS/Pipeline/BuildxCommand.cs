using System.Management.Automation;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Pipeline;

/// <summary>What every cmdlet of this module shares: waiting for the engine, stopping it, and reporting its failures.</summary>
public abstract class BuildxCommand : PSCmdlet
{
    /// <summary>How long one engine may take to say what it is, where that is not what was asked for.</summary>
    private protected static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Creates the cmdlet. Only this module derives from it.</summary>
    private protected BuildxCommand()
    {
    }

    /// <summary>Whether the user only wants to know what would be done.</summary>
    private protected bool IsPreview => MyInvocation.BoundParameters.TryGetValue("WhatIf", out var given)
        ? (SwitchParameter)given
        : LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"));

    private protected virtual bool IsFatal(BuildxFailure failure) => false;

    /// <summary>
    /// Takes a stream item by item on the pipeline's thread, where every <c>Write*</c> is allowed. Ctrl+C cancels the
    /// stream; leaving early (<c>Select-Object -First</c>) disposes it.
    /// </summary>
    private protected void Consume<T>(Func<CancellationToken, IAsyncEnumerable<T>> stream, Action<T> handle)
    {
        try
        {
            foreach (var item in stream(PipelineStopToken).ToBlockingEnumerable(PipelineStopToken))
            {
                handle(item);
            }
        }
        catch (OperationCanceledException) when (PipelineStopToken.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Waits for one call. Ctrl+C cancels it, and does not wait for it to notice.</summary>
    private protected T Run<T>(Func<CancellationToken, Task<T>> call)
    {
        try
        {
            return call(PipelineStopToken).WaitAsync(PipelineStopToken).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (PipelineStopToken.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>The same for a call without a result.</summary>
    private protected void Run(Func<CancellationToken, Task> call)
        => Run(async token =>
        {
            await call(token).ConfigureAwait(false);
            return true;
        });

    /// <summary>
    /// Does the work for one input. A failure is reported on that input, so that the next one gets its turn; one that
    /// every input would meet ends the command.
    /// </summary>
    /// <param name="target">What the user passed.</param>
    /// <param name="work">The work.</param>
    private protected void ForInput(object? target, Action work)
    {
        try
        {
            work();
        }
        catch (BuildxException e)
        {
            if (IsFatal(e.Failure))
            {
                ThrowTerminatingError(FailureRecord.Create(e, target));
            }

            WriteError(FailureRecord.Create(e, target));
        }
    }

    /// <summary>
    /// Does the work for each builder that names mean, as far as it is known without asking an engine. A wildcard means
    /// builders that were made, not docker contexts: their engines were there before, and serve more than builds.
    /// </summary>
    /// <param name="names">Names, wildcards allowed; none means the current builder.</param>
    /// <param name="work">The work.</param>
    private protected void ForBuilders(string[] names, Action<Builder> work)
    {
        if (names.Length == 0)
        {
            ForInput(null, () => work(new BuilderCatalog(ClientEnvironment.Read()).FindLocal(new BuilderSelection())));
        }

        foreach (var name in names)
        {
            if (!WildcardPattern.ContainsWildcardCharacters(name))
            {
                ForInput(name, () => work(new BuilderCatalog(ClientEnvironment.Read()).FindLocal(new BuilderSelection { Name = name })));
                continue;
            }

            var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            IReadOnlyList<Builder> found = [];
            ForInput(name, () => found = new BuilderCatalog(ClientEnvironment.Read()).ListLocal());
            foreach (var builder in found.Where(b => !b.IsContext && pattern.IsMatch(b.Name)))
            {
                ForInput(builder.Name, () => work(builder));
            }
        }
    }

    /// <summary>The same, or for the one that is meant without a name.</summary>
    /// <param name="names">Names, wildcards allowed.</param>
    /// <param name="context">The docker context that was given; null for none.</param>
    /// <param name="dockerHost">The address that was given; null for none.</param>
    /// <param name="work">The work.</param>
    private protected void ForSelections(string[] names, string? context, string? dockerHost, Action<BuilderSelection> work)
    {
        if (names.Length == 0 || context is not null || dockerHost is not null)
        {
            foreach (var name in names.Length == 0 ? [null] : names.Cast<string?>())
            {
                ForInput(name ?? context ?? dockerHost, () => work(new BuilderSelection { Name = name, Context = context, DockerHost = dockerHost }));
            }

            return;
        }

        ForBuilders(names, builder => work(new BuilderSelection { Name = builder.Name }));
    }

    /// <summary>Does what all inputs depend on: a failure ends the command.</summary>
    /// <param name="target">What the user passed.</param>
    /// <param name="work">The work.</param>
    private protected T ForAll<T>(object? target, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (BuildxException e)
        {
            ThrowTerminatingError(FailureRecord.Create(e, target));
            throw;
        }
    }

    /// <summary>The path in the file system that a user's path means from the current location.</summary>
    /// <param name="path">A path, absolute or not, or qualified with its provider.</param>
    /// <param name="failure">What it is reported as if it is none.</param>
    /// <param name="what">What the path is for, as the subject of a sentence.</param>
    /// <returns>An absolute path; nothing needs to be there.</returns>
    private protected string ResolvePath(string path, BuildxFailure failure, string what)
    {
        // PowerShell takes it for the current location, where a script means a variable that it forgot to set.
        if (string.IsNullOrWhiteSpace(path))
        {
            throw new BuildxException(failure, $"{what} '{path}' is not a path: it is empty.", "Give a path; '.' is the current location.");
        }

        string resolved;
        ProviderInfo provider;
        try
        {
            resolved = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _);
        }
        catch (Exception e) when (e is SessionStateException or ProviderInvocationException or NotSupportedException or PSArgumentException)
        {
            throw new BuildxException(failure, $"{what} '{BuildAddress.Hide(path)}' is not a path of the file system: {BuildAddress.Hide(e.Message)}", PathAdvice(path), e);
        }

        return provider.Name == "FileSystem"
            ? resolved
            : throw new BuildxException(
                failure,
                $"{what} '{BuildAddress.Hide(path)}' is not in the file system: it belongs to PowerShell's provider '{provider.Name}'.",
                "Give a path of the file system, or go to one first with Set-Location.");
    }

    private static string PathAdvice(string path)
        => path.Contains("://", StringComparison.Ordinal) || path.StartsWith("git@", StringComparison.Ordinal)
            ? "Give a path of the file system; only a build context (-Path) and a Dockerfile (-File) may be at an address, of git, http or https."
            : "Give a path of the file system.";

    /// <summary>A line for the person who watches: shown, recorded by transcripts, and captured by <c>6&gt;</c>.</summary>
    private protected void WriteLine(string line)
        => WriteInformation(new InformationRecord(new HostInformationMessage { Message = line }, MyInvocation.MyCommand.Name) { Tags = { "PSHOST" } });
}
