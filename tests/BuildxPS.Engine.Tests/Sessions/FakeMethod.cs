using BuildxPS.Engine.Sessions;
using Google.Protobuf;

namespace BuildxPS.Engine.Tests.Sessions;

/// <summary>A method that does what a test says.</summary>
internal sealed class FakeMethod(string path, Func<ISessionCall, Task> invoke) : ISessionMethod
{
    public string Path => path;

    public Task InvokeAsync(ISessionCall call) => invoke(call);

    /// <summary>Writes one message.</summary>
    public static async Task SendAsync(ISessionCall call, IMessage message)
    {
        var bytes = message.ToByteArray();
        var frame = new byte[GrpcMessage.HeaderLength + bytes.Length];
        GrpcMessage.WriteHeader(frame, bytes.Length);
        bytes.CopyTo(frame, GrpcMessage.HeaderLength);
        await call.Response.WriteAsync(frame, call.Aborted);
    }

    /// <summary>Reads the request, and lasts until the call is dropped.</summary>
    public static Task HangAsync(ISessionCall call) => Task.Delay(Timeout.Infinite, call.Aborted);
}
