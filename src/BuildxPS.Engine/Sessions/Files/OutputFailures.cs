namespace BuildxPS.Engine.Sessions.Files;

/// <summary>The failures of writing at a destination.</summary>
internal static class OutputFailures
{
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsFileExists = unchecked((int)0x80070050);
    private const int WindowsAlreadyExists = unchecked((int)0x800700B7);
    private const int WindowsQuota = unchecked((int)0x8007050F);

    /// <summary>Whether an exception is one that a file system throws.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>Whether <see cref="From"/> should take it.</returns>
    public static bool IsFileFailure(Exception exception) => exception is IOException or UnauthorizedAccessException or NotSupportedException;

    /// <summary>The failure that an exception of the file system means.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="path">What could not be written.</param>
    /// <returns>The failure.</returns>
    public static BuildxException From(Exception exception, string path) => exception.HResult switch
    {
        LinuxNative.NoSpace or WindowsDiskFull or WindowsHandleDiskFull => new BuildxException(
            BuildxFailure.DiskFull,
            $"'{TreePath.Show(path)}' cannot be written: the disk is full.",
            "Free space on that disk, or choose a destination on another one.",
            exception),
        LinuxNative.QuotaExceeded or WindowsQuota => new BuildxException(
            BuildxFailure.DiskFull,
            $"'{TreePath.Show(path)}' cannot be written: this user's disk quota is used up.",
            "Free space of this user on that disk, or choose a destination on another one.",
            exception),
        LinuxNative.Exists or WindowsFileExists or WindowsAlreadyExists => NotWritable(
            path, "something of that name is there already. The file system may not tell upper from lower case.", exception),
        _ => NotWritable(path, exception.Message, exception),
    };

    /// <summary>A destination that cannot be written.</summary>
    /// <param name="path">What could not be written.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cause">What said so.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NotWritable(string path, string reason, Exception? cause = null) => new(
        BuildxFailure.DestinationNotWritable,
        $"'{TreePath.Show(path)}' cannot be written: {TreePath.Show(reason)}",
        "Choose another destination, or make this one writable for this user.",
        cause);
}
