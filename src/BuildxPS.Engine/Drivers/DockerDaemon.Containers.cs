using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using BuildxPS.Engine.Connections;
using Docker.DotNet.Models;

namespace BuildxPS.Engine.Drivers;

/// <summary>The daemon's containers. What every build asks goes without the docker client, whose first use costs a tenth of a second.</summary>
internal sealed partial class DockerDaemon
{
    private static readonly byte[] s_attach = """{"Detach":false,"Tty":false}"""u8.ToArray();
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(40);

    /// <summary>How a container stands.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where there is none of that name.</returns>
    public Task<ContainerJson?> FindContainerAsync(string name, CancellationToken cancellationToken)
        => FindAsync($"/containers/{Uri.EscapeDataString(name)}/json", DockerJsonContext.Default.ContainerJson, cancellationToken);

    /// <summary>Whether the daemon has an image of its own.</summary>
    /// <param name="image">The reference.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where it would have to be pulled.</returns>
    public Task<bool> HasImageAsync(ImageReference image, CancellationToken cancellationToken)
        => ExistsAsync($"/images/{image}/json", cancellationToken);

    /// <summary>Whether there is a volume.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it is there.</returns>
    public Task<bool> HasVolumeAsync(string name, CancellationToken cancellationToken)
        => ExistsAsync($"/volumes/{Uri.EscapeDataString(name)}", cancellationToken);

