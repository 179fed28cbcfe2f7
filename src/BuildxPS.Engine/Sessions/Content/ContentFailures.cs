using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>What can go wrong while content travels.</summary>
internal static class ContentFailures
{
    /// <summary>The engine did what it must not.</summary>
    /// <param name="what">What.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Violation(string what) => new(
        BuildxFailure.ProtocolViolation,
        $"The engine broke the content store protocol: {what}.",
        "Try again; if it stays, the engine or something between it and this machine is at fault. Look at the engine's log.");

    /// <summary>What the engine wrote is not what it said.</summary>
    /// <param name="folder">The layout that it was for.</param>
    /// <param name="problem">What is wrong, without a full stop.</param>
    /// <returns>The failure.</returns>
    public static BuildxException WrongContent(string folder, string problem) => new(
        BuildxFailure.DigestMismatch,
        $"The engine sent content for '{TreePath.Show(folder)}' that is not what it promised: {problem}.",
        "Build again. If it stays, the engine or something between it and this machine damages data: do not use what it makes.");

    /// <summary>A blob on the disk is not what its name says.</summary>
    /// <param name="file">The blob's file.</param>
    /// <param name="problem">What is wrong, without a full stop.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Damaged(string file, string problem) => new(
        BuildxFailure.DigestMismatch,
        $"The blob '{TreePath.Show(file)}' is damaged: {problem}.",
        "Write the OCI layout or the cache again into an empty folder; what is there cannot be trusted.");

    /// <summary>A file of a layout cannot be read.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cause">What said so.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Unreadable(string file, Exception cause) => new(
        BuildxFailure.LayoutInvalid,
        $"'{TreePath.Show(file)}' cannot be read: {DisplayText.Line(cause.Message)}",
        "Give this user the right to read the files of the OCI layout or cache.",
        cause);

    /// <summary>The index of a layout is not valid.</summary>
    /// <param name="file">The index.</param>
    /// <param name="problem">What is wrong, without a full stop.</param>
    /// <param name="cause">What said so.</param>
    /// <returns>The failure.</returns>
    public static BuildxException InvalidIndex(string file, string problem, Exception? cause = null) => new(
        BuildxFailure.LayoutInvalid,
        $"The index '{TreePath.Show(file)}' of an OCI layout is not valid: {problem}.",
        "Try again if another program writes to the folder just now; else write the layout or the cache again into an empty folder.",
        cause);

    /// <summary>The gRPC code for a store's answer.</summary>
    /// <param name="fault">The answer.</param>
    /// <returns>The code, as containerd's own stores give it.</returns>
    public static Grpc.Core.StatusCode CodeOf(ContentFault fault) => fault switch
    {
        ContentFault.NotFound => Grpc.Core.StatusCode.NotFound,
        ContentFault.Exists => Grpc.Core.StatusCode.AlreadyExists,
        // Engines wait and ask again.
        ContentFault.InUse => Grpc.Core.StatusCode.Unavailable,
        _ => Grpc.Core.StatusCode.ResourceExhausted,
    };
}
