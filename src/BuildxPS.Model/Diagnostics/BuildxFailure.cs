namespace BuildxPS;

/// <summary>
/// Why an operation failed. The name is the stable first part of the error id that PowerShell shows
/// (<c>BuilderNotFound,BuildxPS.Commands.GetBuildxBuilderCommand</c>), so a member is never renamed.
/// </summary>
public enum BuildxFailure
{
    /// <summary>The engine answered with something that has no member of its own here.</summary>
    EngineError,

    /// <summary>No engine answers at the endpoint.</summary>
    EngineUnreachable,

    /// <summary>The engine refused this user, for example a socket without read and write permission.</summary>
    EngineAccessDenied,

    /// <summary>The engine's TLS certificate is not trusted, or it refused ours.</summary>
    EngineCertificateInvalid,

    /// <summary>ssh does not trust the key of an engine's host.</summary>
    HostKeyNotTrusted,

    /// <summary>The engine went away while it was working for us.</summary>
    EngineLost,

    /// <summary>The engine lacks something that the request needs.</summary>
    EngineUnsupported,

    /// <summary>The endpoint's scheme is not supported (yet).</summary>
    EndpointUnsupported,

    /// <summary>The endpoint's text is not an address.</summary>
    EndpointInvalid,

    /// <summary>No builder has that name.</summary>
    BuilderNotFound,

    /// <summary>A builder of that name is there already, or a docker context that stands for one.</summary>
    BuilderExists,

    /// <summary>A builder has a node of that name, or at that endpoint, already.</summary>
    NodeExists,

    /// <summary>A builder has no node of that name.</summary>
    NodeNotFound,

    /// <summary>A builder's only node cannot be taken out of it.</summary>
    LastNode,

    /// <summary>A kubernetes cluster cannot be found, or its login cannot be had.</summary>
    ClusterConfigInvalid,

    /// <summary>A kubernetes cluster does not accept a login.</summary>
    ClusterUnauthorized,

    /// <summary>A kubernetes cluster does not let this user do what is needed.</summary>
    ClusterForbidden,

    /// <summary>A kubernetes cluster has no such namespace.</summary>
    NamespaceNotFound,

    /// <summary>All nodes of a builder have one driver, and another one was asked for.</summary>
    DriverMismatch,

    /// <summary>A name cannot be a builder's, or a node's.</summary>
    BuilderNameInvalid,

    /// <summary>The builder stands for a docker context, and is changed with docker's own commands only.</summary>
    BuilderIsContext,

    /// <summary>The builder's engine could not be started.</summary>
    BuilderNotBootable,

    /// <summary>The builder's engine does not run, and what was asked for does not start it.</summary>
    BuilderNotRunning,

    /// <summary>The builder was taken off the list, but what it left on its engine could not be removed.</summary>
    BuilderNotRemoved,

    /// <summary>No driver has that name.</summary>
    DriverNotFound,

    /// <summary>A driver option is not known, or its value is not valid.</summary>
    DriverOptionInvalid,

    /// <summary>A flag for buildkitd is not written as it must be.</summary>
    BuildKitFlagInvalid,

    /// <summary>A builder's config file is not there, is no TOML, or names files that are not there.</summary>
    ConfigFileInvalid,

    /// <summary>A file of the list of builders cannot be read or written, or is not valid.</summary>
    StoreInvalid,

    /// <summary>No docker context has that name.</summary>
    ContextNotFound,

    /// <summary>Two ways to choose an engine were given that contradict each other.</summary>
    SelectionConflict,

    /// <summary>A docker configuration file cannot be read or is not valid.</summary>
    ConfigurationInvalid,

    /// <summary>An alias of docker's command line stands for something else already.</summary>
    AliasExists,

    /// <summary>The build context does not exist: the folder, the file or repository at an address, or the reference in it.</summary>
    BuildContextNotFound,

    /// <summary>The archive that should be the build context is damaged or cut short, or is of a kind that engines do not unpack.</summary>
    BuildContextInvalid,

    /// <summary>The engine does not reach the address of the build context or of the Dockerfile.</summary>
    BuildContextUnreachable,

    /// <summary>The address of the build context or of the Dockerfile wants a login.</summary>
    BuildContextUnauthorized,

    /// <summary>The build context, or a file in it, cannot be read.</summary>
    BuildContextUnreadable,

    /// <summary>A pattern of .dockerignore, or another one that selects files, is malformed.</summary>
    IgnorePatternInvalid,

    /// <summary>The Dockerfile does not exist.</summary>
    DockerfileNotFound,

    /// <summary>The Dockerfile cannot be parsed or asks for something that is not there.</summary>
    DockerfileInvalid,

    /// <summary>A Dockerfile breaks rules, and was not to.</summary>
    DockerfileCheckFailed,

    /// <summary>A policy file lies beside the Dockerfile, which this module does not evaluate.</summary>
    PolicyUnsupported,

    /// <summary>A platform is not written as os/arch[/variant], or names no known platform.</summary>
    PlatformInvalid,

    /// <summary>No image in the index fits the platform.</summary>
    PlatformNotAvailable,

    /// <summary>A program for another architecture was run and no emulator is registered for it.</summary>
    EmulatorMissing,

    /// <summary>An emulator is registered for a program of another architecture, but cannot be used in containers.</summary>
    EmulatorUnusable,

    /// <summary>An emulator for the platform is registered already.</summary>
    EmulatorExists,

