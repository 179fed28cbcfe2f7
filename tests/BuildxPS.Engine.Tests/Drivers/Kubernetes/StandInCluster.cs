using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Tests.Environment;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>
/// A stand-in of a kubernetes cluster, for where none can run: an API server on this machine that takes no request that a
/// real one would refuse, with pods that are made up and commands in them that reach the real BuildKit <c>bkd</c>.
/// </summary>
internal sealed class StandInCluster : IAsyncDisposable
{
    private readonly CancellationTokenSource _ends = new();
    private readonly X509Certificate2 _certificate = MakeCertificate();
    private readonly StandInApi _api;
    private readonly WebApplication _server;

    private StandInCluster()
    {
        Pods = new StandInController(Store, _ends.Token);
        Commands = new StandInExec(Store);
        Pods.Ended += Commands.End;
        _api = new StandInApi(this, _ends.Token);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(_certificate)));
        _server = builder.Build();
        _server.UseWebSockets();
        _server.Run(AnswerAsync);
    }

    public StandInStore Store { get; } = new();

    public StandInController Pods { get; }

    public StandInExec Commands { get; }

    public HashSet<string> Spaces { get; } = new(StringComparer.Ordinal) { "default", "builds" };

    /// <summary>The token that is accepted.</summary>
    public string Token { get; set; } = Guid.NewGuid().ToString("N");

    /// <summary>What the user may not do: <c>create deployments.apps</c>.</summary>
    public HashSet<string> Forbidden { get; } = new(StringComparer.Ordinal);

    /// <summary>What an admission webhook says to workloads; null where it lets them pass.</summary>
    public string? Denial { get; set; }

    /// <summary>How long each answer takes.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Each request: verb, resource and name.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>What a real API server would not have taken, and no test has asked for.</summary>
    public ConcurrentQueue<string> Mistakes { get; } = new();

    /// <summary>What was made, as it was sent.</summary>
    public ConcurrentQueue<JsonObject> Created { get; } = new();

    public string Address => _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<StandInCluster> StartAsync()
    {
        _ = TestEngines.Require("bkd");
        var cluster = new StandInCluster();
        await cluster._server.StartAsync();
        return cluster;
    }

    /// <summary>The authority of its certificate, in PEM.</summary>
    public string Authority => _certificate.ExportCertificatePem();

    /// <summary>A kubeconfig for this cluster.</summary>
    public string Config(string? space = null, string? user = null) => $$"""
        apiVersion: v1
        kind: Config
        current-context: stand-in
        clusters:
        - name: stand-in
          cluster:
            server: {{Address}}
            certificate-authority-data: {{Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(Authority))}}
        contexts:
        - name: stand-in
          context: {cluster: stand-in, user: tester{{(space is null ? "" : $", namespace: {space}")}}}
        - name: other
          context: {cluster: stand-in, user: tester, namespace: builds}
        users:
        - name: tester
          user: {{user ?? $"{{token: {Token}}}"}}
        """;

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _server.StopAsync(limit.Token);
        await _server.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        try
        {
            if (Delay > TimeSpan.Zero)
            {
                await Task.Delay(Delay, http.RequestAborted);
            }

            if (http.Request.Headers.Authorization != "Bearer " + Token)
            {
                throw new StandInRefusal(401, "Unauthorized", "Unauthorized");
            }

            await _api.AnswerAsync(StandInRequest.Parse(http));
        }
        catch (StandInRefusal refusal)
        {
            if (refusal.Code is 400 or 405 or 415 or 422)
            {
                Mistakes.Enqueue($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}: {refusal.Message}");
            }

            http.Response.StatusCode = refusal.Code;
            await http.Response.WriteAsJsonAsync(refusal.ToStatus(), http.RequestAborted);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested || _ends.IsCancellationRequested)
        {
            // The client does not wait for it.
        }
        catch (Exception e)
        {
            Mistakes.Enqueue($"{http.Request.Method} {http.Request.Path}: {e}");
            throw;
        }
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=stand-in", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
