using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>A registry's word on where its tokens come from.</summary>
/// <param name="Scheme">How the registry was asked.</param>
/// <param name="Realm">The token service's address.</param>
/// <param name="Service">What the registry is to it.</param>
internal sealed record TokenChallenge(string Scheme, string Realm, string Service)
{
    /// <summary>Finds it in a refusal.</summary>
    /// <param name="response">The refusal.</param>
    /// <param name="scheme">How the registry was asked.</param>
    /// <returns>Null where the registry gives no access by tokens.</returns>
    public static TokenChallenge? Find(HttpResponseMessage response, string scheme)
        => AuthenticateChallenge.Parse(response).FirstOrDefault(c => c.IsBearer) is { } bearer && bearer.Parameter("realm") is { Length: > 0 } realm
            ? new TokenChallenge(scheme, realm, bearer.Parameter("service") ?? "")
            : null;

    /// <summary>Whether an engine means this one.</summary>
    /// <param name="request">What the engine says.</param>
    /// <returns>Whether address and service are the same, letter by letter.</returns>
    public bool Is(TokenRequest request) => Realm == request.Realm && Service == request.Service;
}
