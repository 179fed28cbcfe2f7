using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Uploads;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>Where the files of a build come from.</summary>
internal enum MainContextKind
{
    /// <summary>A folder of this machine.</summary>
    Folder,

    /// <summary>An address that the engine fetches.</summary>
    Address,

    /// <summary>An archive that this client sends and the engine unpacks.</summary>
    Archive,

    /// <summary>There are none.</summary>
    Empty,
}

/// <summary>The build context of a request.</summary>
internal sealed record MainContext
{
    private MainContext()
    {
    }

    /// <summary>What it is.</summary>
    public required MainContextKind Kind { get; init; }

    /// <summary>The folder's path or the address; else empty.</summary>
    public required string Location { get; init; }

    /// <summary>The address, taken apart; null for other kinds.</summary>
    public BuildAddress? Address { get; private init; }

    /// <summary>The archive; null for other kinds.</summary>
    public ContextArchive? Archive { get; private init; }

    /// <summary>What the engine asks for the archive by.</summary>
    public string UploadId { get; } = BuildReference.Create();

    /// <summary>Whether the engine reads it from this client as a folder, and so with the Dockerfile beside it.</summary>
    public bool IsFolder => Kind is MainContextKind.Folder or MainContextKind.Empty;

    /// <summary>The frontend's attribute that names it; null for a folder of this client.</summary>
    public string? Attribute => Kind switch
    {
        MainContextKind.Address => Location,
        MainContextKind.Archive => UploadMethod.Address + UploadId,
        _ => null,
    };

    /// <summary>Finds the context of a request.</summary>
    /// <param name="request">The request, checked.</param>
    /// <returns>The context.</returns>
    /// <exception cref="BuildxException">The address is wrong.</exception>
    public static MainContext Of(BuildRequest request)
        => request.ContextArchive is { } archive ? new MainContext { Kind = MainContextKind.Archive, Location = "", Archive = archive }
            : request.ContextPath.Length == 0 ? new MainContext { Kind = MainContextKind.Empty, Location = "" }
            : BuildAddress.IsAddress(request.ContextPath) ? new MainContext
            {
                Kind = MainContextKind.Address,
                Location = request.ContextPath,
                Address = BuildAddress.Parse(request.ContextPath, "The build context"),
            }
            : new MainContext { Kind = MainContextKind.Folder, Location = request.ContextPath };

    /// <summary>Opens the folder that the engine reads.</summary>
    /// <param name="openFolder">Opens a folder of this machine.</param>
    /// <returns>Null where there is none.</returns>
    public IFileSource? Open(Func<string, IFileSource> openFolder) => Kind switch
    {
        MainContextKind.Folder => openFolder(Location),
        MainContextKind.Empty => MemorySource.Empty(),
        _ => null,
    };
}
