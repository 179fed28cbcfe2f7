using System.Globalization;

namespace BuildxPS;

/// <summary>A limit of the processes that steps run: docker's <c>--ulimit</c>, see setrlimit(2).</summary>
public sealed record UlimitSpec
{
    private const string Forms = "Write a limit as 'nofile=1024' or 'nofile=1024:2048' (soft:hard, -1 for no limit), or as a hashtable (@{ nofile = '1024:2048' }).";

    private static readonly string[] s_names =
    [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
    ];

    /// <summary>What is limited, for example <c>nofile</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The limit that a process starts with; -1 for none.</summary>
    public long Soft { get; init; }

    /// <summary>The limit up to which a process may raise its own; -1 for none.</summary>
    public long Hard { get; init; }

    /// <summary>Reads docker's text form.</summary>
    /// <param name="text"><c>NAME=SOFT[:HARD]</c>.</param>
    /// <returns>The limit.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static UlimitSpec Parse(string text)
    {
        var equals = text?.IndexOf('=', StringComparison.Ordinal) ?? -1;
        return equals < 0 ? throw Invalid($"'{text}' is not a limit: it has no '='") : From(text![..equals], text[(equals + 1)..]);
    }

    /// <summary>Makes a limit of its name and its values.</summary>
    /// <param name="name">For example <c>nofile</c>.</param>
    /// <param name="limits"><c>SOFT[:HARD]</c>.</param>
    /// <returns>The limit.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static UlimitSpec From(string name, string limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (!s_names.Contains(name, StringComparer.Ordinal))
        {
            throw Invalid($"'{name}' is not a limit's name: there are {string.Join(", ", s_names)}");
        }

        var parts = limits.Split(':');
        if (parts.Length > 2)
        {
            throw Invalid($"The limit {name}={limits} has more than two values");
        }

        var values = parts.Select(p => long.TryParse(p, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= -1
            ? value
            : throw Invalid($"The value '{p}' of the limit {name} is not a number")).ToList();
        var (soft, hard) = (values[0], values[^1]);
        return hard != -1 && (soft == -1 || soft > hard)
            ? throw Invalid($"The limit {name}={limits} has a soft limit above its hard one")
            : new UlimitSpec { Name = name, Soft = soft, Hard = hard };
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Name}={Soft}:{Hard}");

    private static BuildxException Invalid(string problem) => new(BuildxFailure.ArgumentInvalid, problem + ".", Forms);
}
