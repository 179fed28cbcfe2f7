namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>What an output leaves on this client.</summary>
internal enum ClientOutput
{
    /// <summary>Nothing: the engine keeps it, or pushes it.</summary>
    None,

    /// <summary>One file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A folder in OCI layout.</summary>
    Layout,

    /// <summary>Bytes on the pipeline.</summary>
    Pipeline,
}

/// <summary>One output of a build, checked as far as it can be without an engine.</summary>
internal sealed record PlannedOutput
{
    /// <summary>What the user asked for.</summary>
    public required OutputSpec Spec { get; init; }

    /// <summary>What it leaves here.</summary>
    public ClientOutput Client { get; init; }

    /// <summary>Whether the engine pushes it to a registry.</summary>
    public bool Pushes { get; init; }

    /// <summary>Whether it is for the images of a docker daemon: an engine that is no part of one sends it here, and it is passed on.</summary>
    public bool IsLoad => Spec.Type == "docker" && Client == ClientOutput.None;

    /// <summary>The docker context whose daemon it is loaded into; null for the one that the user works with.</summary>
    public string? LoadContext => IsLoad ? Spec.Attributes.GetValueOrDefault("context") : null;

    /// <summary>Whether it holds an image, stored, pushed or as a file.</summary>
    public bool IsImage => Spec.Type is "image" or "registry" or "docker" or "oci";
}
