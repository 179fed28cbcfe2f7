namespace BuildxPS.Engine.Sessions.Files;

/// <content>Trees that are received.</content>
internal sealed partial class LinuxFileSystem
{
    /// <inheritdoc/>
    public ITargetTree OpenTarget(string root, string destination) =>
        LinuxTargetNative.Flags is { } flags ? new LinuxTargetTree(root, destination, flags) : new PortableTargetTree(root, this);
}
