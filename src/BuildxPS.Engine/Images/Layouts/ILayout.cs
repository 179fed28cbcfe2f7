using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Content;

namespace BuildxPS.Engine.Images.Layouts;

/// <summary>An OCI layout for reading: a folder, or a tar of one.</summary>
internal interface ILayout : IDisposable
{
    /// <summary>Folder or file.</summary>
    string Path { get; }

    /// <summary>Which documents it holds, under which names.</summary>
    LayoutIndex Index { get; }

    /// <summary>Looks a blob up.</summary>
    /// <param name="digest">Its digest.</param>
    /// <returns>Its size; null if it is not there.</returns>
    long? SizeOf(ContentDigest digest);

    /// <summary>Opens a blob.</summary>
    /// <param name="digest">Its digest; it is there.</param>
    /// <param name="offset">Where in it to begin.</param>
    /// <returns>Its bytes from there on; asynchronous reads only.</returns>
    Stream Open(ContentDigest digest, long offset);
}
