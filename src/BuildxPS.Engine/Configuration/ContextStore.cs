using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Configuration;

/// <summary>The docker contexts in docker's configuration folder. It is only read, never written.</summary>
internal sealed partial class ContextStore(string configFolder)
{
    private const int MaxContexts = 10_000;

    private readonly string _meta = Path.Combine(configFolder, "contexts", "meta");
    private readonly string _tls = Path.Combine(configFolder, "contexts", "tls");

    /// <summary>Whether a text can be a context's name.</summary>
    /// <param name="name">The text.</param>
    /// <returns>False for what docker would not take, such as anything like a path.</returns>
    public static bool IsName(string name) => NamePattern().IsMatch(name) && name != "default";

    /// <summary>Finds a context.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null where there is none of that name.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>.</exception>
    public StoredContext? Find(string name) => IsName(name) ? Read(FolderName(name), name) : null;

    /// <summary>All contexts, by name; one that cannot be read carries the reason.</summary>
    /// <returns>The contexts, without <c>default</c>.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> where the folder cannot be listed.</exception>
    public IReadOnlyList<StoredContext> List()
    {
        var contexts = new List<StoredContext>();
        try
        {
            foreach (var folder in new DirectoryInfo(_meta).EnumerateDirectories().Take(MaxContexts))
            {
                if (TryRead(folder.Name) is { } context)
                {
                    contexts.Add(context);
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw JsonFile.Invalid(_meta, $"it cannot be read: {e.Message}", e);
        }

        contexts.Sort((x, y) => string.CompareOrdinal(x.Name, y.Name));
        return contexts;
    }

    private StoredContext? TryRead(string folder)
    {
        try
        {
            return Read(folder, expectedName: null);
        }
        catch (BuildxException e)
        {
            // It has no name that could be trusted, so it is shown under its folder's.
            return new StoredContext { Name = folder.Length > 12 ? folder[..12] : folder, Failure = e };
        }
    }

    private StoredContext? Read(string folder, string? expectedName)
    {
        var file = Path.Combine(_meta, folder, "meta.json");
        if (JsonFile.Read(file, ConfigurationJson.Default.ContextMetaJson) is not { } meta)
        {
            return null;
        }

        if (meta.Name is not { } name || !IsName(name) || FolderName(name) != folder || (expectedName ?? name) != name)
        {
            throw JsonFile.Invalid(file, $"it names the context '{DisplayText.Line(meta.Name ?? "")}', which does not belong into this folder", null);
        }

        var endpoint = meta.Endpoints?.GetValueOrDefault("docker");
        return new StoredContext
        {
            Name = name,
            Description = DisplayText.Line(meta.Metadata?.Description ?? ""),
            Host = endpoint?.Host ?? "",
            Tls = TlsOf(Path.Combine(_tls, folder, "docker"), endpoint?.SkipTlsVerify ?? false),
            Failure = string.IsNullOrEmpty(endpoint?.Host) ? JsonFile.Invalid(file, $"the context '{name}' has no docker endpoint", null) : null,
        };
    }

    private static TlsMaterial? TlsOf(string folder, bool skipVerification)
    {
        var authority = Path.Combine(folder, "ca.pem");
        var certificate = Path.Combine(folder, "cert.pem");
        var key = Path.Combine(folder, "key.pem");
        var hasAuthority = File.Exists(authority);
        var hasCertificate = File.Exists(certificate) || File.Exists(key);
        return !hasAuthority && !hasCertificate && !skipVerification ? null : new TlsMaterial
        {
            AuthorityFile = hasAuthority ? authority : null,
            CertificateFile = hasCertificate ? certificate : null,
            KeyFile = hasCertificate ? key : null,
            SkipVerification = skipVerification,
        };
    }

    private static string FolderName(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    [GeneratedRegex(@"\A[a-zA-Z0-9][a-zA-Z0-9_.+-]+\z")]
    private static partial Regex NamePattern();
}

/// <summary>A context as it is stored.</summary>
internal sealed record StoredContext
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What its maker wrote about it.</summary>
    public string Description { get; init; } = "";

    /// <summary>The engine's address; empty where it has none.</summary>
    public string Host { get; init; } = "";

    /// <summary>Certificates; null where it has none.</summary>
    public TlsMaterial? Tls { get; init; }

    /// <summary>Why it cannot be used; null if it can.</summary>
    public BuildxException? Failure { get; init; }
}
