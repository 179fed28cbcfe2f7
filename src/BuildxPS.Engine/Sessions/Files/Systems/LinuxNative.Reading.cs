using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <content>Reading a tree over the descriptors of its folders.</content>
internal static unsafe partial class LinuxNative
{
    public const int EmptyPath = 0x1000;
    public const uint TypeAndSize = 0x201;
    public const int AttributeBytes = 64 * 1024;

    public const int OpenNonBlocking = 0x800;
    public const int OpenCloseOnExec = 0x80000;
    public const int OpenPathOnly = 0x200000;

    public const int NoDevice = 6;
    public const int LinkLoop = 40;

    // Newer system calls have the same number on every architecture.
    public const nint OpenBeneathCall = 437;
    public const nint GetAttributeAtCall = 464;
    public const nint ListAttributesAtCall = 465;

    /// <summary>Refuse paths that leave the folder they start in, and symbolic links anywhere on the way.</summary>
    public const ulong ResolveBeneathWithoutLinks = 0x08 | 0x04;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(PathMarshaller))]
    public static partial int OpenAt(int folder, string path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(PathMarshaller))]
    public static partial int OpenAt(SafeFileHandle folder, string path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int folder, byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(PathMarshaller))]
    public static partial nint OpenBeneath(nint call, SafeFileHandle folder, string path, OpenHow* how, nint size);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint ReadFolder(nint call, nint folder, byte* entries, nint size);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    public static partial int StatusAt(int folder, byte* path, int flags, uint mask, out StatusBuffer status);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLinkAt(int folder, byte* path, byte* target, nuint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint ListAttributesAt(nint call, nint folder, byte* path, nint flags, byte* names, nint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint GetAttributeAt(nint call, nint folder, byte* path, nint flags, byte* name, AttributeArguments* arguments, nint size);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(PathMarshaller))]
    public static partial nint GetAttributeOf(string path, byte* name, byte* value, nuint size);

    /// <summary>What <c>openat2</c> takes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    /// <summary>What <c>getxattrat</c> takes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct AttributeArguments
    {
        public ulong Value;
        public uint Size;
        public uint Flags;
    }
}
