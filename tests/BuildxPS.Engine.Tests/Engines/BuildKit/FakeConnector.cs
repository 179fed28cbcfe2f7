using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Tests.Sessions;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>Leads to a fake engine in this process.</summary>
internal sealed class FakeConnector(Func<Stream, Task> serve) : IConnector
{
    private Stream? _theirs;

    public string Address => "fake://engine";

    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        var (ours, theirs) = await StreamPair.CreateAsync();
        _theirs = theirs;
        await serve(theirs);
        return ours;
    }

    public void Break() => _theirs!.Dispose();
}
