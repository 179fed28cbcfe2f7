using System.Text.RegularExpressions;

namespace BuildxPS;

/// <summary>What a named build context is.</summary>
public enum BuildContextKind
{
    /// <summary>A folder of this machine.</summary>
    Folder,

    /// <summary>An image that the engine pulls: <c>docker-image://</c>.</summary>
    Image,

    /// <summary>An image in an OCI layout folder of this machine: <c>oci-layout://</c>.</summary>
    Layout,

    /// <summary>A git repository or an http address, which the engine fetches.</summary>
    Address,
}

/// <summary>
/// One more build context beside the main one, under a name that <c>FROM</c>, <c>COPY --from</c> and <c>--mount=from</c> can
/// use: docker's <c>--build-context</c>.
/// </summary>
public sealed partial record BuildContextSpec
{
    private const string ImagePrefix = "docker-image://";
    private const string LayoutPrefix = "oci-layout://";
    private const string Forms = "Write a build context as a hashtable (@{ name = 'folder' }) or as text ('name=folder'); besides a folder it may be docker-image://REFERENCE, oci-layout://FOLDER[:TAG][@DIGEST], or an address of git or http.";

    /// <summary>The name, in its short form and without <c>:latest</c>, as frontends look it up.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required BuildContextKind Kind { get; init; }

    /// <summary>The folder, or the address as it was written (with <c>docker-image://</c> for an image).</summary>
    public required string Location { get; init; }

    /// <summary>The tag in a layout; null where none was given.</summary>
    public string? Tag { get; init; }

    /// <summary>The digest in a layout; null where none was given.</summary>
    public string? Digest { get; init; }

    /// <summary>Reads a name and what it stands for.</summary>
    /// <param name="name">The name: an image reference, for example <c>base</c> or <c>alpine:3.20</c>.</param>
    /// <param name="value">For example <c>../shared</c> or <c>oci-layout://images:v1</c>.</param>
    /// <returns>The context.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, or <see cref="BuildxFailure.NotImplemented"/> for another target of a bake file.</exception>
    public static BuildContextSpec Parse(string name, string value)
    {
        var familiar = ParseName(name);
        if (string.IsNullOrWhiteSpace(value))
        {
            throw Invalid($"The build context '{name}' stands for nothing");
        }

        if (value.StartsWith("target:", StringComparison.Ordinal))
        {
            throw new BuildxException(
                BuildxFailure.NotImplemented,
                $"The build context '{name}={value}' is another target of a bake file, which is not built yet.",
                "Build that target first, push it or write it as an OCI layout, and name the image as docker-image:// or oci-layout://.");
        }

        if (value.StartsWith(LayoutPrefix, StringComparison.Ordinal))
        {
            return ParseLayout(familiar, value[LayoutPrefix.Length..], value);
        }

        var kind = value.StartsWith(ImagePrefix, StringComparison.Ordinal) ? BuildContextKind.Image
            : BuildAddress.IsAddress(value) ? BuildContextKind.Address
            : UnknownScheme().IsMatch(value) ? throw Invalid($"The build context '{name}={BuildAddress.Hide(value)}' is of a kind that is not known")
            : BuildContextKind.Folder;
        if (kind == BuildContextKind.Address)
        {
            _ = BuildAddress.Parse(value, $"The build context '{name}' at");
        }

        return new BuildContextSpec { Name = familiar, Kind = kind, Location = value };
    }

    /// <inheritdoc/>
    public override string ToString()
        => $"{Name}={(Kind == BuildContextKind.Layout ? LayoutPrefix : "")}{Location}{(Tag is null ? "" : ":" + Tag)}{(Digest is null ? "" : "@" + Digest)}";

    private static string ParseName(string name)
    {
        if (!ImageReference.TryParse(name, out var reference, out var problem))
        {
            throw Invalid($"'{name}' cannot be the name of a build context: {problem}");
        }

        return reference is { Tag: "latest", Digest: null } ? (reference with { Tag = null }).FamiliarName : reference.FamiliarName;
    }

    private static BuildContextSpec ParseLayout(string name, string path, string source)
    {
        string? tag = null;
        string? digest = null;
        if (DigestSuffix().Match(path) is { Success: true } digested)
        {
            digest = digested.Groups["digest"].Value;
            path = path[..digested.Index];
        }

        // The colon of 'C:\layout' begins no tag: what follows it is none.
        if (TagSuffix().Match(path) is { Success: true } tagged)
        {
            tag = tagged.Groups["tag"].Value;
            path = path[..tagged.Index];
        }

        return path.Length == 0
            ? throw Invalid($"The build context '{name}={source}' names no folder")
            : new BuildContextSpec { Name = name, Kind = BuildContextKind.Layout, Location = path, Tag = tag, Digest = digest };
    }

    private static BuildxException Invalid(string problem) => new(BuildxFailure.ArgumentInvalid, problem + ".", Forms);

    [GeneratedRegex("^[a-zA-Z][a-zA-Z0-9+.-]+://")]
    private static partial Regex UnknownScheme();

    [GeneratedRegex(@"@(?<digest>[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex DigestSuffix();

    [GeneratedRegex(@":(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex TagSuffix();
}
