using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BuildxPS.Engine.Sessions;

/// <summary>One call of the engine, on the features that the HTTP/2 server gives for its request.</summary>
internal sealed class SessionCall : ISessionCall
{
    private readonly IFeatureCollection _features;
    private readonly IHeaderDictionary _headers;

    public SessionCall(IFeatureCollection features, CancellationToken aborted)
    {
        _features = features;
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        _headers = request.Headers;
        Method = request.Path;
        Request = features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;
        Response = features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        Aborted = aborted;
        features.GetRequiredFeature<IHttpResponseFeature>().Headers.ContentType = "application/grpc";
    }

    /// <summary>The path of the method that is called.</summary>
    public string Method { get; }

    /// <inheritdoc/>
    public PipeReader Request { get; }

    /// <inheritdoc/>
    public PipeWriter Response { get; }

    /// <inheritdoc/>
    public CancellationToken Aborted { get; }

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> Headers
        => _headers.Select(h => KeyValuePair.Create(h.Key.ToLowerInvariant(), Values(h.Value)));

    /// <inheritdoc/>
    public IReadOnlyList<string> Header(string name) => _headers.TryGetValue(name, out var values) ? Values(values) : [];

    /// <summary>Ends the call.</summary>
    /// <param name="code">The status.</param>
    /// <param name="message">Its text.</param>
    /// <returns>A task that ends when the response is complete.</returns>
    public async Task CompleteAsync(StatusCode code, string message)
    {
        var trailers = _features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        trailers["grpc-status"] = ((int)code).ToString(CultureInfo.InvariantCulture);
        if (message.Length > 0)
        {
            trailers["grpc-message"] = EncodeMessage(message);
        }

        await _features.GetRequiredFeature<IHttpResponseBodyFeature>().CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>Encodes a status text as gRPC wants it: printable ASCII but <c>%</c> as it is, all else as <c>%XX</c>.</summary>
    /// <param name="message">The text; cut at 4 KiB, since it travels as a header.</param>
    /// <returns>The encoded text.</returns>
    internal static string EncodeMessage(string message)
    {
        const int MaxLength = 4096;
        var result = new StringBuilder();
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in message.EnumerateRunes())
        {
            if (result.Length > MaxLength)
            {
                break;
            }

            if (rune.Value is >= 0x20 and <= 0x7E and not '%')
            {
                result.Append((char)rune.Value);
                continue;
            }

            foreach (var b in bytes[..rune.EncodeToUtf8(bytes)])
            {
                result.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return result.ToString();
    }

    private static IReadOnlyList<string> Values(Microsoft.Extensions.Primitives.StringValues values)
        => [.. values.Select(v => v ?? "")];
}
