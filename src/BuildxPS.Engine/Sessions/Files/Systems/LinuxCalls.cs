using System.Runtime.InteropServices;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>What differs between processors, and what this kernel was found to lack.</summary>
internal sealed class LinuxCalls
{
    private volatile bool _lacksOpenBeneath;
    private volatile bool _lacksAttributesByFolder;

    private LinuxCalls(nint readFolder, int openFolder, int openNoFollow, int openLarge = 0)
    {
        OpenLarge = openLarge;
        ReadFolder = readFolder;
        OpenFolder = openFolder;
        OpenNoFollow = openNoFollow;
    }

    /// <summary>This process's; null on a processor that is not known here.</summary>
    public static LinuxCalls? Current { get; } = For(RuntimeInformation.ProcessArchitecture);

    /// <summary>Number of the system call <c>getdents64</c>.</summary>
    public nint ReadFolder { get; }

    /// <summary><c>O_DIRECTORY</c>.</summary>
    public int OpenFolder { get; }

    /// <summary><c>O_NOFOLLOW</c>.</summary>
    public int OpenNoFollow { get; }

    /// <summary><c>O_LARGEFILE</c>, which only has to be given where pointers have 32 bits.</summary>
    public int OpenLarge { get; }

    /// <summary>No <c>openat2</c>: the kernel is older than 5.6, or a sandbox does not let it through.</summary>
    public bool LacksOpenBeneath
    {
        get => _lacksOpenBeneath;
        set => _lacksOpenBeneath = value;
    }

    /// <summary>No <c>listxattrat</c>: the kernel is older than 6.13, or a sandbox does not let it through.</summary>
    public bool LacksAttributesByFolder
    {
        get => _lacksAttributesByFolder;
        set => _lacksAttributesByFolder = value;
    }

    /// <summary>The numbers of a processor.</summary>
    /// <param name="architecture">The processor.</param>
    /// <returns>Its numbers, or null if it is not known here.</returns>
    public static LinuxCalls? For(Architecture architecture) => architecture switch
    {
        Architecture.X64 => new(217, 0x10000, 0x20000),
        Architecture.X86 => new(220, 0x10000, 0x20000, 0x8000),
        Architecture.S390x => new(220, 0x10000, 0x20000),
        Architecture.LoongArch64 or Architecture.RiscV64 => new(61, 0x10000, 0x20000),
        Architecture.Arm64 => new(61, 0x4000, 0x8000),
        Architecture.Arm or Architecture.Armv6 => new(217, 0x4000, 0x8000, 0x20000),
        Architecture.Ppc64le => new(202, 0x4000, 0x8000),
        _ => null,
    };
}
