using System.Buffers.Binary;

namespace BuildxPS.Engine.Emulation;

/// <summary>
/// The smallest program for a processor: an ELF file of one segment that asks the kernel to end it with 0. It is put together here, so
/// that a test of a platform needs no image of it and no compiler. It was run with QEMU for each of them.
/// </summary>
internal static class ProbeProgram
{
    private const ulong Address = 0x400000;

    // As large as the largest page: segments are placed by pages.
    private const ulong Alignment = 0x10000;

    private const ushort Executable = 2;
    private const uint Load = 1;
    private const uint ReadAndExecute = 5;

    /// <summary>Makes the program.</summary>
    /// <param name="architecture">For which processor.</param>
    /// <returns>The file's bytes.</returns>
    public static byte[] Create(EmulatedArchitecture architecture)
    {
        var (code, flags) = CodeOf(architecture);
        var (headLength, entryLength) = architecture.Is64Bit ? (64, 56) : (52, 32);
        var file = new byte[headLength + entryLength + code.Length];
        architecture.Magic.CopyTo(file.AsSpan());
        code.CopyTo(file.AsSpan(headLength + entryLength));
        var fields = new FieldWriter(file, architecture) { Position = EmulatedArchitecture.HeadLength };
        fields.Word(1);
        fields.Size(Address + (ulong)(headLength + entryLength));
        fields.Size((ulong)headLength);
        fields.Size(0);
        fields.Word(flags);
        fields.Half((ushort)headLength);
        fields.Half((ushort)entryLength);
        fields.Half(1);

        fields.Position = headLength;
        fields.Word(Load);
        if (architecture.Is64Bit)
        {
            fields.Word(ReadAndExecute);
        }

        fields.Size(0);
        fields.Size(Address);
        fields.Size(Address);
        fields.Size((ulong)file.Length);
        fields.Size((ulong)file.Length);
        if (!architecture.Is64Bit)
        {
            fields.Word(ReadAndExecute);
        }

        fields.Size(Alignment);
        return file;
    }

    /// <summary>The instructions that set the call's number and the exit code 0 and enter the kernel; with the flags that name the ABI.</summary>
    private static (byte[] Code, uint Flags) CodeOf(EmulatedArchitecture architecture) => architecture.Name switch
    {
        // mov eax, 60; xor edi, edi; syscall
        "amd64" => ([0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05], 0),
        // mov eax, 1; xor ebx, ebx; int 0x80
        "386" => ([0xb8, 0x01, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80], 0),
        // mov x8, #93; mov x0, #0; svc #0
        "arm64" => (Words(architecture, 0xd2800ba8, 0xd2800000, 0xd4000001), 0),
        // mov r0, #0; mov r7, #1; svc 0. The flags are EABI version 5.
        "arm" => (Words(architecture, 0xe3a00000, 0xe3a07001, 0xef000000), 0x05000000),
        // li a7, 93; li a0, 0; ecall
        "riscv64" => (Words(architecture, 0x05d00893, 0x00000513, 0x00000073), 0),
        // li r0, 1; li r3, 0; sc. The flags are ELFv2, whose entry is code and no descriptor of it.
        "ppc64le" or "ppc64" => (Words(architecture, 0x38000001, 0x38600000, 0x44000002), 2),
        // lghi %r2, 0; svc 1
        "s390x" => ([0xa7, 0x29, 0, 0, 0x0a, 0x01], 0),
        // li v0, 5058; move a0, zero; syscall. The flags are MIPS64.
        "mips64le" or "mips64" => (Words(architecture, 0x240213c2, 0x00002025, 0x0000000c), 0x60000000),
        // li.w a7, 93; li.w a0, 0; syscall 0. The flags are LP64D, version 1 of object files.
        "loong64" => (Words(architecture, 0x0281740b, 0x02800004, 0x002b0000), 0x43),
        _ => throw new ArgumentOutOfRangeException(nameof(architecture), architecture.Name, null),
    };

    private static byte[] Words(EmulatedArchitecture architecture, params ReadOnlySpan<uint> words)
    {
        var bytes = new byte[words.Length * sizeof(uint)];
        var fields = new FieldWriter(bytes, architecture);
        foreach (var word in words)
        {
            fields.Word(word);
        }

        return bytes;
    }

    private sealed class FieldWriter(byte[] file, EmulatedArchitecture architecture)
    {
        public int Position { get; set; }

        public void Half(ushort value)
        {
            Put(sizeof(ushort), value);
        }

        public void Word(uint value) => Put(sizeof(uint), value);

        /// <summary>An address, an offset or a size.</summary>
        public void Size(ulong value) => Put(architecture.Is64Bit ? sizeof(ulong) : sizeof(uint), value);

        private void Put(int length, ulong value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            if (architecture.IsLittleEndian)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
                bytes[..length].CopyTo(file.AsSpan(Position));
            }
            else
            {
                BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
                bytes[^length..].CopyTo(file.AsSpan(Position));
            }

            Position += length;
        }
    }
}
