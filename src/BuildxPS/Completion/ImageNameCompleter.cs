using System.Buffers;
using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Credentials;

namespace BuildxPS.Completion;

/// <summary>
/// Completes names of images: those of earlier commands of the session, and for a build its folder's name, also in the registries
/// that docker has a login for. No registry and no engine is asked.
/// </summary>
internal sealed partial class ImageNameCompleter : IArgumentCompleter
{
    private const int MaxCommands = 500;

    /// <summary>What makes a word of an earlier command something else than a name: variables, expressions.</summary>
    private static readonly SearchValues<char> s_code = SearchValues.Create("$(){}");

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() =>
        {
            var typed = TypedList.Read(wordToComplete, commandAst, parameterName);
            var folder = commandName == "Invoke-BuildxBuild" ? FolderOf(fakeBoundParameters) : null;
            return Completions.SelectItems(typed, Earlier().Concat(New(folder)).DistinctBy(n => n.Value).Where(n => ImageReference.TryParse(n.Value.TrimEnd('/'), out _, out _)));
        });

    private static IEnumerable<(string Value, string ToolTip)> Earlier()
        => CompletionSession.History(MaxCommands)
            .SelectMany(line => NamePattern().Matches(line))
            .SelectMany(match => match.Groups["names"].Value.Split(','))
            .Select(name => name.Trim('\'', '"'))
            .Where(name => name.Length > 0 && !name.AsSpan().ContainsAny(s_code))
            .Select(name => (name, "Used in an earlier command"));

    private static IEnumerable<(string Value, string ToolTip)> New(string? folder)
    {
        var hosts = Completions.Try(() => new RegistryLogins(ClientEnvironment.Read()).ListHosts().Where(h => h != "docker.io"), []);
        return folder is null
            ? hosts.Select(h => (h + "/", "A registry that docker has a login for"))
            : hosts.Select(h => $"{h}/{folder}:latest").Prepend($"{folder}:latest").Select(n => (n, "The name of the build context"));
    }

    private static string? FolderOf(IDictionary parameters)
    {
        var path = Path.TrimEndingDirectorySeparator(CompletionSession.Resolve(parameters["Path"]?.ToString() ?? "."));
        var name = UnfitPattern().Replace(Path.GetFileName(path).ToLowerInvariant(), "-").Trim('-', '.', '_');
        return name.Length == 0 ? null : name;
    }

    [GeneratedRegex(@"(-(t|tag|reference|source|destination)[ :]+|Get-BuildxImageManifest +|Copy-BuildxImage +)(?<names>[^-\s|;&][^\s|;&]*)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex NamePattern();

    [GeneratedRegex("[^a-z0-9._-]+")]
    private static partial Regex UnfitPattern();
}
