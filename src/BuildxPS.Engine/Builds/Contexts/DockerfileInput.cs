using System.Text;
using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>The Dockerfile of a build: a file of this machine, one that the engine finds in the context, or a text.</summary>
internal sealed record DockerfileInput
{
    /// <summary>The name that a Dockerfile has by itself.</summary>
    public const string UsualName = "Dockerfile";

    private DockerfileInput()
    {
    }

    /// <summary>Its name in its folder, or its path in a context that is no folder.</summary>
    public required string Name { get; init; }

    /// <summary>The folder that it is in; null for one that is no file of this machine.</summary>
    public string? Folder { get; private init; }

    /// <summary>Its bytes; null for one that is no text.</summary>
    public ReadOnlyMemory<byte>? Bytes { get; private init; }

    /// <summary>Where the engine fetches it; null for one that is at no address.</summary>
    public string? Address { get; private init; }

    /// <summary>Its path; null for one that is no file of this machine.</summary>
    public string? FilePath => Folder is null ? null : Path.Join(Folder, Name);

    /// <summary>Finds the Dockerfile of a request.</summary>
    /// <param name="request">The request, checked.</param>
    /// <param name="context">Its context.</param>
    /// <returns>The Dockerfile. Whether it is there was not looked at.</returns>
    public static DockerfileInput Of(BuildRequest request, MainContext context)
        => request.DockerfileText is { } text ? OfBytes(Encoding.UTF8.GetBytes(text))
            : request.DockerfilePath is { } address && BuildAddress.IsHttp(address) ? new DockerfileInput { Name = UsualName, Address = address }
            : request.DockerfilePath is { } path && Path.IsPathFullyQualified(path) ? OfFile(path)
            : context.Kind == MainContextKind.Folder ? OfFile(DefaultIn(context.Location))
            : new DockerfileInput { Name = InContext(request.DockerfilePath ?? UsualName) };

    /// <summary>A Dockerfile that is a text.</summary>
    /// <param name="bytes">The text, in UTF-8.</param>
    /// <returns>The Dockerfile.</returns>
    public static DockerfileInput OfBytes(ReadOnlyMemory<byte> bytes) => new() { Name = UsualName, Bytes = bytes };

    /// <summary>Whether the engine has to be told that it does not come with the context, which it otherwise looks into.</summary>
    /// <param name="context">The context.</param>
    /// <returns>Whether <c>dockerfilekey</c> is sent.</returns>
    public bool IsApart(MainContext context) => Bytes is not null || Address is not null || (Folder is not null && !context.IsFolder);

    /// <summary>Opens the folder that the engine reads it from.</summary>
    /// <param name="openFolder">Opens a folder of this machine.</param>
    /// <returns>Null where there is none, or not yet.</returns>
    public IFileSource? Open(Func<string, IFileSource> openFolder)
        => Folder is not null ? openFolder(Folder)
            : Bytes is { } bytes ? MemorySource.Of(Name, bytes)
            : null;

    /// <summary>Reads it for showing lines of it.</summary>
    /// <returns>Its text; null where it is not here, or cannot be read.</returns>
    public string? TryRead() => Bytes is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : FilePath is { } path ? DockerfileSearch.TryRead(path) : null;

    private static DockerfileInput OfFile(string path) => new() { Folder = Path.GetDirectoryName(path)!, Name = Path.GetFileName(path) };

    private static string DefaultIn(string context)
    {
        var usual = Path.Join(context, UsualName);
        var lower = Path.Join(context, "dockerfile");
        return !File.Exists(usual) && File.Exists(lower) ? lower : usual;
    }

    /// <summary>A path as the engine has it, which knows no other separator.</summary>
    private static string InContext(string path) => Path.DirectorySeparatorChar == '/' ? path : path.Replace(Path.DirectorySeparatorChar, '/');
}
