
namespace BuildxPS.Engine.Builders.Store;

/// <summary>Puts what can go wrong with buildx's folder into words.</summary>
internal static class StoreFailures
{
    /// <summary>A file is not what it must be.</summary>
    /// <param name="path">The file.</param>
    /// <param name="reason">What is wrong, without a full stop.</param>
    /// <param name="inner">What caused it.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Invalid(string path, string reason, Exception? inner = null) => new(
        BuildxFailure.StoreInvalid,
        $"The builder file {DisplayText.Line(path)} cannot be used: {reason}.",
        "Correct the file, or delete it and make the builder again with New-BuildxBuilder; other builders are not touched by it.",
        inner);

    /// <summary>A file or folder cannot be written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inner">What caused it.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NotWritable(string path, Exception inner) => new(
        BuildxFailure.StoreInvalid,
        $"The list of builders cannot be changed: {DisplayText.Line(path)}: {DisplayText.Line(inner.Message)}",
        "Make the folder writable for this user, or name another one in the variable BUILDX_CONFIG.",
        inner);

    /// <summary>Another process holds the lock for too long.</summary>
    /// <param name="path">The lock's file.</param>
    /// <param name="limit">How long it was waited for.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Locked(string path, TimeSpan limit) => new(
        BuildxFailure.TimedOut,
        FormattableString.Invariant($"Another process has held the list of builders ({path}) for {limit.TotalSeconds:0} s."),
        "A docker buildx command is under way that waits for an engine, or hangs: end it, and try again.")
    { IsTransient = true };
}
