namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <content>Trees that are received.</content>
internal sealed partial class LinuxFileSystem
{
    /// <inheritdoc/>
    public ITargetTree OpenTarget(string root, string destination) =>
        LinuxCalls.Current is { } calls ? new LinuxTargetTree(root, destination, calls) : new PortableTargetTree(root, this);
}
