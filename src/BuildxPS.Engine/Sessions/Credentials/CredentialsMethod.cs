using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>Gives the engine the login for a registry that it wants to pull from or push to.</summary>
/// <param name="source">Where logins come from.</param>
/// <param name="log">Told which registry's login was handed out, without it; null tells no one.</param>
internal sealed class CredentialsMethod(ICredentialSource source, Action<string>? log = null) : ISessionMethod
{
    private const int MaxHostLength = 300;

    /// <inheritdoc/>
    public string Path => "/moby.filesync.v1.Auth/Credentials";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var host = await ReadHostAsync(call).ConfigureAwait(false);
        RegistryCredential? credential;
        try
        {
            credential = await source.GetAsync(host, call.Aborted).ConfigureAwait(false);
        }
        catch (BuildxException error)
        {
            // The engine fails the build with this text; its cause and advice are as a user needs them.
            throw new SessionStatusException(StatusCode.FailedPrecondition, $"{error.Message} {error.Advice}", error);
        }

        if (credential is { Secret.Length: > 0 })
        {
            log?.Invoke($"The engine was given the login for {host} ({credential.Description}).");
        }

        await WriteAsync(call, Answer(credential)).ConfigureAwait(false);
    }

    private static CredentialsResponse Answer(RegistryCredential? credential) => credential switch
    {
        null => new CredentialsResponse(),
        { IdentityToken.Length: > 0 } => new CredentialsResponse { Secret = credential.IdentityToken },
        _ => new CredentialsResponse { Username = credential.Username, Secret = credential.Password },
    };

    private static async Task<string> ReadHostAsync(ISessionCall call)
    {
        var bytes = await GrpcMessage.ReadSingleAsync(call.Request, call.Aborted).ConfigureAwait(false);
        try
        {
            var host = CredentialsRequest.Parser.ParseFrom(bytes).Host;

            // It is looked up as a key and goes to a helper's input, so it has to be a host and nothing more.
            return host.Length is > 0 and <= MaxHostLength && !host.Any(c => c is <= ' ' or '/' or '\\' or '@' or '\x7f')
                ? host
                : throw new SessionStatusException(StatusCode.InvalidArgument, "the host is not a registry's");
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, "malformed request", error);
        }
    }

    private static async Task WriteAsync(ISessionCall call, CredentialsResponse answer)
    {
        var length = answer.CalculateSize();
        var buffer = call.Response.GetMemory(GrpcMessage.HeaderLength + length);
        GrpcMessage.WriteHeader(buffer.Span, length);
        answer.WriteTo(buffer.Span.Slice(GrpcMessage.HeaderLength, length));
        call.Response.Advance(GrpcMessage.HeaderLength + length);
        await call.Response.FlushAsync(call.Aborted).ConfigureAwait(false);
    }
}
