using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace BuildxPS;

/// <summary>
/// A name for an image, as the distribution project defines it: <c>[host[:port]/]path[:tag][@digest]</c>, with
/// <c>docker.io</c>, <c>library/</c> and <c>latest</c> filled in where they are left out.
/// </summary>
public sealed partial record ImageReference
{
    private const int MaxRepositoryLength = 255;

    /// <summary>The registry's host, with its port if one was given: <c>docker.io</c>, <c>localhost:5000</c>.</summary>
    public required string Registry { get; init; }

    /// <summary>The repository's path in the registry: <c>library/alpine</c>.</summary>
    public required string Repository { get; init; }

    /// <summary>The tag; null only where a digest stands alone.</summary>
    public string? Tag { get; init; }

    /// <summary>The digest, for example <c>sha256:…</c>; null where none was given.</summary>
    public string? Digest { get; init; }

    /// <summary>Registry and repository, without tag and digest.</summary>
    public string Name => Registry + "/" + Repository;

    /// <summary>The short form that a person would type: without <c>docker.io/library/</c>.</summary>
    public string FamiliarName
    {
        get
        {
            var name = Registry != "docker.io" ? Name
                : Repository.StartsWith("library/", StringComparison.Ordinal) ? Repository["library/".Length..]
                : Repository;
            return name + Suffix;
        }
    }

    private string Suffix => (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);

    /// <summary>Reads a reference.</summary>
    /// <param name="text">For example <c>alpine</c>, <c>localhost:5000/app:1</c>.</param>
    /// <returns>The reference with everything filled in.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.TagInvalid"/>, naming the part that is wrong.</exception>
    public static ImageReference Parse(string text)
        => TryParse(text, out var reference, out var problem)
            ? reference
            : throw new BuildxException(
                BuildxFailure.TagInvalid,
                $"'{text}' is not an image reference: {problem}.",
                "Write an image reference as [registry[:port]/]repository[:tag], with a repository in lower case, for example registry.local:5000/team/app:1.0.");

    /// <summary>Reads a reference, or says what is wrong with it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="reference">The reference with everything filled in.</param>
    /// <param name="problem">What is wrong, naming the part.</param>
    /// <returns>Whether the text is a reference.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ImageReference? reference, [NotNullWhen(false)] out string? problem)
    {
        reference = null;
        var rest = text ?? "";
        string? digest = null;
        if (rest.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at)
        {
            digest = rest[(at + 1)..];
            rest = rest[..at];
        }

        string? tag = null;
        var colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf('/'))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
        }

        var (registry, repository) = SplitRegistry(rest);
        problem = FindProblem(registry, repository, tag, digest);
        if (problem is not null)
        {
            return false;
        }

        reference = new ImageReference { Registry = registry, Repository = repository, Tag = tag ?? (digest is null ? "latest" : null), Digest = digest };
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Name + Suffix;

    private static (string Registry, string Repository) SplitRegistry(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : name[..slash];
        var isHost = first == "localhost" || first.AsSpan().IndexOfAny('.', ':') >= 0 || first.Any(char.IsAsciiLetterUpper);
        var (registry, repository) = isHost ? (first, name[(slash + 1)..]) : ("docker.io", name);
        registry = registry == "index.docker.io" ? "docker.io" : registry;
        return registry == "docker.io" && repository.Length > 0 && !repository.Contains('/', StringComparison.Ordinal)
            ? (registry, "library/" + repository)
            : (registry, repository);
    }

    private static string? FindProblem(string registry, string repository, string? tag, string? digest) => 0 switch
    {
        _ when repository.Length == 0 => "the repository is empty",
        _ when !RegistryPattern().IsMatch(registry) => $"the registry '{registry}' is not a host name",
        _ when repository.Any(char.IsAsciiLetterUpper) => $"the repository '{repository}' must be in lower case",
        _ when !RepositoryPattern().IsMatch(repository) => $"the repository '{repository}' has a part that is not allowed",
        _ when registry.Length + 1 + repository.Length > MaxRepositoryLength => $"the name is longer than {MaxRepositoryLength} characters",
        _ when tag is not null && !TagPattern().IsMatch(tag) => $"the tag '{tag}' is not allowed (letters, digits, '_', '.', '-', at most 128, not starting with '.' or '-')",
        _ when digest is not null && !DigestPattern().IsMatch(digest) => $"the digest '{digest}' is not algorithm:hex",
        _ => null,
    };

    [GeneratedRegex(@"^(([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[a-fA-F0-9:]+\])(:[0-9]+)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex RegistryPattern();

    [GeneratedRegex(@"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex RepositoryPattern();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex TagPattern();

    [GeneratedRegex(@"^(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex DigestPattern();
}
