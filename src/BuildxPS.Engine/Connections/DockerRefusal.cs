using System.Globalization;
using System.Text.Json;

namespace BuildxPS.Engine.Connections;

/// <summary>What a docker daemon says when it does not do what it was asked.</summary>
internal static class DockerRefusal
{
    /// <summary>The daemon's own message in the body of an answer.</summary>
    /// <param name="body">The body, or the start of it.</param>
    /// <returns>One line without control characters: the message, else the body.</returns>
    public static string MessageOf(string body) => DisplayText.Line(FindMessage(body) ?? body);

    /// <summary>The failure that an answer means.</summary>
    /// <param name="address">The daemon's address.</param>
    /// <param name="request">Method and path.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="message">What <see cref="MessageOf"/> found.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Create(string address, string request, int status, string message)
    {
        var answer = string.Create(CultureInfo.InvariantCulture, $"HTTP {status}") + (message.Length == 0 ? "" : $", {message}");
        if (status == 400 && message.Contains("HTTP request to an HTTPS server", StringComparison.Ordinal))
        {
            return new BuildxException(
                BuildxFailure.EngineCertificateInvalid,
                $"The engine at {address} wants an encrypted connection, and no certificates were given for it.",
                "Set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or use a docker context that has certificates.");
        }

        return status switch
        {
            401 or 403 => new(BuildxFailure.EngineAccessDenied,
                $"The engine at {address} refuses {request}: {answer}.", "Use an account that the engine's authorization allows to build."),
            404 or 405 or 501 => new(BuildxFailure.EngineUnsupported,
                $"What answers at {address} does not know {request}, so it has no BuildKit that can be used: {answer}.",
                "Use a docker daemon with BuildKit; other engines with a docker-like API may lack it."),
            _ => new(BuildxFailure.EngineError,
                $"The engine at {address} refused {request}: {answer}.", "See the engine's answer in the message, and the engine's own log.")
            { IsTransient = status >= 500 },
        };
    }

    private static string? FindMessage(string body)
    {
        // From the first brace to the last, so that the lengths around a chunked body do not matter.
        var start = body.IndexOf('{', StringComparison.Ordinal);
        var end = body.LastIndexOf('}');
        if (start < 0 || end < start)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(body.AsMemory(start, end - start + 1));
            return json.RootElement.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String
                ? message.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
