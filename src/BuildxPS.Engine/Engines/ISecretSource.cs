namespace BuildxPS.Engine.Engines;

/// <summary>The secrets that an engine may ask for.</summary>
public interface ISecretSource
{
    /// <summary>Reads a secret, each time that an engine asks for it.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The secret, to be disposed when it was sent; null where none of that id was given.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SecretUnreadable"/> and its kin.</exception>
    ValueTask<SecretValue?> GetAsync(string id, CancellationToken cancellationToken);
}
