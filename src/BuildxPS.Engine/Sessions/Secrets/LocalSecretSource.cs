using System.Security;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Secrets;

/// <summary>Secrets of this client: files, variables of the environment, and values that a script holds.</summary>
internal sealed class LocalSecretSource : ISecretSource
{
    /// <summary>Most bytes of a secret, as in buildx. Engines take no more than their messages hold.</summary>
    public const int MaxLength = 500 * 1024;

    private readonly Dictionary<string, SecretSpec> _secrets = new(StringComparer.Ordinal);
    private readonly ClientEnvironment _environment;

    private LocalSecretSource(ClientEnvironment environment) => _environment = environment;

    /// <summary>What a user should know before the build: secrets that are empty.</summary>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>Looks at secrets without keeping what is in them.</summary>
    /// <param name="secrets">The secrets; of equal ids the last counts, as in buildx.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The source.</returns>
    /// <exception cref="BuildxException">One is not there, cannot be read, or is too large.</exception>
    public static LocalSecretSource Open(IReadOnlyList<SecretSpec> secrets, ClientEnvironment environment)
    {
        var source = new LocalSecretSource(environment);
        foreach (var secret in secrets)
        {
            source._secrets[secret.Id] = secret;
        }

        source.Warnings = [.. source._secrets.Values.Select(source.Check).OfType<string>()];
        return source;
    }

    /// <inheritdoc/>
    public async ValueTask<SecretValue?> GetAsync(string id, CancellationToken cancellationToken) => _secrets.GetValueOrDefault(id) switch
    {
        null => null,
        { Value: { } value } => SecretText.Read(value, id),
        { Source: { } path } => await SecretFile.ReadAsync(path, id, cancellationToken).ConfigureAwait(false),
        { } secret => SecretText.Read(Variable(secret), id),
    };

    /// <returns>A warning; null where there is nothing to say.</returns>
    private string? Check(SecretSpec secret)
    {
        var (isEmpty, origin) = secret switch
        {
            { Value: { } value } => (Measure(value, secret.Id) == 0, "value"),
            { Source: { } path } => (SecretFile.Check(path, secret.Id) == 0, $"file '{path}'"),
            _ => (SecretText.Measure(Variable(secret), secret.Id) == 0, $"environment variable '{secret.Environment}'"),
        };
        return isEmpty ? $"The secret '{DisplayText.Line(secret.Id)}' is empty: there is nothing in its {origin}." : null;
    }

    private static int Measure(SecureString value, string id)
    {
        using var bytes = SecretText.Read(value, id);
        return bytes.Length;
    }

    private string Variable(SecretSpec secret)
        => _environment.Variables.TryGetValue(secret.Environment!, out var value)
            ? value
            : throw new BuildxException(
                BuildxFailure.SecretNotFound,
                $"The secret '{DisplayText.Line(secret.Id)}' comes from the environment variable '{DisplayText.Line(secret.Environment!)}', which is not set.",
                "Set the variable before the build, or give the secret with -Secret from a file or as a value.");
}
