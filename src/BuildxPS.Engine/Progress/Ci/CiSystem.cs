using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Progress.Ci;

/// <summary>A CI system whose log takes commands, written so that no text of a build starts one, or ends one early.</summary>
public abstract class CiSystem : ILogGroups
{
    // Names of variables have no case in Azure DevOps.
    private readonly HashSet<string> _claimed = new(StringComparer.OrdinalIgnoreCase);

    private protected CiSystem(string? workspace) => Workspace = workspace;

    /// <inheritdoc/>
    string ILogGroups.EndGroup => EndGroup;

    /// <summary>The folder that paths in the log are relative to; null where it is not known.</summary>
    internal string? Workspace { get; }

    private protected abstract string EndGroup { get; }

    /// <summary>The system that runs this process.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Null where there is none whose commands are known.</returns>
    public static CiSystem? Find(ClientEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return IsSet(environment["TF_BUILD"]) ? new AzurePipelines(environment["BUILD_SOURCESDIRECTORY"])
            : IsSet(environment["GITHUB_ACTIONS"]) ? new GitHubActions(environment["GITHUB_WORKSPACE"], environment["GITHUB_OUTPUT"])
            : null;
    }

    /// <summary>Takes a suffix for the results of one build, so that no other build's replace them.</summary>
    /// <param name="suffix">The suffix wanted; empty where there is one build.</param>
    /// <returns>That one, or with a number behind it where another build has it.</returns>
    internal string Claim(string suffix)
    {
        lock (_claimed)
        {
            var free = suffix;
            for (var number = 2; suffix.Length > 0 && !_claimed.Add(free); number++)
            {
                free = $"{suffix}_{number}";
            }

            return free;
        }
    }

    /// <inheritdoc/>
    string ILogGroups.BeginGroup(string title) => BeginGroup(title);

    /// <summary>The line that reports a warning or an error.</summary>
    /// <param name="issue">What to report.</param>
    /// <returns>One line.</returns>
    internal abstract string Report(CiIssue issue);

    /// <summary>Gives results to the steps that come after this one.</summary>
    /// <param name="results">Names and values.</param>
    /// <param name="suffix">What tells them apart from those of other builds; empty where there is one.</param>
    /// <returns>Lines to print.</returns>
    internal abstract IReadOnlyList<string> Publish(IEnumerable<KeyValuePair<string, string>> results, string suffix);

    private protected abstract string BeginGroup(string title);

    private static bool IsSet(string? value) => GoText.Boolean(value ?? "") == true;
}
