using BuildxPS.Engine.Engines.BuildKit;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

public sealed class UnknownMethodTests
{
    [Fact]
    public void A_reset_that_overtakes_the_refusal_says_it_too()
    {
        var reset = new HttpRequestException("x", new HttpProtocolException(5, "STREAM_CLOSED", null));
        Assert.True(UnknownMethod.IsSaidBy(new RpcException(new Status(StatusCode.Internal, "x", reset))));
        Assert.True(UnknownMethod.IsSaidBy(new RpcException(new Status(StatusCode.Unimplemented, "unknown method Info"))));
    }

    [Fact]
    public void Other_failures_do_not_say_it()
    {
        var reset = new HttpRequestException("x", new HttpProtocolException(2, "INTERNAL_ERROR", null));
        Assert.False(UnknownMethod.IsSaidBy(new RpcException(new Status(StatusCode.Internal, "x", reset))));
        Assert.False(UnknownMethod.IsSaidBy(new RpcException(new Status(StatusCode.Unavailable, "gone"))));
    }
}
