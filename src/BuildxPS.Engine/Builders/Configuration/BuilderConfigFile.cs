using System.Text;
using System.Text.RegularExpressions;
using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Parsing;

namespace BuildxPS.Engine.Builders.Configuration;

/// <summary>
/// A config file for a builder's buildkitd, made ready for its container: checked, and the certificates that it names
/// taken along under the paths that they have there.
/// </summary>
internal sealed partial class BuilderConfigFile
{
    /// <summary>The file's name in the container's folder, and in the store.</summary>
    public const string FileName = "buildkitd.toml";

    /// <summary>The folder of these files in the container.</summary>
    public const string ContainerFolder = "/etc/buildkit/";

    private const int MaxBytes = 1 << 20;

    private BuilderConfigFile(SortedDictionary<string, byte[]> files, bool grantsNetworkHost, IReadOnlyList<string> warnings)
    {
        Files = files;
        GrantsNetworkHost = grantsNetworkHost;
        Warnings = warnings;
    }

    /// <summary>Contents by path below <c>/etc/buildkit</c>.</summary>
    public SortedDictionary<string, byte[]> Files { get; }

    /// <summary>Whether <c>insecure-entitlements</c> lists <c>network.host</c>.</summary>
    public bool GrantsNetworkHost { get; }

    /// <summary>What buildkitd will not read.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Reads a config file.</summary>
    /// <param name="path">The file, absolute. Paths in it are relative to its folder.</param>
    /// <param name="settings">What the user says besides; null for nothing.</param>
    /// <returns>The files for the container.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigFileInvalid"/>, with line and column where it is no TOML.</exception>
    public static BuilderConfigFile Read(string path, RegistrySettings? settings = null)
        => Parse(Encoding.UTF8.GetString(ReadBounded(path, path, "the config file")), path, Path.GetDirectoryName(path)!, settings);

    /// <summary>Takes a config that is no file.</summary>
    /// <param name="text">The TOML.</param>
    /// <param name="source">What it is, for messages.</param>
    /// <param name="folder">What relative paths in it are relative to.</param>
    /// <param name="settings">What the user says besides; null for nothing.</param>
    /// <param name="kept">Files that a stored config names by their paths in the container; null for none.</param>
    /// <returns>The files for the container.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigFileInvalid"/>.</exception>
    public static BuilderConfigFile Parse(
        string text, string source, string folder, RegistrySettings? settings = null, IReadOnlyDictionary<string, byte[]>? kept = null)
    {
        var table = Deserialize(text.TrimStart('\uFEFF'), source);
        var unknown = new List<string>();
        if (ConfigSchema.Root.Check(table, "", unknown) is { } problem)
        {
            throw Invalid(source, problem);
        }

        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var isChanged = settings?.Apply(table) ?? false;
        isChanged |= TakeCertificates(table, files, source, folder, kept ?? new Dictionary<string, byte[]>());
        files[FileName] = Encoding.UTF8.GetBytes(isChanged ? TomlSerializer.Serialize(table) : text);
        return new BuilderConfigFile(
            files,
            Find(table, "insecure-entitlements") is TomlArray entitlements && entitlements.Contains("network.host"),
            [.. unknown.Select(key => $"BuildKit does not know the key {key} in {source}, and passes over it.")]);
    }

    private static TomlTable Deserialize(string text, string source)
    {
        try
        {
            // Only this parser finds keys that are there twice.
            var document = SyntaxParser.Parse(text, source, true);
            if (document.Diagnostics.FirstOrDefault(d => d.Kind == Tomlyn.Syntax.DiagnosticMessageKind.Error) is { } error)
            {
                throw NoToml(source, error.Span.Start.Line + 1, error.Span.Start.Column + 1, error.Message);
            }

            return TomlSerializer.Deserialize<TomlTable>(text) ?? [];
        }
        catch (TomlException e)
        {
            throw NoToml(source, e.Line ?? 1, e.Column ?? 1, e.Message);
        }
    }

    private static bool TakeCertificates(
        TomlTable table, SortedDictionary<string, byte[]> files, string source, string folder, IReadOnlyDictionary<string, byte[]> kept)
    {
        var isChanged = false;
        foreach (var (registry, value) in Find(table, "registry") as TomlTable ?? [])
        {
            var settings = (TomlTable)value;
            var target = $"certs/{NotInFolder().Replace(registry, "_")}/";
            if (Find(settings, "ca") is TomlArray authorities)
            {
                for (var i = 0; i < authorities.Count; i++)
                {
                    authorities[i] = Take((string)authorities[i]!, "the CA file");
                }
            }

            foreach (var pair in Find(settings, "keypair") as IEnumerable<object?> ?? [])
            {
                foreach (var key in ((TomlTable)pair!).Keys.ToList())
                {
                    ((TomlTable)pair)[key] = Take((string)((TomlTable)pair)[key], $"the {key.ToLowerInvariant()} file");
                }
            }

            string Take(string file, string what)
            {
                if (file.StartsWith(ContainerFolder, StringComparison.Ordinal) && kept.TryGetValue(file[ContainerFolder.Length..], out var known))
                {
                    files[file[ContainerFolder.Length..]] = known;
                    return file;
                }

                isChanged = true;
                var content = ReadBounded(Path.Combine(folder, file), source, $"{what} of the registry '{registry}'");
                var path = target + Path.GetFileName(file);
                if (files.TryGetValue(path, out var other) && !other.AsSpan().SequenceEqual(content))
                {
                    throw Invalid(source, $"two different files of the registry '{registry}' are called {Path.GetFileName(file)}, and only one can be in the container");
                }

                files[path] = content;
                return ContainerFolder + path;
            }
        }

        return isChanged;
    }

    private static object? Find(TomlTable table, string key)
        => table.FirstOrDefault(p => p.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Value;

    private static byte[] ReadBounded(string path, string source, string what)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[(int)Math.Min(MaxBytes + 1, Math.Max(file.CanSeek ? file.Length + 1 : MaxBytes + 1, 1))];
            var count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return count <= MaxBytes ? bytes[..count] : throw Invalid(source, $"{what} {path} is larger than 1 MiB");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            var reason = e is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : $"cannot be read: {DisplayText.Line(e.Message)}";
            throw Invalid(source, $"{what} {(path == source ? "" : DisplayText.Line(path) + " ")}{reason}", e);
        }
    }

    private static BuildxException NoToml(string source, int line, int column, string message)
    {
        var reason = message.Split('\n')[0];
        var marker = reason.IndexOf("error : ", StringComparison.Ordinal);
        return Invalid(source, FormattableString.Invariant($"line {line}, column {column}: {DisplayText.Line(marker < 0 ? reason : reason[(marker + 8)..])}").TrimEnd('.'));
    }

    private static BuildxException Invalid(string source, string reason, Exception? inner = null) => new(
        BuildxFailure.ConfigFileInvalid,
        $"The builder's config {DisplayText.Line(source)} cannot be used: {reason}.",
        "Correct it and try again; nothing was changed. The keys are described in BuildKit's documentation of buildkitd.toml.",
        inner);

    [GeneratedRegex("[^a-zA-Z0-9.-]+")]
    private static partial Regex NotInFolder();
}
