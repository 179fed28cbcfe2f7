using System.Text;
using BuildxPS.Engine.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Diagnostics;

public sealed class EngineErrorsTests
{
    private static readonly EngineErrorContext s_context = new() { Endpoint = "unix:///engine.sock", BuildRef = "ref" };

    [Theory]
    [InlineData("failed to do request: Head \"https://reg:5000/v2/a/manifests/b\": http: server gave HTTP response to HTTPS client", BuildxFailure.RegistryPlainHttp)]
    [InlineData("failed to do request: tls: failed to verify certificate: x509: certificate signed by unknown authority", BuildxFailure.RegistryCertificateInvalid)]
    [InlineData("failed to push reg/a: failed to authorize: server message: insufficient_scope: authorization failed", BuildxFailure.RegistryUnauthorized)]
    [InlineData("pull access denied, repository does not exist or may require authorization: server message: insufficient_scope", BuildxFailure.RegistryUnauthorized)]
    [InlineData("failed to push reg/a: unexpected status from POST request to https://reg/v2/: 401 Unauthorized", BuildxFailure.RegistryUnauthorized)]
    [InlineData("failed to push reg/a: unexpected status from POST request to http://reg/token: 405 Method Not Allowed: {}", BuildxFailure.RegistryUnauthorized)]
    [InlineData("failed to push 127.0.0.1:1/a: unexpected status from HEAD request to http://127.0.0.1:1/v2/a/blobs/sha256:1: 400 Bad Request", BuildxFailure.RegistryHttpsRequired)]
    [InlineData("failed to push reg:5000/a: unexpected status from PUT request to https://reg:5000/v2/a/blobs/uploads/1?digest=sha256%3A1: 401 Unauthorized", BuildxFailure.RegistryLoginExpired)]
    [InlineData("failed to push reg:5000/a: unexpected status from PUT request to https://reg:5000/v2/a/manifests/1: 415 Unsupported Media Type", BuildxFailure.RegistryIndexRefused)]
    [InlineData("failed to push reg/a: failed to do request: Head \"https://reg/v2/a\": dial tcp 10.0.0.1:443: connect: connection refused", BuildxFailure.RegistryUnreachable)]
    [InlineData("busybox: failed to resolve source metadata for docker.io/library/busybox:x: no match for platform in manifest: not found", BuildxFailure.PlatformNotAvailable)]
    [InlineData("failed to resolve source metadata for reg/a:b: reg/a:b: not found", BuildxFailure.ImageNotFound)]
    [InlineData("failed to solve with frontend dockerfile.v0: failed to create LLB definition: reg:5000/a:b: not found", BuildxFailure.ImageNotFound)]
    [InlineData("dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host", BuildxFailure.NameNotResolved)]
    [InlineData("granting entitlement network.host is not allowed by build daemon configuration", BuildxFailure.EntitlementRefused)]
    [InlineData("network.host is not allowed", BuildxFailure.EntitlementRefused)]
    [InlineData("exporter \"image\" could not be found", BuildxFailure.EngineUnsupported)]
    [InlineData("unknown cache exporter: \"gha\"", BuildxFailure.EngineUnsupported)]
    [InlineData("docker exporter does not currently support exporting manifest lists", BuildxFailure.EngineUnsupported)]
    [InlineData("rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: failed to create LLB definition: target stage nope could not be found", BuildxFailure.TargetNotFound)]
    [InlineData("failed to solve: target stage \"nope\" could not be found", BuildxFailure.TargetNotFound)]
    [InlineData("failed to read dockerfile: open Dockerfile: no such file or directory", BuildxFailure.DockerfileNotFound)]
    [InlineData("failed to compute cache key: \"/x\" not found: not found", BuildxFailure.SourceFileNotFound)]
    [InlineData("failed to compute cache key: failed to calculate checksum of ref abc::def: \"/x\": not found", BuildxFailure.SourceFileNotFound)]
    [InlineData("write /var/lib/buildkit/x: no space left on device", BuildxFailure.DiskFull)]
    [InlineData("process \"/bin/sh -c a\" did not complete successfully: exit code: 3", BuildxFailure.StepFailed)]
    [InlineData("executor failed running [/bin/sh -c a]: exit code: 3", BuildxFailure.StepFailed)]
    [InlineData("process \"/bin/sh -c echo no space left on device\" did not complete successfully: exit code: 3", BuildxFailure.StepFailed)]
    [InlineData("failed to create shim: exec /bin/sh: exec format error: unknown", BuildxFailure.EmulatorMissing)]
    [InlineData("dockerfile parse error on line 2: unknown instruction: BOGUS", BuildxFailure.DockerfileInvalid)]
    [InlineData("no active session for abc: context deadline exceeded", BuildxFailure.EngineLost)]
    [InlineData("process \"/bin/sh -c a\" did not complete successfully: exit code: 137: context canceled", BuildxFailure.BuildCanceled)]
    [InlineData("something that nobody knows", BuildxFailure.EngineError)]
    public void A_text_tells_its_failure(string text, BuildxFailure failure)
    {
        var error = EngineErrors.Explain(new RpcException(new Status(StatusCode.Unknown, text)), s_context);

        Assert.Equal(failure, error.Failure);
        Assert.NotEmpty(error.Advice);
        Assert.DoesNotContain("rpc error", error.Message, StringComparison.Ordinal);
        Assert.Equal("ref", Assert.IsType<BuildFailedException>(error).BuildRef);
    }

