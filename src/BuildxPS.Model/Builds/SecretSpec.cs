using System.Net;
using System.Security;

namespace BuildxPS;

/// <summary>
/// One secret of a build: docker's <c>--secret</c>. It comes from a file, a variable of the environment, or a value that a
/// script holds. Its text form never has the value.
/// </summary>
public sealed record SecretSpec
{
    private const string Forms = "Write a secret as text ('id=token,src=token.txt' or 'id=token,env=TOKEN'), or as a hashtable "
        + "(@{ Id = 'token'; Source = 'token.txt' }, @{ Id = 'token'; Environment = 'TOKEN' }, @{ Id = 'token'; Value = $secureString }).";

    /// <summary>Characters that a SecureString holds at most.</summary>
    private const int LongestValue = 65536;

    /// <summary>The name by which a Dockerfile mounts it: <c>RUN --mount=type=secret,id=ID</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The file that holds it; null where it comes from elsewhere.</summary>
    public string? Source { get; init; }

    /// <summary>The environment variable that holds it; null where it comes from elsewhere.</summary>
    public string? Environment { get; init; }

    /// <summary>The value itself, sent as UTF-8; null where it comes from elsewhere. It stays the property of whoever made it.</summary>
    public SecureString? Value { get; init; }

    /// <summary>
    /// Whether nothing says where it comes from: then, as in buildx, from the variable that is called like it if there is
    /// one, else from the file of that name.
    /// </summary>
    public bool IsSourceImplied => Source is null && Environment is null && Value is null;

    /// <summary>Reads docker's text form: comma-separated <c>key=value</c> pairs (RFC 4180 quoting).</summary>
    /// <param name="text">For example <c>id=token,src=token.txt</c>.</param>
    /// <returns>The secret.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SecretInvalid"/>, naming the part.</exception>
    public static SecretSpec Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw Invalid("A secret is empty");
        }

        // What was written stays out of the messages: it may be the secret itself, given where its source belongs.
        if (!CommaSeparated.TryRead(text, out var fields))
        {
            throw Invalid("The text of a secret has quotes or commas that do not fit");
        }

        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var field in fields)
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw Invalid("The text of a secret has a part that is not key=value");
            }

            pairs.Add(new(field[..equals], field[(equals + 1)..]));
        }

        return From(pairs, null);
    }

    /// <summary>Makes a secret of keys and values, as a hashtable has them; keys are compared without case.</summary>
    /// <param name="pairs"><c>id</c>, <c>type</c>, <c>source</c> or <c>src</c>, <c>environment</c> or <c>env</c>.</param>
    /// <param name="value">Its value; null where it comes from a file or a variable.</param>
    /// <returns>The secret.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SecretInvalid"/>, naming the part.</exception>
    public static SecretSpec From(IEnumerable<KeyValuePair<string, string>> pairs, SecureString? value)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        string? id = null, type = null, source = null, environment = null;
        foreach (var (key, text) in pairs)
        {
            switch (key.Trim().ToLowerInvariant())
            {
                case "id":
                    id = text;
                    break;
                case "type":
                    type = text.Trim().ToLowerInvariant();
                    break;
                case "source" or "src":
                    source = text;
                    break;
                case "environment" or "env":
                    environment = text;
                    break;
                default:
                    throw Invalid("A secret has a key other than id, type, source (or src) and environment (or env)");
            }
        }

        if (string.IsNullOrEmpty(id))
        {
            throw Invalid("A secret has no id");
        }

        // A variable that a script forgot to set would else give the secret of another place.
        return source is "" || environment is ""
            ? throw Invalid($"The source of the secret '{DisplayText.Line(id)}' is empty")
            : ByType(type, new SecretSpec { Id = id, Source = source, Environment = environment, Value = value });
    }

    /// <summary>Keeps a text as a secret's value.</summary>
    /// <param name="text">The text; it stays in memory where it was.</param>
    /// <param name="id">The secret, for the error.</param>
    /// <returns>The value.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SecretTooLarge"/>.</exception>
    internal static SecureString Protect(string text, string id)
    {
        if (text.Length > LongestValue)
        {
            throw new BuildxException(
                BuildxFailure.SecretTooLarge,
                FormattableString.Invariant($"The value of the secret '{DisplayText.Line(id)}' has {text.Length} characters; a value has at most {LongestValue}."),
                "Put it into a file, and name that with Source.");
        }

        // The one way to fill a SecureString that does not go character by character.
        var value = new NetworkCredential("", text).SecurePassword;
        value.MakeReadOnly();
        return value;
    }

    /// <inheritdoc/>
    public override string ToString()
        => string.Join(',', new[] { $"id={Id}" }
            .Concat(Source is null ? [] : [$"src={Source}"])
            .Concat(Environment is null ? [] : [$"env={Environment}"])
            .Select(CommaSeparated.Quote));

    /// <summary>A type says what <c>src</c> is, or what the id is where nothing else is given.</summary>
    private static SecretSpec ByType(string? type, SecretSpec secret)
    {
        var name = DisplayText.Line(secret.Id);
        secret = type switch
        {
            null => secret,
            "file" when secret.Environment is null => secret.IsSourceImplied ? secret with { Source = secret.Id } : secret,
            "env" when secret.Environment is null => secret.Value is null ? secret with { Source = null, Environment = secret.Source ?? secret.Id } : secret,
            "env" => secret,
            "file" => throw Invalid($"The secret '{name}' is of type file and names an environment variable"),
            _ => throw Invalid($"The secret '{name}' is of type '{DisplayText.Line(type)}'; there are file and env"),
        };
        var sources = (secret.Source is null ? 0 : 1) + (secret.Environment is null ? 0 : 1) + (secret.Value is null ? 0 : 1);
        return sources > 1 || (type is not null && secret.Value is not null)
            ? throw Invalid($"The secret '{name}' comes from more than one place: give it a file, an environment variable or a value")
            : secret;
    }

    /// <summary>The failure for what is not a secret.</summary>
    /// <param name="problem">What is wrong with it.</param>
    /// <returns>The failure, with the forms that a secret may have.</returns>
    internal static BuildxException Invalid(string problem) => new(BuildxFailure.SecretInvalid, problem + ".", Forms);
}
