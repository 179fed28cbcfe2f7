namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <summary>What kind of failure it is. The names are those of PowerShell's <c>ErrorCategory</c>, which the engine does not know.</summary>
public enum FailureCategory
{
    /// <summary>What was asked for does not make sense.</summary>
    InvalidArgument,

    /// <summary>A file or an answer is not what it must be.</summary>
    InvalidData,

    /// <summary>What was asked for cannot be done to this object.</summary>
    InvalidOperation,

    /// <summary>Work was done, and ended badly.</summary>
    InvalidResult,

    /// <summary>Something that was named is not there.</summary>
    ObjectNotFound,

    /// <summary>Something of that name is there already.</summary>
    ResourceExists,

    /// <summary>Something that is needed does not run.</summary>
    ResourceUnavailable,

    /// <summary>The other side cannot be reached, or went away.</summary>
    ConnectionError,

    /// <summary>This user may not do it.</summary>
    PermissionDenied,

    /// <summary>What would be needed is not to be trusted.</summary>
    SecurityError,

    /// <summary>A login is missing, or was refused.</summary>
    AuthenticationError,

    /// <summary>The other side cannot do it.</summary>
    NotImplemented,

    /// <summary>A program that is needed is not installed.</summary>
    NotInstalled,

    /// <summary>Something cannot be read.</summary>
    ReadError,

    /// <summary>Something cannot be written.</summary>
    WriteError,

    /// <summary>There is no room, or something is too large.</summary>
    LimitsExceeded,

    /// <summary>The other side broke the rules of the protocol.</summary>
    ProtocolError,

    /// <summary>It took too long.</summary>
    OperationTimeout,

    /// <summary>Somebody ended it.</summary>
    OperationStopped,
}
