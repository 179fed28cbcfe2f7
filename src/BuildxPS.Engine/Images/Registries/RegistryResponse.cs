using System.Globalization;
using System.Net;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>A registry's answer with a status of success; its body was not read yet.</summary>
internal sealed class RegistryResponse(HttpResponseMessage message, RegistryRequest request, RegistryLimits limits)
{
    /// <summary>The media type that the registry states, without parameters; null where it states none.</summary>
    public string? MediaType
        => Header("Content-Type") is { } text ? text.Split(';')[0].Trim().ToLowerInvariant() : null;

    /// <summary>The digest that the registry states; null where it states none.</summary>
    public string? Digest => Header("Docker-Content-Digest");

    /// <summary>The status.</summary>
    public HttpStatusCode Status => message.StatusCode;

    /// <summary>Where the answer came from.</summary>
    public Uri Address => message.RequestMessage!.RequestUri!;

    /// <summary>The body's length as stated; null where it is not.</summary>
    public long? Length => message.Content.Headers.ContentLength;

    /// <summary>Reads a whole body into memory.</summary>
    /// <param name="limit">Most bytes that it may have.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The body.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/> for a body that is too large.</exception>
    public Task<byte[]> ReadAsync(int limit, CancellationToken cancellationToken) => BoundedBody.ReadAsync(
        message.Content,
        limit,
        limits.SmallBody,
        () => new BuildxException(
            BuildxFailure.ImageInvalid,
            $"What {request.Host.Name} sent for '{request.Subject}' is larger than {ByteSize.Format(limit)}.",
            "No image has a document of that size: check that the reference names an image."),
        cancellationToken);

    /// <summary>Opens the body. The caller disposes the stream, and with it the response.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The body.</returns>
    public Task<Stream> OpenAsync(CancellationToken cancellationToken) => message.Content.ReadAsStreamAsync(cancellationToken);

    /// <summary>A header's first value; null where it is not there.</summary>
    public string? Header(string name)
        => message.Headers.NonValidated.TryGetValues(name, out var values) || message.Content.Headers.NonValidated.TryGetValues(name, out values)
            ? string.Create(CultureInfo.InvariantCulture, $"{values.First()}").Trim()
            : null;
}
