using System.Buffers.Binary;

namespace BuildxPS.Engine.Emulation;

/// <summary>
/// A processor whose programs can be emulated: its names, and how the head of an ELF file tells it (the System V ABI's generic part,
/// chapter 4, and the numbers of the processors' own parts).
/// </summary>
/// <param name="Name">Its name in image platforms.</param>
/// <param name="Cpu">QEMU's name for it.</param>
/// <param name="Is64Bit">Whether its files are of the class ELFCLASS64.</param>
/// <param name="IsLittleEndian">Whether they are ELFDATA2LSB.</param>
/// <param name="Machine">Their <c>e_machine</c>.</param>
/// <param name="NumbersAbi">Whether the ABI's version (EI_ABIVERSION) is used there, and may be any.</param>
internal sealed record EmulatedArchitecture(string Name, string Cpu, bool Is64Bit, bool IsLittleEndian, ushort Machine, bool NumbersAbi = false)
{
    /// <summary>The bytes from an ELF file's beginning to the end of <c>e_machine</c>.</summary>
    public const int HeadLength = 20;

    private const int Class = 4;
    private const int Data = 5;
    private const int Version = 6;
    private const int OsAbi = 7;
    private const int AbiVersion = 8;
    private const int Type = 16;
    private const int MachineAt = 18;

    /// <summary>Those that are known here.</summary>
    public static IReadOnlyList<EmulatedArchitecture> All { get; } =
    [
        new("amd64", "x86_64", true, true, 62),
        new("386", "i386", false, true, 3),
        new("arm64", "aarch64", true, true, 183),
        new("arm", "arm", false, true, 40),
        new("riscv64", "riscv64", true, true, 243),
        new("ppc64le", "ppc64le", true, true, 21),
        new("ppc64", "ppc64", true, false, 21),
        new("s390x", "s390x", true, false, 22),
        new("mips64le", "mips64el", true, true, 8, NumbersAbi: true),
        new("mips64", "mips64", true, false, 8, NumbersAbi: true),
        new("loong64", "loongarch64", true, true, 258, NumbersAbi: true),
    ];

    /// <summary>The name of its entry in binfmt_misc, as QEMU and the installer images have it.</summary>
    public string EntryName => "qemu-" + Cpu;

    /// <summary>The platform; of several variants the usual one.</summary>
    public Platform Platform => Platform.Parse("linux/" + Name);

    /// <summary>The head of its programs (ET_EXEC).</summary>
    public byte[] Magic
    {
        get
        {
            var head = new byte[HeadLength];
            "\u007fELF"u8.CopyTo(head);
            head[Class] = (byte)(Is64Bit ? 2 : 1);
            head[Data] = (byte)(IsLittleEndian ? 1 : 2);
            head[Version] = 1;
            Write(head.AsSpan(Type), 2);
            Write(head.AsSpan(MachineAt), Machine);
            return head;
        }
    }

    /// <summary>
    /// Which bits of the head count: not the operating system, which programs of Linux state as 0 or 3, and not the bit in which
    /// ET_EXEC and ET_DYN (position-independent programs) differ. The padding must be zero, as in QEMU's own rules.
    /// </summary>
    public byte[] Mask
    {
        get
        {
            var mask = new byte[HeadLength];
            mask.AsSpan().Fill(0xff);
            mask[OsAbi] = 0;
            mask[AbiVersion] = NumbersAbi ? (byte)0 : (byte)0xff;
            Write(mask.AsSpan(Type), 0xfffe);
            return mask;
        }
    }

    /// <summary>The architecture of a platform.</summary>
    /// <param name="platform">The platform.</param>
    /// <returns>Null where it is none of Linux, or not known here.</returns>
    public static EmulatedArchitecture? Of(Platform platform)
        => platform.OS == "linux" ? All.FirstOrDefault(a => a.Name == platform.Architecture) : null;

    /// <summary>Whether bytes are the head of an ELF file up to where it tells the processor.</summary>
    /// <param name="head">The bytes.</param>
    /// <returns>Whether they are.</returns>
    public static bool IsElf(ReadOnlySpan<byte> head) => head.Length >= HeadLength && head.StartsWith("\u007fELF"u8);

    /// <summary>The architecture that an ELF file's head tells.</summary>
    /// <param name="head">The head.</param>
    /// <returns>Null where it is none, or one that is not known here.</returns>
    public static EmulatedArchitecture? Find(ReadOnlySpan<byte> head)
    {
        if (!IsElf(head))
        {
            return null;
        }

        var is64Bit = head[Class] == 2;
        var isLittleEndian = head[Data] == 1;
        var field = head.Slice(MachineAt, 2);
        var machine = isLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(field) : BinaryPrimitives.ReadUInt16BigEndian(field);
        return All.FirstOrDefault(a => a.Machine == machine && a.Is64Bit == is64Bit && a.IsLittleEndian == isLittleEndian);
    }

    private void Write(Span<byte> field, ushort value)
    {
        if (IsLittleEndian)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(field, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(field, value);
        }
    }
}
