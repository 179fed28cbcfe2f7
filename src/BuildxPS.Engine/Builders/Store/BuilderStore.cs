using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>
/// The folder in which buildx keeps its builders, read in buildx's own format. Single files are replaced as a whole, so
/// reading needs no lock; changing takes <see cref="LockAsync"/>.
/// </summary>
internal sealed class BuilderStore
{
    private const int MaxBuilders = 10_000;
    private const int MaxNodes = 1000;
    private const int MaxSmallFile = 4096;

    private static readonly TimeSpan s_lockLimit = TimeSpan.FromSeconds(60);

    /// <summary>Opens the store. Nothing is read or made.</summary>
    /// <param name="environment">Where this client runs.</param>
    public BuilderStore(ClientEnvironment environment)
        => Folder = Path.GetFullPath(environment["BUILDX_CONFIG"] ?? Path.Combine(DockerConfiguration.FolderOf(environment), "buildx"));

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The user's own default for config files of new builders.</summary>
    public string DefaultConfigFile => Path.Combine(Folder, "buildkitd.default.toml");

    private string Instances => Path.Combine(Folder, "instances");

    /// <summary>Waits for the turn to change something.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The turn, which ends when it is disposed.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.TimedOut"/> or <see cref="BuildxFailure.StoreInvalid"/>.</exception>
    public async Task<StoreTurn> LockAsync(CancellationToken cancellationToken)
    {
        foreach (var folder in (string[])["", "instances", "defaults", "activity"])
        {
            MakeFolder(Path.Combine(Folder, folder));
        }

        return new StoreTurn(this, await StoreLock.TakeAsync(Path.Combine(Folder, ".lock"), s_lockLimit, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Finds a builder.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>Null where there is none; otherwise it or the reason why its file cannot be used.</returns>
    public StoredBuilder? Find(string name)
    {
        if (!BuilderName.IsValid(name))
        {
            return null;
        }

        try
        {
            return Read(name.ToLowerInvariant());
        }
        catch (BuildxException e)
        {
            return new StoredBuilder { Name = name, Failure = e };
        }
    }

    /// <summary>All builders, by name; those whose file cannot be used carry the reason.</summary>
    /// <returns>The builders.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.StoreInvalid"/> where the folder cannot be listed.</exception>
    public IReadOnlyList<StoredBuilder> List()
    {
        List<string> files;
        try
        {
            // What is not a name is what a writer left that was interrupted; buildx's ls fails on it.
            files = [.. new DirectoryInfo(Instances).EnumerateFiles().Select(f => f.Name).Where(BuilderName.IsValid).Take(MaxBuilders)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreFailures.Invalid(Instances, $"it cannot be read: {e.Message}", e);
        }

        var builders = files.Select(Find).OfType<StoredBuilder>().ToList();
        builders.Sort((x, y) => string.CompareOrdinal(x.Name, y.Name));
        return builders;
    }

    /// <summary>Notes a builder as used now. That is worth no lock, and no failure of what it is used for.</summary>
    /// <param name="name">Its name.</param>
    public void Touch(string name)
    {
        try
        {
            WriteActivity(name);
        }
        catch (BuildxException)
        {
            // A folder that is only readable must not keep anybody from building.
        }
    }

    /// <summary>
    /// The builder that is current under a context. Unlike buildx, which forgets a choice as soon as it is asked under
    /// another context, asking changes nothing.
    /// </summary>
    /// <param name="key">The context's name, or the address of the context <c>default</c>.</param>
    /// <returns>Null for the context's own.</returns>
    public StoredBuilder? Current(string key)
    {
        var current = ReadCurrent();
        if (current is { Name: { Length: > 0 }, Global: true } && Find(current.Name) is { } everywhere)
        {
            return everywhere;
        }

        if (current is { Name.Length: > 0 } && current.Key == key)
        {
            return Find(current.Name);
        }

        return ReadText(DefaultFile(key)) is { } name ? Find(name) : null;
    }

    /// <summary>The file that holds a context's default builder.</summary>
    /// <param name="key">The context's name, or the address of the context <c>default</c>.</param>
    /// <returns>The path.</returns>
    internal string DefaultFile(string key)
        => Path.Combine(Folder, "defaults", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..20]);

    /// <summary>The file that holds a builder.</summary>
    /// <param name="name">A name that was checked.</param>
    /// <returns>The path.</returns>
    internal string InstanceFile(string name) => Path.Combine(Instances, name.ToLowerInvariant());

    /// <summary>The file that holds the time of a builder's last use.</summary>
    /// <param name="name">A name that was checked, in the case in which it was typed.</param>
    /// <returns>The path.</returns>
    internal string ActivityFile(string name) => Path.Combine(Folder, "activity", name);

    /// <summary>Writes the time of a builder's last use.</summary>
    /// <param name="name">Its name.</param>
    internal void WriteActivity(string name)
        => AtomicFile.Write(
            ActivityFile(BuilderName.Check(name, "builder")),
            Encoding.ASCII.GetBytes(DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));

    private CurrentBuilder? ReadCurrent()
    {
        var file = Path.Combine(Folder, "current");
        try
        {
            return JsonFile.Read(file, StoreJson.Default.CurrentBuilder);
        }
        catch (BuildxException e)
        {
            throw StoreFailures.Invalid(file, "it is not the JSON that buildx writes there", e);
        }
    }

    private StoredBuilder? Read(string fileName)
    {
        var path = Path.Combine(Instances, fileName);
        BuilderInstance? instance;
        try
        {
            instance = JsonFile.Read(path, StoreJson.Default.BuilderInstance);
        }
        catch (BuildxException e)
        {
            throw StoreFailures.Invalid(path, ReasonOf(e), e);
        }

        if (instance is null)
        {
            return null;
        }

        instance = Complete(instance);
        Check(instance, path, fileName);
        return new StoredBuilder { Name = instance.Name, Instance = instance, LastActivity = ReadActivity(instance.Name) };
    }

    // The reader leaves null where the file says nothing.
    private static BuilderInstance Complete(BuilderInstance instance) => instance with
    {
        Name = instance.Name ?? "",
        Driver = instance.Driver ?? "",
        Nodes = instance.Nodes is null ? null : [.. instance.Nodes.Select(n => n is null ? n! : n with { Name = n.Name ?? "", Endpoint = n.Endpoint ?? "" })],
    };

    private static void Check(BuilderInstance instance, string path, string fileName)
    {
        if (!BuilderName.IsValid(instance.Name) || !instance.Name.Equals(fileName, StringComparison.OrdinalIgnoreCase))
        {
            throw StoreFailures.Invalid(path, $"it names the builder '{DisplayText.Line(instance.Name)}', which does not belong into this file");
        }

        var nodes = instance.Nodes ?? [];
        if (nodes.Count > MaxNodes)
        {
            throw StoreFailures.Invalid(path, FormattableString.Invariant($"it has more than {MaxNodes} nodes"));
        }

        foreach (var node in nodes)
        {
            if (node is null || !BuilderName.IsValid(node.Name))
            {
                throw StoreFailures.Invalid(path, $"'{DisplayText.Line(node?.Name ?? "null")}' cannot be a node's name");
            }

            if (node.Files?.Keys.FirstOrDefault(f => !IsPlainPath(f)) is { } file)
            {
                throw StoreFailures.Invalid(path, $"the node '{node.Name}' has a file '{DisplayText.Line(file)}', which is no path below /etc/buildkit");
            }

            if ((node.Flags?.Contains(null!) ?? false) || (node.DriverOptions?.ContainsValue(null!) ?? false) || (node.Files?.ContainsValue(null!) ?? false)
                || (node.Platforms?.Contains(null!) ?? false))
            {
                throw StoreFailures.Invalid(path, $"the node '{node.Name}' has null in a list");
            }
        }
    }

    private static bool IsPlainPath(string path)
        => path.Length is > 0 and <= 1000
            && !path.Any(c => char.IsControl(c) || c == '\\')
            && path.Split('/').All(part => part is not ("" or "." or ".."));

    private static string ReasonOf(BuildxException e)
    {
        const string Marker = " cannot be used: ";
        var start = e.Message.IndexOf(Marker, StringComparison.Ordinal);
        return start < 0 ? e.Message : e.Message[(start + Marker.Length)..].TrimEnd('.');
    }

    private DateTimeOffset? ReadActivity(string name)
        => DateTimeOffset.TryParse(ReadText(ActivityFile(name)), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    private static string? ReadText(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[MaxSmallFile];
            return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It only adds to what is known; what must be readable is read elsewhere.
            return null;
        }
    }

    private static void MakeFolder(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreFailures.NotWritable(path, e);
        }
    }
}
