namespace BuildxPS;

/// <summary>A tar archive, compressed or not, that is a build context. The engine unpacks it.</summary>
public sealed class ContextArchive
{
    private readonly Func<Stream> _open;
    private int _opened;

    /// <summary>Names an archive. Nothing is read.</summary>
    /// <param name="name">What it is, for messages: a file's path, for example.</param>
    /// <param name="open">Opens it; the build disposes what this gives.</param>
    /// <param name="canReopen">Whether it can be opened again, also while it is open.</param>
    public ContextArchive(string name, Func<Stream> open, bool canReopen)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(open);
        Name = name;
        _open = open;
        CanReopen = canReopen;
    }

    /// <summary>What it is, for messages.</summary>
    public string Name { get; }

    /// <summary>Whether it can be opened again, also while it is open.</summary>
    public bool CanReopen { get; }

    /// <summary>Opens the archive for reading it once, from its beginning.</summary>
    /// <returns>Its bytes.</returns>
    /// <exception cref="InvalidOperationException">It was read before and cannot be read again.</exception>
    public Stream OpenRead()
        => Interlocked.Exchange(ref _opened, 1) == 0 || CanReopen
            ? _open()
            : throw new InvalidOperationException("it was read before, and cannot be read again");

    /// <inheritdoc/>
    public override string ToString() => Name;
}