    /// <summary>There is no emulator of that name, or for that platform.</summary>
    EmulatorNotFound,

    /// <summary>The machine runs programs of the platform by itself.</summary>
    EmulatorNotNeeded,

    /// <summary>The program that is to emulate is not installed.</summary>
    InterpreterNotFound,

    /// <summary>The program that is to emulate cannot be used in containers, or not on this machine.</summary>
    InterpreterInvalid,

    /// <summary>This user may not change the machine's emulators.</summary>
    EmulationDenied,

    /// <summary>The machine cannot have emulators, or cannot be reached to register some.</summary>
    EmulationUnavailable,

    /// <summary>The image that was to register emulators on an engine's machine did not do it.</summary>
    EmulatorInstallFailed,

    /// <summary>A tag is not a valid image reference.</summary>
    TagInvalid,

    /// <summary>An image is to be pushed, and has no name that says where to.</summary>
    TagRequired,

    /// <summary>An output is not written as it must be, or its parts contradict each other.</summary>
    OutputInvalid,

    /// <summary>A cache to read from or write to is not written as it must be, or its parts contradict each other.</summary>
    CacheInvalid,

    /// <summary>A folder that should hold an OCI layout does not exist, or holds none.</summary>
    LayoutNotFound,

    /// <summary>The index of an OCI layout is damaged.</summary>
    LayoutInvalid,

    /// <summary>Docker's buildx offers this, and this module does not yet.</summary>
    NotImplemented,

    /// <summary>A destination cannot be written.</summary>
    DestinationNotWritable,

    /// <summary>A build argument, label or similar pair is not written as KEY=VALUE.</summary>
    ArgumentInvalid,

    /// <summary>An annotation is not written as it must be, or there is nothing that could carry it.</summary>
    AnnotationInvalid,

    /// <summary>An attestation is not written as it must be, or is of a kind that engines do not make.</summary>
    AttestationInvalid,

    /// <summary>A secret is not written as it must be, or its parts contradict each other.</summary>
    SecretInvalid,

    /// <summary>The file or the environment variable that a secret comes from is not there.</summary>
    SecretNotFound,

    /// <summary>The file that a secret comes from cannot be read, or a value is not text.</summary>
    SecretUnreadable,

    /// <summary>A secret is larger than engines take.</summary>
    SecretTooLarge,

    /// <summary>The build needs a secret that was not given.</summary>
    SecretRequired,

    /// <summary>An SSH agent is not written as it must be, or its parts contradict each other.</summary>
    SshInvalid,

    /// <summary>There is no SSH agent at a socket, or none is known.</summary>
    SshAgentUnavailable,

    /// <summary>A file is not a private key that can be used.</summary>
    SshKeyInvalid,

    /// <summary>A private key is protected by a passphrase.</summary>
    SshKeyEncrypted,

    /// <summary>The build needs an SSH agent that was not given.</summary>
    SshRequired,

    /// <summary>A step of the build ended with an error.</summary>
    StepFailed,

    /// <summary>The target stage is not in the Dockerfile.</summary>
    TargetNotFound,

    /// <summary>A file that COPY or ADD names is not in the build context.</summary>
    SourceFileNotFound,

    /// <summary>An image could not be found or pulled.</summary>
    ImageNotFound,

    /// <summary>The docker daemon did not take an image that was built elsewhere.</summary>
    ImageLoadFailed,

    /// <summary>A registry wants a login, or the login lacks a right.</summary>
    RegistryUnauthorized,

    /// <summary>A registry answers plain http to an https request.</summary>
    RegistryPlainHttp,

    /// <summary>A registry wants https, and was asked over plain http.</summary>
    RegistryHttpsRequired,

    /// <summary>A registry does not take indexes: images of several platforms, or with attestations.</summary>
    RegistryIndexRefused,

    /// <summary>A registry began to take a layer and refused it in the end, as if the login had ended meanwhile.</summary>
    RegistryLoginExpired,

    /// <summary>A registry's certificate is not trusted by the engine or by this client.</summary>
    RegistryCertificateInvalid,

    /// <summary>No registry answers at the address.</summary>
    RegistryUnreachable,

    /// <summary>A registry or its token service answered with something that has no member of its own here.</summary>
    RegistryError,

    /// <summary>A manifest, index or config from a registry is malformed, ambiguous or too large.</summary>
    ImageInvalid,

    /// <summary>Bytes from a registry, an OCI layout or an engine are not those that their digest or size promises.</summary>
    DigestMismatch,

    /// <summary>A media type is not supported.</summary>
    MediaTypeUnsupported,

    /// <summary>A credential helper is missing, failed, or answered with something that is not a credential.</summary>
    CredentialHelperFailed,

    /// <summary>No credential helper is configured that could keep a login, and a plain file was not asked for.</summary>
    CredentialHelperMissing,

    /// <summary>A host name could not be resolved where the engine (or this client) runs.</summary>
    NameNotResolved,

    /// <summary>The disk is full, on the engine or here.</summary>
    DiskFull,

    /// <summary>The build asks for an entitlement that was not granted.</summary>
    EntitlementRefused,

    /// <summary>The engine broke its protocol or sent something that is not allowed.</summary>
    ProtocolViolation,

    /// <summary>Something took longer than its limit.</summary>
    TimedOut,

    /// <summary>The engine reports that the build was cancelled, though not by this caller.</summary>
    BuildCanceled,
}
