using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Attestations;

/// <summary>Reads SBOMs in SPDX form.</summary>
internal static class SbomReader
{
    /// <summary>Reads an SPDX document.</summary>
    /// <param name="json">The predicate.</param>
    /// <returns>The SBOM in short.</returns>
    public static ImageSbom Read(StrictJson json)
    {
        var creation = json.Object("creationInfo");
        return new ImageSbom
        {
            Name = json.Text("name") ?? "",
            Format = json.Text("spdxVersion") ?? "",
            Created = creation?.Time("created"),
            Creators = creation?.Texts("creators") ?? [],
            Packages = [.. json.Objects("packages").Select(ReadPackage)],
        };
    }

    private static SbomPackage ReadPackage(StrictJson json) => new()
    {
        Name = json.Text("name") ?? "",
        Version = json.Text("versionInfo") ?? "",
        License = Said(json.Text("licenseConcluded")) ?? Said(json.Text("licenseDeclared")) ?? "",
        PackageUrl = json.Objects("externalRefs").Where(r => r.Text("referenceType") == "purl").Select(r => r.Text("referenceLocator")).FirstOrDefault(),
    };

    private static string? Said(string? license) => string.IsNullOrEmpty(license) || license is "NOASSERTION" or "NONE" ? null : license;
}
