using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>
/// The calls by which a client fetches tokens itself, so that passwords stay with it. They take an ed25519 signature,
/// which this client does not make: <c>Unavailable</c> is the one answer after which engines ask for the login instead;
/// any other fails the push.
/// </summary>
internal sealed class TokenAuthorityMethod : ISessionMethod
{
    private TokenAuthorityMethod(string name) => Path = "/moby.filesync.v1.Auth/" + name;

    /// <summary>All of these calls.</summary>
    public static IReadOnlyList<ISessionMethod> All { get; } =
        [new TokenAuthorityMethod("GetTokenAuthority"), new TokenAuthorityMethod("VerifyTokenAuthority"), new TokenAuthorityMethod("FetchToken")];

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public Task InvokeAsync(ISessionCall call)
        => Task.FromException(new SessionStatusException(StatusCode.Unavailable, "this client does not fetch tokens itself"));
}
