using System.Globalization;
using System.Net;

namespace BuildxPS;

/// <summary>A name that steps can resolve beside those of their network: docker's <c>--add-host</c>.</summary>
public sealed record HostSpec
{
    /// <summary>Stands for the address of the engine's host, with engines of docker daemons.</summary>
    public const string Gateway = "host-gateway";

    private const string Forms = "Write a host as 'name=address', with several addresses as 'name=1.2.3.4,::1', or as a hashtable (@{ name = '1.2.3.4' }); 'host-gateway' as an address is the docker host.";

    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>Its addresses, or <see cref="Gateway"/>.</summary>
    public required IReadOnlyList<string> Addresses { get; init => field = Indexable.From(value); }

    /// <summary>Reads docker's text form of one host.</summary>
    /// <param name="text"><c>NAME=ADDRESS</c> or <c>NAME:ADDRESS</c>.</param>
    /// <returns>The host.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static HostSpec Parse(string text)
        => ParseAll(text) is [var only] ? only : throw Invalid($"'{text}' names several hosts where one is expected");

    /// <summary>Reads docker's text form, in which several hosts may stand in a row; an address alone is one more of the host before it.</summary>
    /// <param name="text">For example <c>a=1.1.1.1,b=2.2.2.2</c>.</param>
    /// <returns>The hosts.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<HostSpec> ParseAll(string text)
    {
        if (string.IsNullOrWhiteSpace(text) || !CommaSeparated.TryRead(text, out var fields))
        {
            throw Invalid($"'{text}' is not a host: it is empty, or its quotes or commas do not fit");
        }

        var hosts = new List<HostSpec>();
        foreach (var field in fields)
        {
            if (hosts.Count > 0 && IsAddress(field))
            {
                hosts[^1] = hosts[^1] with { Addresses = [.. hosts[^1].Addresses, Address(field, hosts[^1].Name)] };
                continue;
            }

            var cut = field.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? equals : field.IndexOf(':', StringComparison.Ordinal);
            hosts.Add(cut < 0 ? throw Invalid($"'{field}' is not a host: it has no address") : From(field[..cut], field[(cut + 1)..]));
        }

        return hosts;
    }

    /// <summary>Makes a host of its name and addresses.</summary>
    /// <param name="name">The name.</param>
    /// <param name="addresses">Addresses with commas between them; those of IPv6 may stand in square brackets.</param>
    /// <returns>The host.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static HostSpec From(string name, string addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        return string.IsNullOrEmpty(name) || name.AsSpan().IndexOfAny(" ,=\t\n") >= 0
            ? throw Invalid($"The name '{name}' of a host is empty, or not one word")
            : new HostSpec { Name = name, Addresses = [.. addresses.Split(',').Select(a => Address(a, name))] };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}={string.Join(',', Addresses)}";

    private static string Address(string text, string name)
    {
        var bare = text is ['[', .. var inner, ']'] ? inner : text;
        return bare == Gateway || IsAddress(bare)
            ? bare
            : throw Invalid($"The address '{text}' of the host '{name}' is not an IP address");
    }

    /// <summary>Whether a text is an address as engines read it: all four numbers, and no zone.</summary>
    private static bool IsAddress(string text) => text.Contains(':', StringComparison.Ordinal)
        ? !text.Contains('%', StringComparison.Ordinal) && IPAddress.TryParse(text, out _)
        : text.Split('.') is { Length: 4 } numbers && numbers.All(n => byte.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number.ToString(CultureInfo.InvariantCulture) == n);

    private static BuildxException Invalid(string problem) => new(BuildxFailure.ArgumentInvalid, problem + ".", Forms);
}
