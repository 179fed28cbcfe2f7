using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Diagnostics.Catalogue;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>Caches that a build went on without, which an engine tells only as a step that failed.</summary>
internal static class UnusedCaches
{
    private const string ImportStep = "importing cache manifest from ";

    /// <summary>Finds out what the user should be told.</summary>
    /// <param name="steps">The steps of a build that succeeded.</param>
    /// <param name="failures">What failed on this side meanwhile.</param>
    /// <param name="caches">The caches that were to be read.</param>
    /// <returns>A sentence for each cache.</returns>
    public static IReadOnlyList<string> Find(IReadOnlyList<BuildStep> steps, OwnFailures failures, IReadOnlyList<CacheSpec> caches)
    {
        var failed = steps.Where(s => s.Status == BuildStepStatus.Failed && s.Name.StartsWith(ImportStep, StringComparison.Ordinal)).ToList();
        var ours = failures.Suspects.Select(f => $"A cache was not used, or not all of it: {f.Message}");
        return
        [
            .. failed.Where(s => failures.FindBlamed(s.Error ?? "") is null)
                .Select(s => $"{FailureCatalogue.CacheNotUsed.Summary.Replace("CACHE", NameOf(s.Name[ImportStep.Length..], caches), StringComparison.Ordinal)}: {DisplayText.Line(s.Error)}"),
            .. ours,
        ];
    }

    /// <summary>A cache as the user knows it: engines call most types by a number that they made of all attributes.</summary>
    private static string NameOf(string name, IReadOnlyList<CacheSpec> caches)
        => name.Split(':') is [var type, _] && caches.Where(c => c.Type == type).ToList() is [var only] ? only.SafeText : name;
}
