namespace BuildxPS;

/// <summary>A certificate by which this client proves to a registry who it is, with its key: as files, or as text. Its text form shows neither.</summary>
public sealed record ClientCertificate
{
    /// <summary>PEM file with the certificate; null where <see cref="Pem"/> has it.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file with the certificate's key, not encrypted.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Certificate and key in PEM: what a builder's config holds; null where they are files.</summary>
    public string? Pem { get; init; }

    /// <inheritdoc/>
    public override string ToString() => CertificateFile ?? "(of the builder's config)";
}
