using System.Net;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Diagnostics.Catalogue;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Drivers;

/// <summary>Images that the daemon itself pushes.</summary>
internal sealed partial class DockerDaemon
{
    private static readonly string s_nobody = Convert.ToBase64String("{}"u8);

    /// <summary>Has the daemon push an image. It has no limit of its own: a large image over a slow line takes long.</summary>
    /// <param name="image">The image's name, with a tag.</param>
    /// <param name="login">Who asks the registry; null for nobody.</param>
    /// <param name="report">Takes what happens to a layer: its id, how many bytes of how many are there, and whether it is done.</param>
    /// <param name="cancellationToken">Gives up, and the daemon with it.</param>
    /// <returns>Digest and size of the manifest that the registry has now.</returns>
    /// <exception cref="BuildxException">The daemon, or the registry through it, refused.</exception>
    public Task<(string Digest, long? Size)> PushAsync(
        ImageReference image, RegistryCredential? login, Func<string, long, long, bool, ValueTask> report, CancellationToken cancellationToken)
        => CallAsync($"POST /images/push for {image}", async token =>
        {
            var name = (image with { Tag = null, Digest = null }).FamiliarName;
            var path = $"/images/{name}/push?tag={Uri.EscapeDataString(image.Tag ?? "latest")}";
            var header = login is null ? s_nobody : HeaderOf(login, image.Registry);
            using var response = await SendAsync(HttpMethod.Post, path, null, token, header, isStream: true).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw PushFailed(image, DockerRefusal.MessageOf(await response.Content.ReadAsStringAsync(token).ConfigureAwait(false)), response.StatusCode);
            }

            PushedJson? pushed = null;
            var layers = new HashSet<string>(StringComparer.Ordinal);
            await ReadReportAsync(
                response,
                async line =>
                {
                    if (line.Error is { } error)
                    {
                        throw PushFailed(image, DisplayText.Line(error), null);
                    }

                    pushed = line.Aux ?? pushed;
                    if (line is { Id: { Length: > 0 } id, Status: { } status }
                        && (line.ProgressDetail is { Total: > 0 } || status == "Pushed")
                        && (layers.Count < MaxLayers || layers.Contains(id)))
                    {
                        layers.Add(id);
                        await report(DisplayText.Line(id), line.ProgressDetail?.Current ?? 0, line.ProgressDetail?.Total ?? 0, status == "Pushed").ConfigureAwait(false);
                    }
                },
                token).ConfigureAwait(false);
            return Digests.IsValid(pushed?.Digest) ? (pushed!.Digest!, pushed.Size) : (await FindPushedAsync(image, header, token).ConfigureAwait(false), (long?)null);
        }, cancellationToken, Timeout.InfiniteTimeSpan);

    /// <summary>Asks the registry through the daemon what a name stands for now.</summary>
    private async Task<string> FindPushedAsync(ImageReference image, string header, CancellationToken cancellationToken)
    {
        var path = $"/distribution/{image.FamiliarName}/json";
        using var response = await SendAsync(HttpMethod.Get, path, null, cancellationToken, header).ConfigureAwait(false);
        await ThrowIfRefusedAsync(response, $"GET {path}", cancellationToken).ConfigureAwait(false);
        var found = await ReadAsync(response, DockerJsonContext.Default.DistributionJson, cancellationToken).ConfigureAwait(false);
        return found?.Descriptor?.Digest is { } digest && Digests.IsValid(digest)
            ? digest
            : throw new InvalidDataException($"it pushed {image} and does not say under which digest");
    }

    private BuildxException PushFailed(ImageReference image, string reason, HttpStatusCode? status)
    {
        var message = $"The docker daemon at {Address} could not push {image}: {reason}";
        return 0 switch
        {
            _ when FailureCatalogue.Find(reason) is ({ } failure and (BuildxFailure.RegistryPlainHttp or BuildxFailure.RegistryCertificateInvalid or BuildxFailure.NameNotResolved), var found)
                => new BuildxException(failure, message, AdviceOf(found)),
            _ when status is HttpStatusCode.Unauthorized || Has("unauthorized") || Has("denied") || Has("no basic auth credentials") || Has("authentication required") || Has("401 Unauthorized") || Has("403 Forbidden") || Has("status: 401") || Has("status: 403") => new BuildxException(
                BuildxFailure.RegistryUnauthorized,
                message,
                $"Log in with 'Connect-BuildxRegistry {(image.Registry == "docker.io" ? "" : image.Registry)}".TrimEnd() + "' as a user who may push to the repository."),
            _ when Has("connection refused") || Has("i/o timeout") || Has("no route to host") || Has("network is unreachable") || Has("connection reset") || Has("EOF") => new BuildxException(
                BuildxFailure.RegistryUnreachable,
                message,
                AdviceOf(FailureCatalogue.Of(BuildxFailure.RegistryUnreachable).Cases[0]))
            { IsTransient = true },
            _ => FailureCatalogue.Find(reason) is var (failure, known)
                ? new BuildxException(failure, message, AdviceOf(known))
                : new BuildxException(
                    BuildxFailure.RegistryError,
                    message,
                    "See the registry's answer in the message. The image is in the daemon: docker push sends it again."),
        };

        string AdviceOf(FailureCase known) => known.AdviceFor("docker", "default", image.Registry);

        bool Has(string text) => reason.Contains(text, StringComparison.Ordinal);
    }
}
