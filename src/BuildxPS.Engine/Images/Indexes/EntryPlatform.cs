using System.Text.Json;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>The platform of an entry to the letter: what <see cref="Platform"/> takes for equal stays as it is written.</summary>
internal sealed record EntryPlatform
{
    public string Architecture { get; init; } = "";

    public string OS { get; init; } = "";

    public string OSVersion { get; init; } = "";

    public IReadOnlyList<string> OSFeatures { get; init; } = [];

    public string Variant { get; init; } = "";

    /// <summary>Whether it says enough for an image to be chosen by it.</summary>
    public bool IsWhole => OS.Length > 0 && Architecture.Length > 0;

    /// <summary>What it means; null where it is not whole.</summary>
    public Platform? Meaning => IsWhole ? Platform.FromParts(OS, Architecture, Variant, OSVersion) : null;

    /// <summary>Reads one.</summary>
    public static EntryPlatform Read(StrictJson json)
    {
        json.RefuseCaseTwins("architecture", "os", "os.version", "os.features", "variant");
        return new EntryPlatform
        {
            Architecture = json.Text("architecture") ?? "",
            OS = json.Text("os") ?? "",
            OSVersion = json.Text("os.version") ?? "",
            OSFeatures = json.Texts("os.features"),
            Variant = json.Text("variant") ?? "",
        };
    }

    /// <summary>Writes one of a platform's meaning.</summary>
    public static EntryPlatform From(Platform platform) => new()
    {
        Architecture = platform.Architecture,
        OS = platform.OS,
        OSVersion = platform.OSVersion ?? "",
        Variant = platform.Variant ?? "",
    };

    /// <summary>Fills in what is missing from the config's platform; the variant belongs to the architecture, and comes with it.</summary>
    public EntryPlatform CompletedBy(Platform config) => this with
    {
        OS = OS.Length > 0 ? OS : config.OS,
        Architecture = Architecture.Length > 0 ? Architecture : config.Architecture,
        Variant = Architecture.Length > 0 || Variant.Length > 0 ? Variant : config.Variant ?? "",
    };

    /// <summary>Whether a wanted platform means this one.</summary>
    public bool Fits(Platform wanted)
        => Meaning is { } own && own.OS == wanted.OS && own.Architecture == wanted.Architecture && own.Variant == wanted.Variant
            && (wanted.OSVersion is null || wanted.OSVersion == own.OSVersion);

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("architecture", Architecture);
        writer.WriteString("os", OS);
        WriteFilled(writer, "os.version", OSVersion);
        if (OSFeatures.Count > 0)
        {
            writer.WriteStartArray("os.features");
            foreach (var feature in OSFeatures)
            {
                writer.WriteStringValue(feature);
            }

            writer.WriteEndArray();
        }

        WriteFilled(writer, "variant", Variant);
        writer.WriteEndObject();
    }

    private static void WriteFilled(Utf8JsonWriter writer, string name, string value)
    {
        if (value.Length > 0)
        {
            writer.WriteString(name, value);
        }
    }
}
