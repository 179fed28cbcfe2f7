namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <content>Trees that are sent.</content>
internal sealed partial class LinuxFileSystem
{
    /// <inheritdoc/>
    public ISourceTree OpenTree(string root) =>
        LinuxCalls.Current is { } calls ? new LinuxSourceTree(root, calls) : new PortableSourceTree(root, this);
}
