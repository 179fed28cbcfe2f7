using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>The files that are there, for reading, with what a test makes of them.</summary>
internal sealed class FakeFiles : IFileSystem
{
    private readonly IFileSystem _files = IFileSystem.Current;

    /// <summary>Happens behind each look at an entry.</summary>
    public Action<string> AfterStatus { get; init; } = _ => { };

    /// <summary>What links lead to, by what they hold.</summary>
    public Func<string, string> Target { get; init; } = target => target;

    public bool BackslashSeparates { get; init; }

    public ISourceTree OpenTree(string root) => new PortableSourceTree(root, this);

    public FileStatus? Status(string path)
    {
        var status = _files.Status(path);
        AfterStatus(path);
        return status;
    }

    public string ReadLink(string path) => Target(_files.ReadLink(path));

    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes(string path) => _files.ExtendedAttributes(path);

    public void DemandWrite(string folder) => throw new NotSupportedException();

    public void CreateDirectory(string path) => throw new NotSupportedException();

    public void CreateSymbolicLink(string path, string target, bool isDirectory) => throw new NotSupportedException();

    public void CreateHardLink(string path, string existing) => throw new NotSupportedException();

    public void CreateSpecial(string path, FileEntry entry) => throw new NotSupportedException();

    public void Rename(string path, string newPath) => throw new NotSupportedException();

    public void SetPermissions(string folder, FileEntryMode mode) => throw new NotSupportedException();

    public void SetMetadata(string path, FileEntry entry) => throw new NotSupportedException();

    public ITargetTree OpenTarget(string root, string destination) => throw new NotSupportedException();

    public void DemandWriteFile(string file) => throw new NotSupportedException();

    public bool TryExchange(string path, string other) => throw new NotSupportedException();

    public void CopyOwner(string path, FileStatus owner) => throw new NotSupportedException();

    public bool IsOwn(FileStatus status) => _files.IsOwn(status);

    public FileStream? TryLock(string path, bool create) => throw new NotSupportedException();

    public string Machine => _files.Machine;

    public bool IsLocal(string folder) => _files.IsLocal(folder);

    public string? NameProblem(ReadOnlySpan<char> name) => null;
}
