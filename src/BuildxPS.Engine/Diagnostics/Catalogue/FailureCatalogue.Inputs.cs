namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <content>What a build reads and writes on this machine or at an address.</content>
public static partial class FailureCatalogue
{
    private static FailureEntry[] Inputs() =>
    [
        new(BuildxFailure.BuildContextNotFound, FailureCategory.ObjectNotFound,
            "A build context does not exist",
            "The folder, the file or repository at an address, or the reference in it, is not there.")
        { Advice = "Check -Path: a folder, the address of a repository or an archive, or - for what comes through the pipeline." },
        new(BuildxFailure.BuildContextInvalid, FailureCategory.InvalidData,
            "An archive that should be the build context cannot be used",
            "It is damaged or cut short, or of a kind that engines do not unpack.")
        { Advice = "Make it again as tar, if you like compressed with gzip, bzip2 or xz." },
        new(BuildxFailure.BuildContextUnreachable, FailureCategory.ConnectionError,
            "The engine does not reach the address of a context or a Dockerfile",
            "It looks from where it runs.")
        { Advice = "Check the address, and that the machine or container of the engine can reach it." },
        new(BuildxFailure.BuildContextUnauthorized, FailureCategory.AuthenticationError,
            "The address of a context or a Dockerfile wants a login",
            "Known by the answer of the server to the engine.")
        { Advice = "Give the engine a token with -Secret id=GIT_AUTH_TOKEN, or an agent with -Ssh for a repository over ssh." },
        new(BuildxFailure.BuildContextUnreadable, FailureCategory.ReadError,
            "A build context, or a file in it, cannot be read",
            "Known by the file system's error; the message names the file.")
        { Advice = "Get the right to read it, or exclude it in .dockerignore." },
        new(BuildxFailure.IgnorePatternInvalid, FailureCategory.InvalidData,
            "A pattern that selects files is malformed",
            "Of .dockerignore, or another one; the message names file and line.")
        { Advice = "Correct the line; to mean one of the characters * ? [ \\ itself, write a \\ before it." },
        new(BuildxFailure.DockerfileCheckFailed, FailureCategory.InvalidData,
            "A Dockerfile breaks rules, and was not to",
            "Test-BuildxDockerfile -FailOn makes an error of violations.")
        { Advice = "Correct what the violations name; each has a link to its rule." },
        new(BuildxFailure.PolicyUnsupported, FailureCategory.SecurityError,
            "A policy lies beside the Dockerfile",
            "This module does not evaluate policies, and does not drop a guard in silence.")
        { Advice = "Build with docker buildx, or, if the policy need not hold here, with -IgnorePolicy." },
        new(BuildxFailure.LayoutNotFound, FailureCategory.ObjectNotFound,
            "A folder that should hold an OCI layout holds none",
            "It does not exist, or has no index.json.")
        { Advice = "Check the path." },
        new(BuildxFailure.LayoutInvalid, FailureCategory.InvalidData,
            "The index of an OCI layout is damaged",
            "It is no JSON, or not what the specification has.")
        { Advice = "Make the layout again." },
        new(BuildxFailure.DestinationNotWritable, FailureCategory.WriteError,
            "A destination cannot be written",
            "Looked at before the build, and known by the file system's error after it. What was there stays as it was.")
        { Advice = "Get the right to write there, or choose another destination." },
        new(BuildxFailure.SecretNotFound, FailureCategory.ObjectNotFound,
            "The file or the variable that a secret comes from is not there",
            "Looked at before anything is contacted. No value is ever shown.")
        { Advice = "Check the path or the variable's name." },
        new(BuildxFailure.SecretUnreadable, FailureCategory.ReadError,
            "The file that a secret comes from cannot be read, or a value is not text",
            "Looked at before anything is contacted.")
        { Advice = "Get the right to read it." },
        new(BuildxFailure.SecretTooLarge, FailureCategory.LimitsExceeded,
            "A secret is larger than engines take",
            "The limit is 500 KiB.")
        { Advice = "Bring large files into the build as a named context (-BuildContext)." },
        new(BuildxFailure.SecretRequired, FailureCategory.ObjectNotFound,
            "The build needs a secret that was not given",
            "Known because the engine asked for it; the message names its id.")
        { Advice = "Give it with -Secret: 'id=ID,src=FILE', 'id=ID,env=VARIABLE', or @{ Id = 'ID'; Value = $secureString }." },
        new(BuildxFailure.SshAgentUnavailable, FailureCategory.ResourceUnavailable,
            "There is no SSH agent at a socket, or none is known",
            "Looked at before anything is contacted.")
        { Advice = "Start ssh-agent, or give a key file with -Ssh default=KEYFILE." },
        new(BuildxFailure.SshKeyInvalid, FailureCategory.InvalidArgument,
            "A file is not a private key that can be used",
            "Looked at before anything is contacted.")
        { Advice = "Give a private key in OpenSSH's or PEM format: RSA, ECDSA or Ed25519." },
        new(BuildxFailure.SshKeyEncrypted, FailureCategory.AuthenticationError,
            "A private key is protected by a passphrase",
            "Nobody may be there to be asked for it.")
        { Advice = "Add it to an agent with ssh-add, and give the agent with -Ssh default." },
        new(BuildxFailure.SshRequired, FailureCategory.ObjectNotFound,
            "The build needs an SSH agent that was not given",
            "Known because the engine asked for it; the message names its id.")
        { Advice = "Give it with -Ssh: ID for the agent of SSH_AUTH_SOCK, 'ID=SOCKET' for another, or 'ID=KEYFILE' for a key." },
    ];
}
