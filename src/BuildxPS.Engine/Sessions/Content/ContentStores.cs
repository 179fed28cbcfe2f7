using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>The stores of a build, and how what happens in them becomes the status of a call.</summary>
/// <param name="stores">The stores by name.</param>
/// <param name="onFailure">Told of failures; null tells no one.</param>
internal sealed class ContentStores(IReadOnlyDictionary<string, IContentStore> stores, Action<BuildxException>? onFailure)
{
    private const string StoreId = "buildkit-attachable-store-id";

    /// <summary>Does a call's work on the store that it names.</summary>
    /// <param name="call">The call.</param>
    /// <param name="work">The work.</param>
    /// <returns>A task.</returns>
    /// <exception cref="SessionStatusException">The call ends with that status.</exception>
    public async Task RunAsync(ISessionCall call, Func<IContentStore, Task> work)
    {
        var store = Choose(call);
        try
        {
            await work(store).ConfigureAwait(false);
        }
        catch (ContentException e)
        {
            throw new SessionStatusException(ContentFailures.CodeOf(e.Fault), e.Message);
        }
        catch (BuildxException e) when (!call.Aborted.IsCancellationRequested)
        {
            // Not as the status' cause: the engine may go on without this content, and then it is no failure of the session.
            onFailure?.Invoke(e);
            throw new SessionStatusException(e.Failure == BuildxFailure.DigestMismatch ? StatusCode.DataLoss : StatusCode.Unknown, e.Message);
        }
    }

    /// <summary>Reads a digest that the engine sent.</summary>
    /// <param name="text">Its text.</param>
    /// <returns>The digest.</returns>
    /// <exception cref="SessionStatusException">It is none.</exception>
    public static ContentDigest Digest(string text)
        => ContentDigest.TryParse(text, out var digest)
            ? digest
            : throw new SessionStatusException(StatusCode.InvalidArgument, $"\"{TreePath.Show(text)}\" is not a digest");

    private IContentStore Choose(ISessionCall call)
    {
        if (call.Header(StoreId) is not [var id, ..])
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, $"the request has no {StoreId}");
        }

        return stores.TryGetValue(id, out var store)
            ? store
            : throw new SessionStatusException(StatusCode.NotFound, $"there is no store \"{TreePath.Show(id)}\"");
    }
}
