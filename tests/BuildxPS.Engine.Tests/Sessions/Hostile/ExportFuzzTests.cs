using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Receiving;
using BuildxPS.Engine.Tests.Sessions.Files;

namespace BuildxPS.Engine.Tests.Sessions.Hostile;

public sealed class ExportFuzzTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Random_bytes_never_do_worse_than_a_typed_failure()
    {
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            using var folder = new TempFolder().File("victim", "untouched");
            var before = TreeText.Of(folder.Path, folderTimes: false);
            using var call = new FakeCall();
            var output = new FolderOutput(folder["out"]);
            var receiving = call.InvokeAsync(new FileSendMethod([output]));

            var message = new byte[random.Next(60)];
            random.NextBytes(message);
            if (message.Length > 2)
            {
                (message[0], message[1]) = (18, (byte)(message.Length - 2));
            }

            await call.SendRawAsync(message);
            await call.EngineOutput.CompleteAsync();
            _ = await Assert.ThrowsAsync<SessionStatusException>(() => receiving.WaitAsync(s_limit));
            await output.DisposeAsync();

            Assert.Equal(before, TreeText.Of(folder.Path, folderTimes: false));
        }
    }
}
