using System.Runtime.InteropServices;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>Reads the names in a folder as the bytes that they are, on Linux with pointers of 64 bits.</summary>
internal static unsafe partial class LinuxFolderNames
{
    // In glibc and in musl: two numbers of 8 bytes, one of 2, and a byte stand before the name.
    private const int NameOffset = 19;

    /// <summary>Reads all names.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The names, in no order.</returns>
    public static List<string> Read(string folder)
    {
        var stream = Open(folder);
        if (stream == 0)
        {
            throw LinuxFileSystem.Failure(Marshal.GetLastPInvokeError());
        }

        try
        {
            var names = new List<string>();
            while (ReadEntry(stream) is var entry && entry != null)
            {
                var name = NameBytes.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + NameOffset));
                if (name is not "." and not "..")
                {
                    names.Add(name);
                }
            }

            return Marshal.GetLastPInvokeError() is not 0 and var error ? throw LinuxFileSystem.Failure(error) : names;
        }
        finally
        {
            _ = Close(stream);
        }
    }

    [LibraryImport("libc", EntryPoint = "opendir", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(PathMarshaller))]
    private static partial nint Open(string path);

    [LibraryImport("libc", EntryPoint = "readdir", SetLastError = true)]
    private static partial byte* ReadEntry(nint stream);

    [LibraryImport("libc", EntryPoint = "closedir")]
    private static partial int Close(nint stream);
}
