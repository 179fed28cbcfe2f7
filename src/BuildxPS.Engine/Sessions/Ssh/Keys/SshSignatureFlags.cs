namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>What a client asks of a signature.</summary>
[Flags]
internal enum SshSignatureFlags : uint
{
    /// <summary>The key type's own algorithm, which for RSA is with SHA-1.</summary>
    None = 0,

    /// <summary>RSA with SHA-256.</summary>
    RsaSha256 = 2,

    /// <summary>RSA with SHA-512.</summary>
    RsaSha512 = 4,
}
