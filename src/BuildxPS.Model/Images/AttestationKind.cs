namespace BuildxPS;

/// <summary>What an attestation is about.</summary>
public enum AttestationKind
{
    /// <summary>Something else; its predicate type says what.</summary>
    Other,

    /// <summary>How, from what and by whom the image was built (SLSA).</summary>
    Provenance,

    /// <summary>What is in the image (SPDX, CycloneDX).</summary>
    Sbom,
}
