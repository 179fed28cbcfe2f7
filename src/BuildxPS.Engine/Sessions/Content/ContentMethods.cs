using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Content;
using BuildxPS.Engine.Sessions.Files;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>
/// What a session serves of containerd's content service. Engines use Info and Read to import caches and layouts, and Write
/// to export them; of the others, those that only look are answered too.
/// </summary>
internal static class ContentMethods
{
    /// <summary>The service, as paths of methods begin.</summary>
    public const string Service = "/containerd.services.content.v1.Content/";

    /// <summary>How many entries of a list are sent at once.</summary>
    private const int ListPiece = 100;

    /// <summary>The methods for some stores.</summary>
    /// <param name="stores">The stores by name; where there are none, nothing is served.</param>
    /// <param name="onFailure">Told of failures.</param>
    /// <returns>The methods.</returns>
    public static IEnumerable<ISessionMethod> For(IReadOnlyDictionary<string, IContentStore> stores, Action<BuildxException>? onFailure = null)
    {
        if (stores.Count == 0)
        {
            return [];
        }

        var chosen = new ContentStores(stores, onFailure);
        return
        [
            new ContentMethod<InfoRequest>("Info", InfoRequest.Parser, chosen, Info),
            new ContentMethod<ListContentRequest>("List", ListContentRequest.Parser, chosen, List),
            new ContentMethod<StatusRequest>("Status", StatusRequest.Parser, chosen, Status),
            new ContentMethod<ListStatusesRequest>("ListStatuses", ListStatusesRequest.Parser, chosen, ListStatuses),
            new ContentMethod<AbortRequest>("Abort", AbortRequest.Parser, chosen, Abort),
            new ContentMethod<Empty>("Update", Empty.Parser, chosen, (_, _) => throw new SessionStatusException(StatusCode.FailedPrecondition, "the store keeps no labels")),
            new ContentMethod<Empty>("Delete", Empty.Parser, chosen, (_, _) => throw new SessionStatusException(StatusCode.PermissionDenied, "content of this client is not deleted by engines")),
            new ReadMethod(chosen),
            new WriteMethod(chosen),
        ];
    }

    /// <summary>The store, if it may be written to.</summary>
    /// <param name="store">The store that the engine named.</param>
    /// <returns>The store.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static IWritableContentStore Writable(IContentStore store)
        => store as IWritableContentStore ?? throw ContentFailures.Violation("it writes to a store that was offered for reading");

    private static IEnumerable<IMessage> Info(IContentStore store, InfoRequest request)
    {
        var digest = ContentStores.Digest(request.Digest);
        return [new InfoResponse { Info = Translate(store.Find(digest) ?? throw new ContentException(ContentFault.NotFound, $"content {digest}: not found")) }];
    }

    private static IEnumerable<IMessage> List(IContentStore store, ListContentRequest request)
    {
        RefuseFilters(request.Filters);
        return store.List().Chunk(ListPiece).Select(infos => new ListContentResponse { Info = { infos.Select(Translate) } });
    }

    private static IEnumerable<IMessage> Status(IContentStore store, StatusRequest request)
        => Unfinished(store).FirstOrDefault(s => s.Reference == request.Ref) is { } found
            ? [new StatusResponse { Status = Translate(found) }]
            : throw new ContentException(ContentFault.NotFound, $"ingest \"{TreePath.Show(request.Ref)}\": not found");

    private static IEnumerable<IMessage> ListStatuses(IContentStore store, ListStatusesRequest request)
    {
        RefuseFilters(request.Filters);
        return [new ListStatusesResponse { Statuses = { Unfinished(store).Select(Translate) } }];
    }

    private static IEnumerable<IMessage> Abort(IContentStore store, AbortRequest request)
    {
        Writable(store).Abort(request.Ref);
        return [new AbortResponse()];
    }

    private static IReadOnlyList<ContentProgress> Unfinished(IContentStore store) => (store as IWritableContentStore)?.Unfinished ?? [];

    private static void RefuseFilters(Google.Protobuf.Collections.RepeatedField<string> filters)
    {
        if (filters.Count > 0)
        {
            throw new SessionStatusException(StatusCode.Unimplemented, "filters are not supported");
        }
    }

    private static Info Translate(ContentInfo info) => new()
    {
        Digest = info.Digest.ToString(),
        Size = info.Size,
        CreatedAt = info.Created.ToTimestamp(),
        UpdatedAt = info.Created.ToTimestamp(),
    };

    private static Protocol.Content.Status Translate(ContentProgress progress) => new()
    {
        Ref = progress.Reference,
        Offset = progress.Offset,
        Total = progress.Total,
        StartedAt = progress.Started.ToTimestamp(),
        UpdatedAt = progress.Updated.ToTimestamp(),
    };
}
