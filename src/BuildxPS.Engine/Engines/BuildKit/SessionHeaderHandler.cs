using BuildxPS.Engine.Sessions;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>
/// Sends the session's methods as separate header fields. HttpClient joins equal names into one value and the engine
/// counts fields; but a name may stand among the request's headers and again among the content's, which gives two.
/// </summary>
internal sealed class SessionHeaderHandler(HttpMessageHandler innerHandler) : DelegatingHandler(innerHandler)
{
    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not null && request.Headers.TryGetValues(SessionHeaders.Method, out var values))
        {
            var methods = values.ToList();
            if (methods.Count > 2)
            {
                methods.RemoveAll(m => !SessionHeaders.LookedUpMethods.Contains(m, StringComparer.OrdinalIgnoreCase));
            }

            request.Headers.Remove(SessionHeaders.Method);
            if (methods.Count > 0)
            {
                request.Headers.TryAddWithoutValidation(SessionHeaders.Method, methods[0]);
            }

            if (methods.Count > 1)
            {
                request.Content.Headers.TryAddWithoutValidation(SessionHeaders.Method, methods[1]);
            }
        }

        return base.SendAsync(request, cancellationToken);
    }
}
