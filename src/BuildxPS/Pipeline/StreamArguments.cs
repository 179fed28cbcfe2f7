using System.Collections;
using System.Management.Automation;
using BuildxPS.Engine.Builds.Contexts;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for a stream: an open one, bytes, a file, or text.</summary>
internal static class StreamArguments
{
    /// <summary>Gives a build a stream that is its context, or its Dockerfile.</summary>
    /// <param name="request">The build.</param>
    /// <param name="input">What the user gave.</param>
    /// <param name="resolve">Makes a path absolute.</param>
    /// <param name="name">What it is, as the subject of a sentence.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The request.</returns>
    /// <exception cref="BuildxException">It cannot be read, or is neither.</exception>
    public static Task<BuildRequest> ReadAsync(BuildRequest request, object input, Func<string, string> resolve, string name, CancellationToken cancellationToken)
        => Find(input, resolve) switch
        {
            FileInfo file => ContextInput.ReadFileAsync(request, file.FullName, cancellationToken),
            byte[] bytes => ContextInput.ReadAsync(request, name, () => new MemoryStream(bytes, writable: false), canReopen: true, cancellationToken),
            Stream stream => ContextInput.ReadAsync(request, name, () => stream, canReopen: false, cancellationToken),
            var other => throw Refused(name, other),
        };

    /// <summary>Reads a stream that is a Dockerfile.</summary>
    /// <param name="input">What the user gave.</param>
    /// <param name="resolve">Makes a path absolute.</param>
    /// <param name="name">What it is, as the subject of a sentence.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its text.</returns>
    /// <exception cref="BuildxException">It cannot be read, or is no Dockerfile.</exception>
    public static Task<string> ReadDockerfileAsync(object input, Func<string, string> resolve, string name, CancellationToken cancellationToken)
        => Find(input, resolve) switch
        {
            FileInfo file => ContextInput.ReadDockerfileAsync($"The file '{file.FullName}'", file.OpenRead, leaveOpen: false, cancellationToken),
            byte[] bytes => ContextInput.ReadDockerfileAsync(name, () => new MemoryStream(bytes, writable: false), leaveOpen: false, cancellationToken),
            Stream stream => ContextInput.ReadDockerfileAsync(name, () => stream, leaveOpen: true, cancellationToken),
            var other => throw Refused(name, other),
        };

    private static object? Find(object input, Func<string, string> resolve) => PairArguments.Unwrap(input) switch
    {
        string path => new FileInfo(resolve(path)),
        byte one => new[] { one },
        // As Get-Content -AsByteStream gives them.
        IList list when list is not byte[] && list.Cast<object?>().All(o => PairArguments.Unwrap(o) is byte) => LanguagePrimitives.ConvertTo<byte[]>(input),
        var other => other,
    };

    private static BuildxException Refused(string name, object? value) => new(
        BuildxFailure.ArgumentInvalid,
        $"{name} is of type {value?.GetType().Name ?? "null"}, which is no archive and no Dockerfile.",
        "Give an open stream, bytes, the path of a file, or a FileInfo.");
}
