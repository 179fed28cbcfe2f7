using System.Management.Automation;
using System.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;

namespace Neighbour;

/// <summary>Uses the neighbour's Protobuf and gRPC, and says which versions of them answered.</summary>
[Cmdlet(VerbsCommon.Get, "NeighbourVersion")]
[OutputType(typeof(AssemblyName))]
public sealed class GetNeighbourVersionCommand : PSCmdlet
{
    protected override void ProcessRecord()
    {
        var duration = Duration.FromTimeSpan(TimeSpan.FromMinutes(1));
        using var channel = GrpcChannel.ForAddress("http://localhost:1");
        WriteObject(duration.GetType().Assembly.GetName());
        WriteObject(channel.GetType().Assembly.GetName());
    }
}
