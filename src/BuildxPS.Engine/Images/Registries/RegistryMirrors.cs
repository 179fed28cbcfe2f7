using System.Collections.Concurrent;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Asks a registry's mirrors before the registry. Whatever a mirror fails with, the next one is asked, and the registry has
/// the last word; one that cannot be reached is not asked again.
/// </summary>
/// <param name="options">How often and how long.</param>
internal sealed class RegistryMirrors(RegistryClientOptions options)
{
    private readonly ConcurrentDictionary<string, bool> _dead = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Asks.</summary>
    /// <param name="request">The request to the registry.</param>
    /// <param name="send">Sends a request once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The first answer of success.</returns>
    public async Task<T> AskAsync<T>(RegistryRequest request, Func<RegistryRequest, CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        foreach (var mirror in request.Mirrors.Where(m => !_dead.ContainsKey(m.Host.Authority)))
        {
            try
            {
                // Once: the registry itself is there for what a mirror cannot do at the moment.
                return await send(mirror, cancellationToken).ConfigureAwait(false);
            }
            catch (RetryableException passing)
            {
                Note(mirror, passing.Failure);
            }
            catch (BuildxException failure)
            {
                Note(mirror, failure);
            }
        }

        return await RegistryRetry.RunAsync(options, token => send(request, token), cancellationToken).ConfigureAwait(false);
    }

    private void Note(RegistryRequest mirror, BuildxException failure)
    {
        if (failure.Failure is BuildxFailure.RegistryUnreachable or BuildxFailure.NameNotResolved or BuildxFailure.TimedOut
            or BuildxFailure.RegistryPlainHttp or BuildxFailure.RegistryCertificateInvalid)
        {
            _dead[mirror.Host.Authority] = true;
        }

        options.Log?.Invoke($"The mirror {mirror.Host.Name} has no answer for '{mirror.Subject}': {failure.Message}");
    }
}
