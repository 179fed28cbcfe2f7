using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>
/// This machine's file system, but one that fails when a test wants it to, or lacks what others lack. It can also be the last
/// that a process sees: as if that was killed between two calls to the system.
/// </summary>
internal sealed class FakeFileSystem : IFileSystem
{
    private readonly IFileSystem _inner = IFileSystem.Current;
    private readonly List<FileStream> _locks = [];

    /// <summary>Called before each change with its number, counted from one; it may throw.</summary>
    public Action<int> Changing { get; set; } = _ => { };

    public int Changes { get; private set; }

    public bool CanExchange { get; init; } = true;

    public bool CanLink { get; init; } = true;

    public bool IsShared { get; init; }

    /// <summary>Whether a name that was made is found in the other case as well.</summary>
    public bool IsCaseInsensitive { get; init; }

    public string Machine { get; init; } = IFileSystem.Current.Machine;

    /// <summary>What a name is refused for.</summary>
    public Func<string, string?>? Refuse { get; init; }

    /// <summary>From now on it is as if this process was killed before its next change, and only then.</summary>
    public void DieAt(int change)
    {
        Changes = 0;
        Changing = n =>
        {
            if (n >= change)
            {
                Release();
                throw new FakeDeathException();
            }
        };
    }

    /// <summary>From now on one change fails, and those after it succeed.</summary>
    public void FailAt(int change, Func<Exception> failure)
    {
        Changes = 0;
        Changing = n =>
        {
            if (n == change)
            {
                throw failure();
            }
        };
    }

    /// <summary>Lets go of the locks, as the system does with those of a process that is gone.</summary>
    public void Release() => _locks.ForEach(l => l.Dispose());

    public ISourceTree OpenTree(string root) => _inner.OpenTree(root);

    public FileStatus? Status(string path) => _inner.Status(path);

    public string ReadLink(string path) => _inner.ReadLink(path);

    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes(string path) => _inner.ExtendedAttributes(path);

    public void DemandWrite(string folder) => _inner.DemandWrite(folder);

    public void DemandWriteFile(string file) => _inner.DemandWriteFile(file);

    public void CreateDirectory(string path) => Make(path, () => _inner.CreateDirectory(path));

    public void CreateSymbolicLink(string path, string target, bool isDirectory) => Make(path, () => _inner.CreateSymbolicLink(path, target, isDirectory));

    public void CreateHardLink(string path, string existing) =>
        Make(path, () => _inner.CreateHardLink(path, CanLink ? existing : throw new IOException("Operation not supported", 95)));

    public void CreateSpecial(string path, FileEntry entry) => Make(path, () => _inner.CreateSpecial(path, entry));

    public void Rename(string path, string newPath) => Change(() => _inner.Rename(path, newPath));

    public bool TryExchange(string path, string other)
    {
        var done = false;
        Change(() => done = CanExchange && _inner.TryExchange(path, other));
        return done;
    }

    public void SetPermissions(string folder, FileEntryMode mode) => Change(() => _inner.SetPermissions(folder, mode));

    public void SetMetadata(string path, FileEntry entry) => Change(() => _inner.SetMetadata(path, entry));

    public ITargetTree OpenTarget(string root, string destination) => new PortableTargetTree(root, this);

    public void CopyOwner(string path, FileStatus owner) => Change(() => _inner.CopyOwner(path, owner));

    public bool IsOwn(FileStatus status) => _inner.IsOwn(status);

    public FileStream? TryLock(string path, bool create)
    {
        var file = _inner.TryLock(path, create);
        if (file is not null)
        {
            _locks.Add(file);
        }

        return file;
    }

    public bool IsLocal(string folder) => !IsShared && _inner.IsLocal(folder);

    public string? NameProblem(ReadOnlySpan<char> name) => Refuse is null ? _inner.NameProblem(name) : Refuse(name.ToString());

    private void Make(string path, Action make)
    {
        Change(make);
        if (IsCaseInsensitive && Path.GetFileName(path) is [var letter] && char.IsLetter(letter))
        {
            var twin = char.IsLower(letter) ? char.ToUpperInvariant(letter) : char.ToLowerInvariant(letter);
            _inner.CreateSymbolicLink(Path.Join(Path.GetDirectoryName(path), $"{twin}"), path, isDirectory: false);
        }
    }

    private void Change(Action change)
    {
        Changing(++Changes);
        change();
    }
}

/// <summary>The end of a process, as far as one can be played inside another one: nothing catches it, nothing cleans up.</summary>
internal sealed class FakeDeathException : Exception;
