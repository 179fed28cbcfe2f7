using System.Collections;
using System.Management.Automation;

namespace BuildxPS.Completion;

/// <summary>The lines of the Dockerfile that would be built, for completers.</summary>
internal static class DockerfileLines
{
    private const int MaxLines = 20_000;
    private const int MaxLength = 4096;

    /// <summary>Reads the lines.</summary>
    /// <param name="parameters">What was typed of the command so far.</param>
    /// <returns>The lines, as many as a person could have written.</returns>
    /// <exception cref="IOException">There is no such file, for example.</exception>
    public static IEnumerable<string> Read(IDictionary parameters)
    {
        if (parameters["DockerfileContent"] is { } content)
        {
            return LanguagePrimitives.ConvertTo<string[]>(content).SelectMany(l => l.Split('\n')).Where(IsOfAPerson);
        }

        var file = (parameters["File"] ?? parameters["f"] ?? parameters["Dockerfile"])?.ToString();
        var path = CompletionSession.Resolve(file ?? Path.Combine(parameters["Path"]?.ToString() ?? ".", "Dockerfile"));
        // A pipe has no length, and would let the prompt wait for whoever writes to it.
        return new FileInfo(path).Length == 0 ? [] : File.ReadLines(path).Take(MaxLines).Where(IsOfAPerson);
    }

    // A longer one would keep the prompt waiting for the patterns that are looked for.
    private static bool IsOfAPerson(string line) => line.Length <= MaxLength;
}
