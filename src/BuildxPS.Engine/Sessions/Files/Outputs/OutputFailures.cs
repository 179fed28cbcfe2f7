using System.Runtime.InteropServices;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>The failures of writing at a destination.</summary>
internal static class OutputFailures
{
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsFileExists = unchecked((int)0x80070050);
    private const int WindowsAlreadyExists = unchecked((int)0x800700B7);
    private const int WindowsQuota = unchecked((int)0x8007050F);
    private const int WindowsWriteProtected = unchecked((int)0x80070013);
    private const int ArgumentOutOfRange = unchecked((int)0x80131502);
    private const int MaxErrorNumber = 4096;

    /// <summary>Whether an exception is one that a file system throws.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>Whether <see cref="From"/> should take it.</returns>
    public static bool IsFileFailure(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or NotSupportedException

        // How .NET says that a file may not grow any more.
        or ArgumentOutOfRangeException { HResult: ArgumentOutOfRange, ParamName: "value" };

    /// <summary>The failure that an exception of the file system means.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="path">What could not be written.</param>
    /// <returns>The failure.</returns>
    public static BuildxException From(Exception exception, string path) => exception switch
    {
        { HResult: LinuxNative.NoSpace or WindowsDiskFull or WindowsHandleDiskFull } => new BuildxException(
            BuildxFailure.DiskFull,
            $"'{TreePath.Show(path)}' cannot be written: the disk is full.",
            "Free space on that disk, or choose a destination on another one.",
            exception),
        { HResult: LinuxNative.QuotaExceeded or WindowsQuota } => new BuildxException(
            BuildxFailure.DiskFull,
            $"'{TreePath.Show(path)}' cannot be written: this user's disk quota is used up.",
            "Free space of this user on that disk, or choose a destination on another one.",
            exception),
        { HResult: LinuxNative.ReadOnly or WindowsWriteProtected } => NotWritable(
            path, "its file system is mounted for reading only.", exception, "Choose a destination on a file system that is mounted for writing."),
        { HResult: LinuxNative.Exists or WindowsFileExists or WindowsAlreadyExists } => NotWritable(
            path, "something of that name is there already. The file system may not tell upper from lower case.", exception),
        { HResult: LinuxNative.NameTooLong } or PathTooLongException => NotWritable(
            path, "its name or path is too long.", exception, "Choose a destination with a shorter path, or shorten the name in the image."),
        { HResult: LinuxNative.FileTooLarge } or ArgumentOutOfRangeException => NotWritable(
            path, "it is larger than a file may be on its file system or for this process.", exception, "Choose a destination on another file system."),

        // .NET's own words name the staging place, which nobody knows.
        UnauthorizedAccessException when !OperatingSystem.IsWindows() => NotWritable(path, "this user may not do so.", exception),
        { HResult: > 0 and < MaxErrorNumber } when !OperatingSystem.IsWindows() => NotWritable(
            path, Marshal.GetPInvokeErrorMessage(exception.HResult) + ".", exception),
        _ => NotWritable(path, exception.Message, exception),
    };

    /// <summary>A destination that cannot be written.</summary>
    /// <param name="path">What could not be written.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cause">What said so.</param>
    /// <param name="advice">What to do about it, where that is known better.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NotWritable(string path, string reason, Exception? cause = null, string? advice = null) => new(
        BuildxFailure.DestinationNotWritable,
        $"'{TreePath.Show(path)}' cannot be written: {TreePath.Show(reason)}",
        advice ?? "Choose another destination, or make this one writable for this user.",
        cause);
}
