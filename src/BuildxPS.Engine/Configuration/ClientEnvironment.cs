namespace BuildxPS.Engine.Configuration;

/// <summary>
/// What a client takes from its surroundings, read once: the engine never asks the process itself, so that tests and
/// runspaces do not disturb each other.
/// </summary>
public sealed record ClientEnvironment
{
    /// <summary>Environment variables; names are compared as the operating system does.</summary>
    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>The user's home folder.</summary>
    public required string HomeDirectory { get; init; }

    /// <summary>Whether Windows rules hold (default sockets, paths).</summary>
    public bool IsWindows { get; init; }

    /// <summary>Reads this process's surroundings as they are now.</summary>
    /// <returns>A snapshot.</returns>
    public static ClientEnvironment Read()
    {
        var variables = new Dictionary<string, string>(
            OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return new ClientEnvironment
        {
            Variables = variables,
            HomeDirectory = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
            IsWindows = OperatingSystem.IsWindows(),
        };
    }

    /// <summary>A variable's value.</summary>
    /// <param name="name">The variable's name.</param>
    /// <returns>Null where it is unset <em>or empty</em>, which docker treats alike.</returns>
    public string? this[string name] => Variables.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
