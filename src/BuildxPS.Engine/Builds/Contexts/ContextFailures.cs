using System.Text.RegularExpressions;
using BuildxPS.Engine.Builds.Results;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>Says what a build lacked whose context the engine had to fetch or to unpack.</summary>
internal static partial class ContextFailures
{
    private const string WhereAdvice = "The engine fetches it, not this client: check the address from where the engine runs, where localhost is the engine's own, and its proxy and certificates.";
    private const string NameAdvice = "Check the address. It has to be one that the engine sees, and that ends in .git if it is a repository of http.";

    /// <summary>Explains a failed build.</summary>
    /// <param name="message">The engine's error.</param>
    /// <param name="step">The failed step; null where none is known.</param>
    /// <param name="seen">What was seen of the build.</param>
    /// <param name="context">The build's context.</param>
    /// <returns>What it is, a sentence, and what to do; null where it failed of something else.</returns>
    public static (BuildxFailure Failure, string Sentence, string Advice)? Explain(string message, BuildStep? step, BuildObserver seen, MainContext context)
    {
        if (context.IsFolder || !(OfContext().IsMatch(message) || (step is not null && OfContext().IsMatch(step.Name))))
        {
            return null;
        }

        if (context.Address is not { IsGit: true } && Damage().IsMatch(message))
        {
            return (BuildxFailure.BuildContextInvalid, $"{Name(context)} cannot be unpacked", "See whether the archive is whole: tar --list must read it to its end.");
        }

        if (context.Kind == MainContextKind.Archive)
        {
            return null;
        }

        // Old engines say what git said only in the step's log.
        var log = seen.Steps.LastOrDefault(s => OfContext().IsMatch(s.Name)) is { } fetching ? string.Join(' ', seen.LogTail(fetching.Digest)) : "";
        var found = OfFetching(message) ?? OfFetching(log)
            ?? (message.Contains("failed to fetch remote", StringComparison.Ordinal) ? (BuildxFailure.BuildContextUnreachable, "since git failed on the engine", WhereAdvice) : null);
        return found is { } why ? (why.Failure, $"{Name(context)} cannot be fetched, {why.Sentence}", why.Advice) : null;
    }

    /// <summary>Explains why an engine could not fetch something.</summary>
    /// <param name="message">The engine's error.</param>
    /// <returns>What it is, the end of a sentence, and what to do; null where nothing is known of it.</returns>
    public static (BuildxFailure Failure, string Sentence, string Advice)? OfFetching(string message) => message switch
    {
        _ when message.Contains("subdir not supported", StringComparison.Ordinal) => (
            BuildxFailure.EngineUnsupported, "since the engine knows no folders in repositories", "Leave the folder out, and name the Dockerfile in it with -File; or use an engine with BuildKit 0.9 or newer."),
        _ when MissingReference().IsMatch(message) => (
            BuildxFailure.BuildContextNotFound, "since the repository has no such branch, tag, commit or folder", "See what it has with git ls-remote, and write it as #REF[:SUBFOLDER]."),
        _ when MissingFile().IsMatch(message) => (BuildxFailure.BuildContextNotFound, "since there is none at that address", NameAdvice),
        _ when Unauthorized().IsMatch(message) => (
            BuildxFailure.BuildContextUnauthorized,
            "since it asks for a login",
            "For git give a token with -Secret 'id=GIT_AUTH_TOKEN,env=VARIABLE', or an address of ssh and -Ssh default; from elsewhere fetch the file first, and give it with -ContextStream or -DockerfileContent."),
        _ when UnknownHost().IsMatch(message) => (BuildxFailure.NameNotResolved, "since its host is not known there", WhereAdvice),
        _ when Unreachable().IsMatch(message) => (BuildxFailure.BuildContextUnreachable, "since the engine does not reach it", WhereAdvice),
        _ => null,
    };

    private static string Name(MainContext context)
        => context.Archive is { } archive ? archive.Name : $"The build context '{BuildAddress.Show(context.Location)}'";

    [GeneratedRegex(@"httpcontext|downloaded context|load remote build context|load git source|failed to fetch remote|^copy /context|/context: |buildkit-session")]
    private static partial Regex OfContext();

    [GeneratedRegex("unexpected EOF|invalid tar header|(gzip|bzip2|xz|flate)[: ].*(invalid|corrupt|unexpected)|corrupt input|Error processing tar|archive/tar", RegexOptions.IgnoreCase)]
    private static partial Regex Damage();

    [GeneratedRegex("remote ref|unable to find ref|does not contain ref|not our ref|pathspec|unknown revision|bad object|invalid (reference|refspec)|subdir|not a tree object", RegexOptions.IgnoreCase)]
    private static partial Regex MissingReference();

    [GeneratedRegex("response status (404|410)|repository .*not found|does not appear to be a git repository|not found: did you run git update-server-info|repository not exported|HTTP 404|error: 404", RegexOptions.IgnoreCase)]
    private static partial Regex MissingFile();

    [GeneratedRegex("response status (401|403|407)|could not read (Username|Password)|Authentication failed|Permission denied|terminal prompts disabled|error: 40[13]", RegexOptions.IgnoreCase)]
    private static partial Regex Unauthorized();

    [GeneratedRegex("no such host|Could not resolve host|Temporary failure in name resolution|name resolution|Name or service not known", RegexOptions.IgnoreCase)]
    private static partial Regex UnknownHost();

    [GeneratedRegex("response status|connection refused|timeout|timed out|no route to host|unreachable|(Failed|Couldn't|Could not|unable) to connect|connection reset|x509|certificate|SSL|EOF|http: server gave HTTP response|error: 5", RegexOptions.IgnoreCase)]
    private static partial Regex Unreachable();
}
