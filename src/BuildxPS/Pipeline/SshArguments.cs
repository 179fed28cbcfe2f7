using System.Collections;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for SSH agents: docker's text form, hashtables and <see cref="SshSpec"/> objects.</summary>
internal static class SshArguments
{
    /// <summary>Reads the arguments.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The agents, their paths as written.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SshInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<SshSpec> Read(IEnumerable<object?> arguments) => [.. Rejoin(arguments).Select(ReadOne)];

    /// <summary>Makes an agent's paths absolute.</summary>
    /// <param name="ssh">The agent.</param>
    /// <param name="resolve">Makes a path of the file system absolute.</param>
    /// <returns>The agent; a pipe of Windows is no path of the file system, and stays as it is.</returns>
    public static SshSpec Resolve(SshSpec ssh, Func<string, string> resolve)
        => ssh with { Paths = [.. ssh.Paths.Select(p => OperatingSystem.IsWindows() && p is ['\\' or '/', '\\' or '/', ..] ? p : resolve(p))] };

    private static SshSpec ReadOne(object? argument) => argument switch
    {
        SshSpec ssh => ssh,
        string text => SshSpec.Parse(text),
        IDictionary table => ReadTable(table),
        var other => throw SshSpec.Invalid($"A value of type {other?.GetType().Name ?? "null"} is not an SSH agent"),
    };

    private static SshSpec ReadTable(IDictionary table)
    {
        string? id = null;
        IReadOnlyList<string> paths = [];
        foreach (DictionaryEntry entry in table)
        {
            var value = PairArguments.Unwrap(entry.Value);
            switch (entry.Key.ToString()?.ToLowerInvariant())
            {
                case "id":
                    id = value as string ?? throw SshSpec.Invalid("The id of an SSH agent is not text");
                    break;
                case "path" or "paths":
                    paths = [.. (value is IEnumerable list and not string ? list.Cast<object?>() : [value]).Select(PathOf)];
                    break;
                default:
                    throw SshSpec.Invalid($"An SSH agent's hashtable has the key '{DisplayText.Line(entry.Key.ToString() ?? "")}', which is not known");
            }
        }

        return paths is [""] ? throw SshSpec.Invalid("The path of an SSH agent is empty") : SshSpec.From(id, paths);
    }

    private static string PathOf(object? value) => PairArguments.Unwrap(value) switch
    {
        string path => path,
        FileSystemInfo file => file.FullName,
        var other => throw SshSpec.Invalid($"A value of type {other?.GetType().Name ?? "null"} is not the path of a socket or key"),
    };

    /// <summary>
    /// Without quotes PowerShell reads <c>default=a.key,./b.key</c> as a list of two words; this makes it one agent again. Only
    /// a word that looks like a path is taken for one: any other is an id.
    /// </summary>
    private static List<object?> Rejoin(IEnumerable<object?> arguments)
    {
        var result = new List<object?>();
        foreach (var argument in arguments.Select(PairArguments.Unwrap))
        {
            if (argument is string word && !word.Contains('=', StringComparison.Ordinal) && word.AsSpan().IndexOfAny('/', '\\') >= 0
                && result is [.., string before] && before.Contains('=', StringComparison.Ordinal))
            {
                result[^1] = $"{before},{word}";
            }
            else
            {
                result.Add(argument);
            }
        }

        return result;
    }
}
