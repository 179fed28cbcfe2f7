using System.Management.Automation;
using BuildxPS.Engine.Progress;

namespace BuildxPS.Pipeline;

/// <summary>The one place where a failure of the engine becomes an error of PowerShell.</summary>
internal static class FailureRecord
{
    /// <summary>Chooses the view of Formatting/BuildxPS.Format.ps1xml, which keeps the lines of a report apart.</summary>
    private const string ViewName = "BuildxPS.BuildError";

    /// <summary>Makes the record. A failed build's says all: the step's last output and the lines of the Dockerfile.</summary>
    /// <param name="exception">The failure; its reason is the error's id.</param>
    /// <param name="target">What the user passed.</param>
    /// <returns>The record.</returns>
    public static ErrorRecord Create(BuildxException exception, object? target)
    {
        var record = new ErrorRecord(exception, exception.Failure.ToString(), CategoryOf(exception.Failure), target)
        {
            ErrorDetails = new ErrorDetails(FailureReport.Write(exception)) { RecommendedAction = exception.Advice },
        };
        if (exception is BuildFailedException)
        {
            PSObject.AsPSObject(record).TypeNames.Insert(0, ViewName);
        }

        return record;
    }

    private static ErrorCategory CategoryOf(BuildxFailure failure) => failure switch
    {
        BuildxFailure.PlatformInvalid or BuildxFailure.TagInvalid or BuildxFailure.TagRequired
            or BuildxFailure.OutputInvalid or BuildxFailure.CacheInvalid or BuildxFailure.AnnotationInvalid or BuildxFailure.AttestationInvalid or BuildxFailure.ArgumentInvalid or BuildxFailure.EndpointInvalid
            or BuildxFailure.BuilderNameInvalid or BuildxFailure.DriverOptionInvalid or BuildxFailure.BuildKitFlagInvalid
            or BuildxFailure.SelectionConflict or BuildxFailure.SecretInvalid or BuildxFailure.SshInvalid
            or BuildxFailure.SshKeyInvalid => ErrorCategory.InvalidArgument,
        BuildxFailure.BuilderNotFound or BuildxFailure.ContextNotFound or BuildxFailure.BuildContextNotFound
            or BuildxFailure.DockerfileNotFound or BuildxFailure.TargetNotFound or BuildxFailure.SourceFileNotFound
            or BuildxFailure.ImageNotFound or BuildxFailure.PlatformNotAvailable or BuildxFailure.LayoutNotFound
            or BuildxFailure.DriverNotFound or BuildxFailure.NamespaceNotFound or BuildxFailure.NodeNotFound or BuildxFailure.SecretNotFound or BuildxFailure.SecretRequired
            or BuildxFailure.SshRequired => ErrorCategory.ObjectNotFound,
        BuildxFailure.BuilderExists or BuildxFailure.NodeExists => ErrorCategory.ResourceExists,
        BuildxFailure.BuilderIsContext or BuildxFailure.LastNode or BuildxFailure.DriverMismatch => ErrorCategory.InvalidOperation,
        BuildxFailure.BuilderNotBootable or BuildxFailure.SshAgentUnavailable => ErrorCategory.ResourceUnavailable,
        BuildxFailure.EngineUnreachable or BuildxFailure.EngineLost
            or BuildxFailure.NameNotResolved or BuildxFailure.BuildContextUnreachable or BuildxFailure.RegistryUnreachable => ErrorCategory.ConnectionError,
        BuildxFailure.EngineAccessDenied or BuildxFailure.ClusterForbidden or BuildxFailure.EntitlementRefused => ErrorCategory.PermissionDenied,
        BuildxFailure.EngineCertificateInvalid or BuildxFailure.HostKeyNotTrusted or BuildxFailure.RegistryCertificateInvalid
            or BuildxFailure.RegistryPlainHttp or BuildxFailure.PolicyUnsupported
            or BuildxFailure.DigestMismatch => ErrorCategory.SecurityError,
        BuildxFailure.RegistryUnauthorized or BuildxFailure.BuildContextUnauthorized or BuildxFailure.ClusterUnauthorized or BuildxFailure.CredentialHelperFailed or BuildxFailure.SshKeyEncrypted => ErrorCategory.AuthenticationError,
        BuildxFailure.EngineUnsupported or BuildxFailure.EndpointUnsupported
            or BuildxFailure.MediaTypeUnsupported or BuildxFailure.NotImplemented => ErrorCategory.NotImplemented,
        BuildxFailure.EmulatorMissing or BuildxFailure.CredentialHelperMissing => ErrorCategory.NotInstalled,
        BuildxFailure.ConfigurationInvalid or BuildxFailure.BuildContextInvalid or BuildxFailure.ClusterConfigInvalid or BuildxFailure.DockerfileInvalid
            or BuildxFailure.DockerfileCheckFailed or BuildxFailure.ImageInvalid
            or BuildxFailure.ConfigFileInvalid or BuildxFailure.StoreInvalid or BuildxFailure.LayoutInvalid => ErrorCategory.InvalidData,
        BuildxFailure.BuildContextUnreadable or BuildxFailure.SecretUnreadable => ErrorCategory.ReadError,
        BuildxFailure.DestinationNotWritable => ErrorCategory.WriteError,
        BuildxFailure.DiskFull or BuildxFailure.SecretTooLarge => ErrorCategory.LimitsExceeded,
        BuildxFailure.ProtocolViolation => ErrorCategory.ProtocolError,
        BuildxFailure.TimedOut => ErrorCategory.OperationTimeout,
        BuildxFailure.BuildCanceled => ErrorCategory.OperationStopped,
        _ => ErrorCategory.InvalidResult,
    };
}
