namespace BuildxPS.Engine.Images.Registries;

/// <summary>Sends again what failed for a passing reason: a few times, with growing waits, and said.</summary>
internal static class RegistryRetry
{
    /// <summary>Sends, and sends again.</summary>
    /// <param name="options">How often that may be.</param>
    /// <param name="send">Sends once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What it gave.</returns>
    public static async Task<T> RunAsync<T>(
        RegistryClientOptions options, Func<CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        for (var retry = 1; ; retry++)
        {
            RetryableException passing;
            try
            {
                return await send(cancellationToken).ConfigureAwait(false);
            }
            catch (RetryableException error)
            {
                passing = error;
            }

            await WaitAsync(options, passing, retry, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits before a request is sent again, and says so.</summary>
    /// <param name="options">How often that may be.</param>
    /// <param name="passing">What went wrong.</param>
    /// <param name="retry">Which one it is, from 1.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">No try is left, or the registry asks for too long a wait.</exception>
    public static async Task WaitAsync(RegistryClientOptions options, RetryableException passing, int retry, CancellationToken cancellationToken)
    {
        var limits = options.Limits;
        if (retry > limits.Retries)
        {
            throw passing.Failure;
        }

        if (passing.After > limits.MaxRetryAfter)
        {
            throw new BuildxException(
                passing.Failure.Failure,
                $"{passing.Failure.Message} It asks to wait {passing.After.Value.TotalSeconds:0} seconds.",
                "Try again after that time. Registries with a limit often allow more to users who are logged in.",
                passing.Failure)
            { IsTransient = true };
        }

        // No shorter than our own pace, also where the registry asks for no wait at all.
        var pace = limits.RetryDelay * Math.Pow(2, retry - 1) * (0.75 + (Random.Shared.NextDouble() / 2));
        var wait = passing.After > pace ? passing.After.Value : pace;
        options.Log?.Invoke($"{passing.Message} Trying again in {wait.TotalSeconds:0.#} s ({retry} of {limits.Retries}).");
        await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
    }
}
