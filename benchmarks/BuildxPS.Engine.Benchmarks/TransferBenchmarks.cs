using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Receiving;
using BuildxPS.Engine.Sessions.Files.Sending;

namespace BuildxPS.Engine.Benchmarks;

/// <summary>
/// Our sender and our receiver on two pipes, without an engine. One side has a disk, the other only memory, so that each
/// benchmark says what its side costs.
/// </summary>
public class TransferBenchmarks
{
    private const int Count = 5_000;
    private const int Size = 4096;

    private string _folder = "";

    /// <summary>Writes what is sent.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _folder = Directory.CreateTempSubdirectory("buildxps-bench-").FullName;
        SampleTree.Write(Path.Join(_folder, "sent"), Count);
    }

    /// <summary>Removes all.</summary>
    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_folder, recursive: true);

    /// <summary>5000 files of 4 KiB are sent from a disk.</summary>
    /// <returns>A task.</returns>
    [Benchmark]
    public Task Send5000Files() => TransferAsync(new LocalFileSource(Path.Join(_folder, "sent")), new DiscardedTree());

    /// <summary>5000 files of 4 KiB are received on a disk, and put in place.</summary>
    /// <returns>A task.</returns>
    [Benchmark]
    public Task Receive5000Files() => ReceiveAsync(new MemorySource(Count, Size));

    /// <summary>One file of 256 MiB is received on a disk, and put in place.</summary>
    /// <returns>A task.</returns>
    [Benchmark]
    public Task Receive256MiB() => ReceiveAsync(new MemorySource(1, 256 * 1024 * 1024));

    private async Task ReceiveAsync(MemorySource source)
    {
        var destination = Path.Join(_folder, "received");
        await using var output = new FolderOutput(destination);
        await using (var tree = output.OpenTree())
        {
            await TransferAsync(source, tree);
        }

        await output.CommitAsync(CancellationToken.None);
        Directory.Delete(destination, recursive: true);
    }

    private static async Task TransferAsync(IFileSource source, ITreeWriter tree)
    {
        var (sent, answered) = (new Pipe(), new Pipe());
        using var toReceiver = new PacketWriter(sent.Writer);
        using var toSender = new PacketWriter(answered.Writer);
        using var sender = new FileSender(source, answered.Reader, toReceiver, CancellationToken.None);
        using var receiver = new FileReceiver(tree, sent.Reader, toSender);
        await Task.WhenAll(
            Task.Run(() => sender.RunAsync(new FileSelection(), CancellationToken.None)),
            Task.Run(() => receiver.RunAsync(CancellationToken.None)));
    }

    /// <summary>Files of zeros that nobody has to read.</summary>
    private sealed class MemorySource(int count, int size) : IFileSource
    {
        private readonly byte[] _block = new byte[size];

        public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken) => SampleTree.Entries(count, size);

        public Stream OpenRead(string path) => new MemoryStream(_block, writable: false);
    }

    /// <summary>Takes a tree and forgets it.</summary>
    private sealed class DiscardedTree : ITreeWriter
    {
        public void Add(FileEntry entry)
        {
        }

        public Stream OpenWrite(FileEntry file) => Stream.Null;

        public void Complete()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
