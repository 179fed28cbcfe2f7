using System.Diagnostics;
using System.Globalization;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Receiving;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>An export in a process of its own, through the method that takes what an engine sends.</summary>
internal static class ExportProcess
{
    public const string Verb = "export";

    private const int Failed = 3;

    /// <summary>Starts one.</summary>
    /// <param name="kind"><c>folder</c>, <c>links</c> (a folder with what only some may make) or <c>file</c>.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="count">How many files, or MiB.</param>
    /// <param name="version">What is in them.</param>
    /// <param name="prefix">A command that starts it, such as one that changes the user.</param>
    public static Process Start(string kind, string destination, int count, string version, params string[] prefix)
    {
        var program = System.Environment.ProcessPath!;
        string[] command =
        [
            .. prefix,
            program,
            .. Path.GetFileNameWithoutExtension(program) == "dotnet" ? new[] { typeof(ExportProcess).Assembly.Location } : [],
            Verb, kind, destination, count.ToString(CultureInfo.InvariantCulture), version,
        ];
        return Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Runs one to its end.</summary>
    /// <returns>Empty, or the failure, the message and the advice.</returns>
    public static async Task<string> RunAsync(string kind, string destination, int count, string version, params string[] prefix)
    {
        using var process = Start(kind, destination, count, version, prefix);
        await process.StandardInput.WriteLineAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode is 0 or Failed, $"{process.ExitCode}: {output}");
        return process.ExitCode == 0 ? "" : output[(output.IndexOf("failed ", StringComparison.Ordinal) + 7)..].TrimEnd();
    }

    /// <summary>The process's own side: waits for a line, exports, and says how far it is.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (kind, destination, count, version) = (arguments[0], arguments[1], int.Parse(arguments[2], CultureInfo.InvariantCulture), arguments[3]);
        Say("ready");
        await Console.In.ReadLineAsync();
        try
        {
            await using IExportOutput output = kind == "file" ? new FileOutput(destination) : new FolderOutput(destination);
            using var call = new FakeCall();
            var receiving = call.InvokeAsync(new FileSendMethod([output]));
            var sending = kind == "file" ? SendFileAsync(call, count, version) : SendTreeAsync(call, Tree(kind, count, version));

            // Whoever failed reads no more.
            await await Task.WhenAny(sending, receiving);
            await receiving;
            Say("received");
            await output.PrepareAsync(default);
            Say("prepared");
            await output.CommitAsync(default);
            Say("committed");
            await output.DisposeAsync();
            Say("done");
            return 0;
        }
        catch (Engine.Sessions.SessionStatusException e) when (e.InnerException is BuildxException inner)
        {
            return Say(inner);
        }
        catch (BuildxException e)
        {
            return Say(e);
        }
    }

    /// <summary>The tree that is sent: nested folders of small files, each of which says the version and its own path.</summary>
    public static IEnumerable<TreeItem> Tree(string kind, int count, string version)
    {
        for (var i = 0; i < count; i++)
        {
            var folder = $"{i / 50:d3}";
            if (i % 50 == 0)
            {
                yield return TreeItem.Dir(folder);
            }

            yield return TreeItem.File($"{folder}/{i:d5}", $"{version} {i} {new string('.', 200)}");
            if (i % 50 == 49)
            {
                yield return TreeItem.Dir($"{folder}/{version}-only");
                yield return TreeItem.File($"{folder}/{version}-only/x", version);
            }
        }

        if (kind == "links")
        {
            yield return TreeItem.Dir("ro", 0x16D);
            yield return TreeItem.Dir("ro/sub", 0x16D);
            yield return TreeItem.File("ro/sub/x", version, 0x124);
            yield return TreeItem.File("ro/x", version, 0x124);
            yield return TreeItem.File("suid", version) with { Entry = TreeItem.File("suid", version).Entry with { Mode = FileEntryMode.SetUid | FileEntryMode.SetGid | (FileEntryMode)0x1ED } };
        }
    }

    private static async Task SendTreeAsync(FakeCall call, IEnumerable<TreeItem> tree)
    {
        var items = tree.ToArray();
        var listing = Task.Run(async () =>
        {
            foreach (var item in items)
            {
                await call.Engine.WriteEntryAsync(item.Entry, default);
            }

            await call.Engine.WriteEndOfEntriesAsync(default);
        });
        while (await call.ReadAsync() is { } packet)
        {
            switch (packet.Kind)
            {
                case PacketKind.Request:
                    await call.Engine.WriteDataAsync(packet.Id, System.Text.Encoding.UTF8.GetBytes(items[packet.Id].Content), isLast: true, default);
                    await call.Engine.FlushAsync(default);
                    break;
                case PacketKind.Finish:
                    await call.Engine.WriteFinishAsync(default);
                    break;
                default:
                    return;
            }
        }

        await listing;
    }

    private static async Task SendFileAsync(FakeCall call, int count, string version)
    {
        // BytesMessage { data }, framed, of 1 MiB.
        var data = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(version, (1024 * 1024 / version.Length) + 1)))[..(1024 * 1024)];
        for (var i = 0; i < count; i++)
        {
            await call.SendRawAsync([10, 0x80, 0x80, 0x40, .. data]);
        }

        await call.EngineOutput.CompleteAsync();
    }

    private static int Say(BuildxException failure)
    {
        Say($"failed {failure.Failure}|{failure.Message}|{failure.Advice}");
        return Failed;
    }

    private static void Say(string what)
    {
        Console.Out.WriteLine(what);
        Console.Out.Flush();
    }
}
