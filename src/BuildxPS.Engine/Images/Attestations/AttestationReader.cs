using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Attestations;

/// <summary>Makes objects of in-toto statements.</summary>
internal static class AttestationReader
{
    private const string Slsa = "https://slsa.dev/provenance/";
    private const string Spdx = "https://spdx.dev/Document";
    private const string CycloneDx = "https://cyclonedx.org/bom";

    /// <summary>Reads a statement.</summary>
    /// <param name="reference">The image that was asked for.</param>
    /// <param name="image">The digest that the index says the statement is about.</param>
    /// <param name="platform">That image's platform; null where the index has no such image.</param>
    /// <param name="manifest">Digest of the manifest that lists the statement.</param>
    /// <param name="layer">Points at the statement.</param>
    /// <param name="predicateType">The kind of statement that the manifest says it is; null where it does not say.</param>
    /// <param name="bytes">The statement, whose size and digest were checked.</param>
    /// <returns>The attestation.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static ImageAttestation Read(
        ImageReference reference, string image, Platform? platform, string manifest, Descriptor layer, string? predicateType, ReadOnlyMemory<byte> bytes)
    {
        var json = StrictJson.Parse(bytes, $"The attestation {layer.Digest} of '{reference}'", JsonObjects.MaxDepth);
        json.RefuseCaseTwins("_type", "predicateType", "predicate", "subject");
        var stated = json.RequiredText("predicateType");
        if (predicateType is not null && predicateType != stated)
        {
            throw json.Invalid($"its manifest calls it '{DisplayText.Line(predicateType)}', and it calls itself '{DisplayText.Line(stated)}'");
        }

        return new ImageAttestation
        {
            Reference = reference,
            ImageDigest = image,
            Platform = platform,
            Kind = stated.StartsWith(Slsa, StringComparison.Ordinal) ? AttestationKind.Provenance
                : stated == Spdx || stated.StartsWith(CycloneDx, StringComparison.Ordinal) ? AttestationKind.Sbom
                : AttestationKind.Other,
            PredicateType = stated,
            StatementType = json.Text("_type") ?? "",
            Subjects = [.. json.Objects("subject").Select(s => new AttestationSubject { Name = s.Text("name") ?? "", Digests = s.TextMap("digest") })],
            Provenance = stated switch
            {
                Slsa + "v0.2" => ProvenanceReader.ReadV02(json.RequiredObject("predicate")),
                Slsa + "v1" => ProvenanceReader.ReadV1(json.RequiredObject("predicate")),
                _ => null,
            },
            Sbom = stated == Spdx ? SbomReader.Read(json.RequiredObject("predicate")) : null,
            Digest = layer.Digest,
            ManifestDigest = manifest,
            RawBytes = bytes,
        };
    }
}
