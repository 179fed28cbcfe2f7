namespace BuildxPS.Engine.Sessions.Files;

/// <content>Trees that are received.</content>
internal sealed partial class LinuxFileSystem
{
    /// <inheritdoc/>
    public ITargetTree OpenTarget(string root) =>
        LinuxTargetNative.Flags is { } flags ? new LinuxTargetTree(root, flags) : new PortableTargetTree(root, this);
}
