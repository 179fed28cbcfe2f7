namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <content>Engines, and the ways to them.</content>
public static partial class FailureCatalogue
{
    private static FailureEntry[] Engines() =>
    [
        new(BuildxFailure.EngineUnreachable, FailureCategory.ConnectionError,
            "No engine answers at an address",
            "Known by the connection's error. The message says which address was tried, and what named it.")
        { Advice = "Start the engine, or name another one with -Context, -DockerHost or the variable DOCKER_HOST." },
        new(BuildxFailure.BuilderNotRunning, FailureCategory.ResourceUnavailable,
            "A builder's engine does not run",
            "A build starts it. What only looks at an engine, or tidies it up, does not.")
        { Advice = "Start it with Start-BuildxBuilder BUILDER." },
        new(BuildxFailure.BuilderNotBootable, FailureCategory.ResourceUnavailable,
            "A builder's engine could not be started",
            "Known by the container or pod that does not come up; the message quotes the engine's log or the cluster's events.")
        { Advice = "Correct what the engine's last words name: as a rule a flag, a driver option or the config file, which Set-BuildxBuilder changes (-BuildKitdFlag, -DriverOption, -ConfigFile). Then start it again: its cache is kept." },
        new(BuildxFailure.EngineAccessDenied, FailureCategory.PermissionDenied,
            "An engine refuses this user",
            "Known by the socket's error, for example a socket without read and write permission, or by the login that ssh refused.")
        { Advice = "Get the right to use it: on Linux the group docker has it for a docker daemon's socket." },
        new(BuildxFailure.EngineCertificateInvalid, FailureCategory.SecurityError,
            "The certificate of an engine is not trusted, or it refuses ours",
            "Known by the TLS handshake.")
        { Advice = "Check the three files ca.pem, cert.pem and key.pem of the docker context or the builder, and the name that the engine is called by." },
        new(BuildxFailure.HostKeyNotTrusted, FailureCategory.SecurityError,
            "ssh does not trust the key of an engine's host",
            "Known by what ssh prints. It is never asked interactively.")
        { Advice = "Connect to the host once with ssh, and compare the key's fingerprint before you accept it." },
        new(BuildxFailure.EndpointInvalid, FailureCategory.InvalidArgument,
            "The text of an endpoint is not an address",
            "Found before anything is contacted.")
        { Advice = "Write it as unix:///PATH, tcp://HOST:PORT, ssh://USER@HOST, npipe:////./pipe/NAME, or as the name of a docker context." },
        new(BuildxFailure.EndpointUnsupported, FailureCategory.NotImplemented,
            "The scheme of an endpoint is not supported",
            "Found before anything is contacted.")
        { Advice = "Use an address of a scheme that the message lists." },
        new(BuildxFailure.TimedOut, FailureCategory.OperationTimeout,
            "Something took longer than its limit",
            "Every wait has a bound; the message says for what, and how long.")
        { Advice = "Try again; if it stays so, see the engine's log and its network, or give it more time with -TimeoutSec where a command takes it." },
        new(BuildxFailure.ProtocolViolation, FailureCategory.ProtocolError,
            "The other side broke its protocol",
            "Known by answers that are no gRPC or no HTTP/2, are cut short, or were never asked for.")
        { Advice = "Check that the address is that of a docker daemon or BuildKit, with no proxy between that does not know HTTP/2." },
        new(BuildxFailure.ClusterConfigInvalid, FailureCategory.InvalidData,
            "A kubernetes cluster cannot be found, or its login cannot be had",
            "Known from the kubeconfig and the programs that it names.")
        { Advice = "Check the file that KUBECONFIG names, and its context: kubectl config view shows what is in use." },
        new(BuildxFailure.ClusterUnauthorized, FailureCategory.AuthenticationError,
            "A kubernetes cluster does not accept a login",
            "Known by the status 401 of its API server.")
        { Advice = "Log in to the cluster again; tokens in a kubeconfig end after a while." },
        new(BuildxFailure.ClusterForbidden, FailureCategory.PermissionDenied,
            "A kubernetes cluster does not let this user do what is needed",
            "Each right is asked for before the first object is made.")
        { Advice = "Ask for the right that the message names." },
        new(BuildxFailure.NamespaceNotFound, FailureCategory.ObjectNotFound,
            "A kubernetes cluster has no such namespace",
            "Known by its API server's answer.")
        { Advice = "Make it with kubectl create namespace, or name another one with -DriverOption namespace=NAME." },
    ];
}
