using System.Text.Json.Serialization;

namespace BuildxPS.Engine.Drivers;

/// <summary>What is asked to create an exec.</summary>
internal sealed record ExecCreateJson
{
    /// <summary>The command.</summary>
    public required IReadOnlyList<string> Cmd { get; init; }

    /// <summary>Whether we write to it.</summary>
    public bool AttachStdin { get; init; } = true;

    /// <summary>Whether we read its output.</summary>
    public bool AttachStdout { get; init; } = true;

    /// <summary>Whether we read its errors.</summary>
    public bool AttachStderr { get; init; } = true;
}

/// <summary>An exec that was created.</summary>
internal sealed record ExecCreatedJson
{
    /// <summary>Its id.</summary>
    public string? Id { get; init; }
}

/// <summary>How an exec stands.</summary>
internal sealed record ExecStateJson
{
    /// <summary>Whether it still runs.</summary>
    public bool Running { get; init; }

    /// <summary>How it ended.</summary>
    public int? ExitCode { get; init; }
}

/// <summary>What is read of a container.</summary>
internal sealed record ContainerJson
{
    /// <summary>How it stands.</summary>
    public ContainerStateJson? State { get; init; }

    /// <summary>How often the daemon started it again.</summary>
    public int RestartCount { get; init; }
}

/// <summary>How a container stands.</summary>
internal sealed record ContainerStateJson
{
    /// <summary>Whether its process is there.</summary>
    public bool Running { get; init; }

    /// <summary>Whether the daemon is about to start it again.</summary>
    public bool Restarting { get; init; }

    /// <summary>Whether it is frozen.</summary>
    public bool Paused { get; init; }

    /// <summary>The daemon's word for it.</summary>
    public string? Status { get; init; }

    /// <summary>How it ended.</summary>
    public int ExitCode { get; init; }

    /// <summary>Why it could not be started.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the kernel ended it for want of memory.</summary>
    public bool OOMKilled { get; init; }
}

/// <summary>Who pulls, as the daemon wants to be told.</summary>
internal sealed class PullLoginJson
{
    /// <summary>The user.</summary>
    [JsonPropertyName("username")]
    public string? Username { get; init; }

    /// <summary>The password.</summary>
    [JsonPropertyName("password")]
    public string? Password { get; init; }

    /// <summary>The registry.</summary>
    [JsonPropertyName("serveraddress")]
    public string? ServerAddress { get; init; }

    /// <summary>A token that stands for the password.</summary>
    [JsonPropertyName("identitytoken")]
    public string? IdentityToken { get; init; }

    /// <summary>A token that the registry takes as it is.</summary>
    [JsonPropertyName("registrytoken")]
    public string? RegistryToken { get; init; }
}

/// <summary>One line of what a pull or a push reports.</summary>
internal sealed record TransferJson
{
    /// <summary>The layer.</summary>
    public string? Id { get; init; }

    /// <summary>What happens to it.</summary>
    public string? Status { get; init; }

    /// <summary>How far it is.</summary>
    public PullProgressJson? ProgressDetail { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }

    /// <summary>What a push made.</summary>
    public PushedJson? Aux { get; init; }
}

/// <summary>What a registry has after a push.</summary>
internal sealed record PushedJson
{
    /// <summary>The manifest's digest.</summary>
    public string? Digest { get; init; }

    /// <summary>The manifest's bytes.</summary>
    public long Size { get; init; }
}

/// <summary>What is read of a registry's image.</summary>
internal sealed record DistributionJson
{
    /// <summary>Its manifest or index.</summary>
    public PushedJson? Descriptor { get; init; }
}

/// <summary>What is read of an image.</summary>
internal sealed record ImageJson
{
    /// <summary>Its id.</summary>
    public string? Id { get; init; }

    /// <summary>What its index holds, where that was asked for.</summary>
    public IReadOnlyList<ImagePartJson>? Manifests { get; init; }
}

/// <summary>One manifest of an index.</summary>
internal sealed record ImagePartJson
{
    /// <summary>Whether all of its content is there.</summary>
    public bool Available { get; init; }
}

/// <summary>How far a layer is.</summary>
internal sealed record PullProgressJson
{
    /// <summary>Bytes that are there.</summary>
    public long Current { get; init; }

    /// <summary>All bytes.</summary>
    public long Total { get; init; }
}

/// <summary>How the daemon's JSON is read and written.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(ExecCreateJson))]
[JsonSerializable(typeof(ExecCreatedJson))]
[JsonSerializable(typeof(ExecStateJson))]
[JsonSerializable(typeof(ContainerJson))]
[JsonSerializable(typeof(TransferJson))]
[JsonSerializable(typeof(DistributionJson))]
[JsonSerializable(typeof(ImageJson))]
[JsonSerializable(typeof(PullLoginJson))]
internal sealed partial class DockerJsonContext : JsonSerializerContext;
