using System.Collections.Concurrent;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>Secrets, and which ones a build asked for in vain: an engine says only that something was not found.</summary>
internal sealed class WatchedSecrets(ISecretSource inner) : ISecretSource
{
    private const int MaxMissing = 100;

    private readonly ConcurrentDictionary<string, bool> _missing = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async ValueTask<SecretValue?> GetAsync(string id, CancellationToken cancellationToken)
    {
        var secret = await inner.GetAsync(id, cancellationToken).ConfigureAwait(false);
        if (secret is null && _missing.Count < MaxMissing)
        {
            _missing[id] = true;
        }

        return secret;
    }

    /// <summary>Says which secret a failed build needed.</summary>
    /// <param name="error">The engine's error.</param>
    /// <returns>What it is, a sentence, and what to do; null where it failed of something else.</returns>
    public (BuildxFailure Failure, string Sentence, string Advice)? Explain(string error)
    {
        // 20.10 leaves out the colon.
        var id = _missing.Keys.FirstOrDefault(i => error.Contains($"secret {i}: not found", StringComparison.Ordinal) || error.Contains($"secret {i} not found", StringComparison.Ordinal));
        if (id is null)
        {
            return null;
        }

        var shown = DisplayText.Line(id);
        return (
            BuildxFailure.SecretRequired,
            $"The build needs the secret '{shown}', which was not given",
            $"Give it with -Secret: 'id={shown},src=FILE', 'id={shown},env=VARIABLE', or @{{ Id = '{shown}'; Value = $secureString }}.");
    }
}