    [Fact]
    public void A_disk_that_is_full_to_the_last_byte_is_told_from_one_that_can_be_cleared()
    {
        string AdviceOf(string text) => EngineErrors.Explain(new RpcException(new Status(StatusCode.ResourceExhausted, text)), s_context).Advice;

        Assert.Contains("Clear-BuildxCache", AdviceOf("failed to copy: write /var/lib/buildkit/runc-overlayfs/content/ingest/1/data: no space left on device"), StringComparison.Ordinal);
        Assert.StartsWith("Free space on that disk otherwise", AdviceOf("write /var/lib/buildkit/runc-overlayfs/metadata_v2.db: no space left on device"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no space left on device", BuildxFailure.DiskFull)]
    [InlineData("dd: error writing '/x': No space left on device", BuildxFailure.DiskFull)]
    [InlineData("out of paper", BuildxFailure.StepFailed)]
    public void A_step_that_found_the_disk_full_says_so_itself(string printed, BuildxFailure failure)
    {
        var journal = new BuildJournal();
        journal.Add(new VertexChanged { Digest = "sha256:1", Name = "[2/2] RUN x" });
        journal.Add(new VertexLog { VertexDigest = "sha256:1", Data = Encoding.UTF8.GetBytes(printed + "\n") });

        var error = Assert.IsType<BuildFailedException>(EngineErrors.Explain(
            Failed("process \"x\" did not complete successfully: exit code: 1", ("errdefs.Vertex", """{"digest":"sha256:1"}"""), ("gatewayapi.ExitMessage", """{"Code":1}""")),
            s_context with { Journal = journal }));

        Assert.Equal((failure, 1), (error.Failure, error.ExitCode));
        Assert.Contains("[2/2] RUN x", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sending message exceeds the maximum configured message size.", BuildxFailure.ArgumentInvalid)]
    [InlineData("grpc: received message larger than max (20971700 vs. 4194304)", BuildxFailure.ArgumentInvalid)]
    [InlineData("grpc: trying to send message larger than max (20971700 vs. 16777216)", BuildxFailure.EngineError)]
    [InlineData("Received message exceeds the maximum configured message size.", BuildxFailure.EngineError)]
    [InlineData("write: no space left on device", BuildxFailure.DiskFull)]
    [InlineData("quota is used up", BuildxFailure.DiskFull)]
    public void A_message_that_is_too_large_is_told_from_a_full_disk(string text, BuildxFailure failure)
        => Assert.Equal(failure, EngineErrors.Explain(new RpcException(new Status(StatusCode.ResourceExhausted, text)), s_context).Failure);

    [Fact]
    public void Details_tell_vertex_exit_code_and_place()
    {
        var journal = new BuildJournal();
        journal.Add(new VertexChanged { Digest = "sha256:1", Name = "[2/2] RUN x" });
        journal.Add(new VertexLog { VertexDigest = "sha256:1", Data = "one\n\u001b[31mtwo\u001b[0m\n"u8.ToArray() });
        var source = Convert.ToBase64String("FROM a\nRUN x\n"u8);

        var error = Assert.IsType<BuildFailedException>(EngineErrors.Explain(
            Failed("did not complete", ("errdefs.Vertex", """{"digest":"sha256:1"}"""), ("gatewayapi.ExitMessage", """{"Code":9}"""),
                ("errdefs.Source", $$$"""{"info":{"filename":"Dockerfile","data":"{{{source}}}"},"ranges":[{"start":{"line":2},"end":{"line":2}}]}""")),
            s_context with { Journal = journal }));

        Assert.Equal(BuildxFailure.StepFailed, error.Failure);
        Assert.Equal(9, error.ExitCode);
        Assert.Equal("[2/2] RUN x", error.StepName);
        Assert.Equal(["one", "two"], error.LogTail);
        Assert.Contains(">>> RUN x", Assert.Single(error.Sources).Render(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("errdefs.Vertex", "[]")]
    [InlineData("errdefs.Vertex", "{\"digest\":7}")]
    [InlineData("errdefs.Vertex", "not json")]
    [InlineData("errdefs.Source", "{\"info\":{\"filename\":\"D\",\"data\":\"%%%\"},\"ranges\":[{\"start\":{\"line\":-5},\"end\":7}]}")]
    [InlineData("errdefs.Source", "{\"info\":7,\"ranges\":{}}")]
    [InlineData("errdefs.Source", "{\"info\":{\"filename\":\"D\"},\"ranges\":[{\"start\":{\"line\":9},\"end\":{\"line\":2147483647}},{\"start\":4}]}")]
    [InlineData("gatewayapi.ExitMessage", "{\"Code\":\"x\"}")]
    [InlineData("gatewayapi.ExitMessage", "{\"Code\":-1}")]
    public void Details_that_make_no_sense_do_no_harm(string name, string json)
    {
        var error = EngineErrors.Explain(Failed("words", (name, json)), s_context);

        Assert.Contains("words", error.Message, StringComparison.Ordinal);
        Assert.All(((BuildFailedException)error).Sources, s => Assert.NotEmpty(s.Render()));
    }

    [Fact]
    public void Endless_depth_in_details_does_no_harm()
    {
        var error = EngineErrors.Explain(Failed("words", ("errdefs.Vertex", new string('[', 1_000_000))), s_context);

        Assert.Equal(BuildxFailure.EngineError, error.Failure);
    }

    [Fact]
    public void A_message_has_no_escape_codes_and_an_end()
    {
        var error = EngineErrors.Explain(
            new RpcException(new Status(StatusCode.Unknown, "\u001b]0;title\u0007\u001b[2Jbad\r\u009b31m" + new string('x', 5_000_000))), s_context);

        Assert.DoesNotContain(error.Message, c => char.IsControl(c) && c != '\n');
        Assert.True(error.Message.Length < 20_000);
    }

    [Fact]
    public void An_engine_of_long_ago_is_understood_by_its_events()
    {
        var journal = new BuildJournal();
        journal.Add(new VertexChanged { Digest = "sha256:0", Name = "[1/2] other", Error = "context canceled" });
        journal.Add(new VertexChanged { Digest = "sha256:1", Name = "[2/2] RUN x", Error = "executor failed running [/bin/sh -c x]: exit code: 1" });
        journal.Add(new VertexLog { VertexDigest = "sha256:1", Data = "standard_init_linux.go:219: exec user process caused: exec format error\n"u8.ToArray() });

        var error = EngineErrors.Explain(
            new RpcException(new Status(StatusCode.Unknown, "failed to solve with frontend dockerfile.v0: failed to build LLB: executor failed running [/bin/sh -c x]: exit code: 1")),
            s_context with { Journal = journal });

        Assert.Equal(BuildxFailure.EmulatorMissing, error.Failure);
        Assert.Contains("[2/2] RUN x", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_connector_met_is_the_failure()
    {
        var cause = new BuildxException(BuildxFailure.EngineAccessDenied, "no right", "Get it.");
        var error = new RpcException(new Status(StatusCode.Internal, "Error starting gRPC call.", new HttpRequestException("x", cause)));

        Assert.Same(cause, EngineErrors.Explain(error, s_context));
    }

    [Fact]
    public void A_broken_connection_is_told_as_such()
    {
        var error = new RpcException(new Status(StatusCode.Unavailable, "x", new HttpRequestException("x", new IOException("reset"))));

        var explained = EngineErrors.Explain(error, s_context);

        Assert.Equal(BuildxFailure.EngineLost, explained.Failure);
        Assert.Contains("unix:///engine.sock", explained.Message, StringComparison.Ordinal);
        Assert.True(explained.IsTransient);
    }

    [Fact]
    public void An_error_of_the_engine_goes_back_as_it_came()
    {
        var rpc = Failed("words", ("errdefs.Vertex", """{"digest":"sha256:1"}"""));

        var status = EngineErrors.ToStatus(EngineErrors.Explain(rpc, s_context));

        Assert.Equal(rpc.Trailers.GetValueBytes("grpc-status-details-bin"), status.ToByteArray());
    }

    private static RpcException Failed(string message, params (string Name, string Json)[] details)
    {
        var status = new Engine.Protocol.Rpc.Status { Code = 2, Message = message };
        foreach (var (name, json) in details)
        {
            status.Details.Add(new Any { TypeUrl = $"github.com/moby/buildkit/{name}+json", Value = ByteString.CopyFrom(json, Encoding.UTF8) });
        }

        return new RpcException(new Status(StatusCode.Unknown, message), new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }
}
