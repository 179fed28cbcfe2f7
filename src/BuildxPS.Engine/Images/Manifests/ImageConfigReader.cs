namespace BuildxPS.Engine.Images.Manifests;

/// <summary>Makes objects of the bytes of image configs.</summary>
internal static class ImageConfigReader
{
    /// <summary>Reads a config.</summary>
    /// <param name="reference">The image, for messages.</param>
    /// <param name="bytes">The bytes, whose digest was checked.</param>
    /// <returns>The config.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static ImageConfig Read(ImageReference reference, ReadOnlyMemory<byte> bytes)
    {
        var json = StrictJson.Parse(bytes, $"The config of '{reference}'");
        var run = json.Object("config");
        return new ImageConfig
        {
            Reference = reference,
            RawBytes = bytes,
            Created = json.Time("created"),
            Author = json.Text("author"),
            Platform = ReadPlatform(json),
            Env = run?.Texts("Env") ?? [],
            Entrypoint = run?.Texts("Entrypoint") ?? [],
            Cmd = run?.Texts("Cmd") ?? [],
            Labels = run?.TextMap("Labels") ?? new Dictionary<string, string>(StringComparer.Ordinal),
            WorkingDir = run?.Text("WorkingDir") ?? "",
            User = run?.Text("User") ?? "",
            ExposedPorts = run?.Keys("ExposedPorts") ?? [],
            Volumes = run?.Keys("Volumes") ?? [],
            Shell = run?.Texts("Shell") ?? [],
            OnBuild = run?.Texts("OnBuild") ?? [],
            StopSignal = run?.Text("StopSignal"),
            DiffIds = json.Object("rootfs")?.Texts("diff_ids") ?? [],
            History = [.. json.Objects("history").Select(ReadHistory)],
        };
    }

    private static Platform? ReadPlatform(StrictJson json)
        => json.Text("os") is { Length: > 0 } os && json.Text("architecture") is { Length: > 0 } architecture
            ? Platform.FromParts(os, architecture, json.Text("variant"), json.Text("os.version"))
                ?? throw json.Invalid("its platform has a character that none may have")
            : null;

    private static ImageHistory ReadHistory(StrictJson json) => new()
    {
        Created = json.Time("created"),
        CreatedBy = json.Text("created_by") ?? "",
        Comment = json.Text("comment") ?? "",
        IsEmptyLayer = json.Flag("empty_layer"),
    };
}