    /// <summary>What the daemon says about its machine.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer.</returns>
    public async Task<SystemInfoResponse> GetInfoAsync(CancellationToken cancellationToken)
    {
        var client = await GetClientAsync(cancellationToken).ConfigureAwait(false);
        return await CallAsync("GET /info", client.System.GetSystemInfoAsync, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lists the containers that have a label, whether they run or not.</summary>
    /// <param name="label">The label's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The containers.</returns>
    public async Task<IList<ContainerListResponse>> ListContainersAsync(string label, CancellationToken cancellationToken)
    {
        var client = await GetClientAsync(cancellationToken).ConfigureAwait(false);
        var parameters = new ContainersListParameters
        {
            All = true,
            Filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { [label] = true } },
        };
        return await CallAsync("GET /containers/json", token => client.Containers.ListContainersAsync(parameters, token), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Creates a container.</summary>
    /// <param name="parameters">What it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where there is one of that name already.</returns>
    public async Task<bool> CreateContainerAsync(CreateContainerParameters parameters, CancellationToken cancellationToken)
    {
        var client = await GetClientAsync(cancellationToken).ConfigureAwait(false);
        return await CallAsync(
            "POST /containers/create",
            async token =>
            {
                try
                {
                    await client.Containers.CreateContainerAsync(parameters, token).ConfigureAwait(false);
                    return true;
                }
                catch (Docker.DotNet.DockerApiException e) when (e.StatusCode == HttpStatusCode.Conflict)
                {
                    return false;
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Unpacks a tar into a container's folder.</summary>
    /// <param name="name">The container.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="tar">The tar.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task UploadAsync(string name, string folder, Stream tar, CancellationToken cancellationToken)
    {
        var client = await GetClientAsync(cancellationToken).ConfigureAwait(false);
        await CallAsync(
            $"PUT /containers/{name}/archive",
            async token =>
            {
                await client.Containers.ExtractArchiveToContainerAsync(name, new CopyToContainerParameters { Path = folder }, tar, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Starts a container; nothing happens where it runs.</summary>
    /// <param name="name">The container.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public Task StartContainerAsync(string name, CancellationToken cancellationToken)
        => ChangeAsync(HttpMethod.Post, $"/containers/{Uri.EscapeDataString(name)}/start", _timeout, cancellationToken);

    /// <summary>Stops a container; nothing happens where it does not run or is not there.</summary>
    /// <param name="name">The container.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public Task StopContainerAsync(string name, CancellationToken cancellationToken)
        => ChangeAsync(HttpMethod.Post, $"/containers/{Uri.EscapeDataString(name)}/stop", s_stopLimit, cancellationToken, mayBeMissing: true);

    /// <summary>Removes a container whether it runs or not, with its nameless volumes; nothing happens where it is not there.</summary>
    /// <param name="name">The container.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public Task RemoveContainerAsync(string name, CancellationToken cancellationToken)
        => ChangeAsync(HttpMethod.Delete, $"/containers/{Uri.EscapeDataString(name)}?force=1&v=1", s_stopLimit, cancellationToken, mayBeMissing: true);

    /// <summary>Removes a volume; nothing happens where it is not there.</summary>
    /// <param name="name">The volume.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public Task RemoveVolumeAsync(string name, CancellationToken cancellationToken)
        => ChangeAsync(HttpMethod.Delete, $"/volumes/{Uri.EscapeDataString(name)}?force=1", s_stopLimit, cancellationToken, mayBeMissing: true);

    /// <summary>The last lines that a container wrote to one of its streams.</summary>
    /// <param name="name">The container.</param>
    /// <param name="errors">Standard error, and not standard output.</param>
    /// <param name="count">How many lines at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The lines, without escape codes.</returns>
    public Task<IReadOnlyList<string>> GetLastLinesAsync(string name, bool errors, int count, CancellationToken cancellationToken)
        => CallAsync($"GET /containers/{name}/logs", async token =>
        {
            // The daemon counts the lines of both streams, and leaves out the other's afterwards.
            var path = $"/containers/{Uri.EscapeDataString(name)}/logs?{(errors ? "stderr" : "stdout")}=1&tail=1000";
            using var response = await SendAsync(HttpMethod.Get, path, null, token).ConfigureAwait(false);
            await ThrowIfRefusedAsync(response, $"GET {path}", token).ConfigureAwait(false);
            var content = await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false);
            await using (content.ConfigureAwait(false))
            {
                return (IReadOnlyList<string>)[.. (await ContainerLog.ReadTailAsync(content, token).ConfigureAwait(false)).Split('\n').Where(l => l.Length > 0).TakeLast(count)];
            }
        }, cancellationToken);

    /// <summary>Starts a command in a container, with its input and output attached.</summary>
    /// <param name="container">The container.</param>
    /// <param name="command">The command and its arguments.</param>
    /// <param name="expectsText">Whether its output is text, and not gRPC.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The command; whoever gets it disposes its stream.</returns>
    public async Task<ContainerExec> ExecuteAsync(string container, IReadOnlyList<string> command, bool expectsText, CancellationToken cancellationToken)
    {
        var failures = new ExecFailures(Address, container, string.Join(' ', command), expectsText);
        var id = await CreateExecAsync(container, command, failures, cancellationToken).ConfigureAwait(false);
        var tunnel = await ConnectionUpgrade.OpenAsync(
            Connector,
            new UpgradeRequest
            {
                Path = await VersionedAsync($"/exec/{Uri.EscapeDataString(id)}/start", cancellationToken).ConfigureAwait(false),
                Protocol = "tcp",
                JsonBody = s_attach,
                AcceptsOk = true,
            },
            cancellationToken).ConfigureAwait(false);
        return new ContainerExec(id, new ExecStream(tunnel, failures));
    }

    /// <summary>Runs a command in a container to its end.</summary>
    /// <param name="container">The container.</param>
    /// <param name="command">The command and its arguments.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How it ended.</returns>
    public async Task<ContainerExecResult> RunAsync(string container, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var exec = await ExecuteAsync(container, command, expectsText: true, cancellationToken).ConfigureAwait(false);
        var output = new TextTail();
        await using (exec.Stream.ConfigureAwait(false))
        {
            var buffer = new byte[4096];
            int read;
            while ((read = await exec.Stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                output.Add(buffer.AsSpan(0, read));
            }
        }

        var state = await FindAsync($"/exec/{Uri.EscapeDataString(exec.Id)}/json", DockerJsonContext.Default.ExecStateJson, cancellationToken).ConfigureAwait(false);
        return new ContainerExecResult(state?.ExitCode ?? -1, output.ToString(), exec.Stream.Log);
    }

    private Task<string> CreateExecAsync(string container, IReadOnlyList<string> command, ExecFailures failures, CancellationToken cancellationToken)
        => CallAsync($"POST /containers/{container}/exec", async token =>
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(new ExecCreateJson { Cmd = command }, DockerJsonContext.Default.ExecCreateJson);
            using var response = await SendAsync(HttpMethod.Post, $"/containers/{Uri.EscapeDataString(container)}/exec", body, token).ConfigureAwait(false);
            switch (response.StatusCode)
            {
                case HttpStatusCode.NotFound:
                    throw failures.NoContainer();
                case HttpStatusCode.Conflict:
                    throw failures.NotRunning(DockerRefusal.MessageOf(await response.Content.ReadAsStringAsync(token).ConfigureAwait(false)));
            }

            await ThrowIfRefusedAsync(response, $"POST /containers/{container}/exec", token).ConfigureAwait(false);
            var created = await ReadAsync(response, DockerJsonContext.Default.ExecCreatedJson, token).ConfigureAwait(false);
            return created?.Id is { Length: > 0 and <= 128 } id ? id : throw new InvalidDataException("it created an exec without an id");
        }, cancellationToken);

    private Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
        => CallAsync($"GET {path}", async token =>
        {
            using var response = await SendAsync(HttpMethod.Get, path, null, token).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            await ThrowIfRefusedAsync(response, $"GET {path}", token).ConfigureAwait(false);
            return await ReadAsync(response, type, token).ConfigureAwait(false);
        }, cancellationToken);

    private Task<bool> ExistsAsync(string path, CancellationToken cancellationToken)
        => CallAsync($"GET {path}", async token =>
        {
            using var response = await SendAsync(HttpMethod.Get, path, null, token).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return false;
            }

            await ThrowIfRefusedAsync(response, $"GET {path}", token).ConfigureAwait(false);
            return true;
        }, cancellationToken);

    private Task<bool> ChangeAsync(HttpMethod method, string path, TimeSpan limit, CancellationToken cancellationToken, bool mayBeMissing = false)
        => CallAsync($"{method} {path}", async token =>
        {
            using var response = await SendAsync(method, path, null, token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.NotModified && !(mayBeMissing && response.StatusCode == HttpStatusCode.NotFound))
            {
                await ThrowIfRefusedAsync(response, $"{method} {path}", token).ConfigureAwait(false);
            }

            return true;
        }, cancellationToken, limit);

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, byte[]? json, CancellationToken cancellationToken, string? registryLogin = null, bool isStream = false)
    {
        using var request = new HttpRequestMessage(method, await VersionedAsync(path, cancellationToken).ConfigureAwait(false));
        if (json is not null)
        {
            request.Content = new ByteArrayContent(json) { Headers = { ContentType = new("application/json") } };
        }

        request.Options.Set(BoundedResponseHandler.IsStream, isStream);
        if (registryLogin is not null)
        {
            request.Headers.Add("X-Registry-Auth", registryLogin);
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
    }

    private async Task ThrowIfRefusedAsync(HttpResponseMessage response, string request, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            throw Refused(request, (int)response.StatusCode, DockerRefusal.MessageOf(body));
        }
    }

    // Of containers and images a daemon's 404 says that they are missing, not that it lacks BuildKit.
    private BuildxException Refused(string request, int status, string message) => status == 404
        ? new BuildxException(
            BuildxFailure.EngineError,
            $"The engine at {Address} refused {request}: HTTP 404, {message}.",
            "See the engine's answer in the message; what it names was removed, or is not there yet.")
        : DockerRefusal.Create(Address, request, status, message);

    private static async Task<T?> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            return await JsonSerializer.DeserializeAsync(body, type, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string> VersionedAsync(string path, CancellationToken cancellationToken)
    {
        var offered = await GetApiVersionAsync(cancellationToken).ConfigureAwait(false);
        return $"/v{(offered < s_newest ? offered : s_newest)}{path}";
    }
}
