using System.Text;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>
/// A folder with all that can lie in one, made from a seed: the same seed gives the same tree. What only an administrator
/// can make (devices, other owners, capabilities) is there if the tests run as one.
/// </summary>
internal sealed class RandomTree
{
    private static readonly string[] s_plainNames =
        ["a", "b", "c", "d", "x", "foo", "bar.txt", "foo.txt", "lib.log", "node_modules", ".git", ".hidden", "src", "docs", "README.md", "a.b", "A", "Foo"];

    private static readonly string[] s_oddNames =
    [
        "a b", " lead", "trail ", "trail.", "ünï", "😀", "\uFF5E", "\uE000", "*", "?", "[x]", "[", "a]", @"a\b", @"\", "line\nbreak", "tab\t", "\u0001", "-dash",
        "!bang", "#hash", "{a,b}", "a|b", "$HOME", "%41", "+", "(x)", "^", "a^", "..a", "...", "~", ":", "\"q\"", "'", "`id`", "CON", "x{2}", "xx",
        new string('l', 255), new string('ü', 127), "🏳️‍🌈", "e\u0301",
    ];

    private static readonly int[] s_modes = [0x1A4, 0x1A4, 0x1ED, 0x1ED, 0x180, 0x1FF, 0x000, 0x9ED, 0x5ED, 0x3FF, 0xDC9, 0x100];

    private static readonly long[] s_times =
        [0, 1, -1, -1_500_000_000, 999_999_999, 1_600_000_000_123_456_789, 1_700_000_000_000_000_000, 4_000_000_000_999_999_999, 5_000_000_000_000_000_000];

    private readonly Random _random;
    private readonly string _root;
    private readonly bool _isAdministrator = LinuxNative.EffectiveUser() == 0;
    private readonly List<string> _folders = [""];
    private readonly List<string> _linkable = [];
    private readonly List<string> _paths = [];

    private RandomTree(string root, int seed)
    {
        _root = root;
        _random = new Random(seed);
    }

    /// <summary>Makes a tree.</summary>
    /// <param name="root">Its folder, which is made too.</param>
    /// <param name="seed">What it depends on.</param>
    /// <returns>The paths in it.</returns>
    public static IReadOnlyList<string> Make(string root, int seed)
    {
        Directory.CreateDirectory(root);
        var tree = new RandomTree(root, seed);
        for (var i = tree._random.Next(4, 40); i > 0; i--)
        {
            tree.Add();
        }

        // From the deepest: what is made in a folder changes its time.
        foreach (var path in tree._paths.OrderByDescending(p => p.Length))
        {
            tree.SetMetadata(path);
        }

        return tree._paths;
    }

    /// <summary>A name as trees have them.</summary>
    public static string Name(Random random) => Pick(random, random.Next(5) < 3 ? s_plainNames : s_oddNames);

    public static T Pick<T>(Random random, IReadOnlyList<T> values) => values[random.Next(values.Count)];

    private void Add()
    {
        var folder = Pick(_random, _folders);
        var path = folder.Length == 0 ? Name(_random) : $"{folder}/{Name(_random)}";
        var full = Path.Join(_root, path);
        if (path.Count(c => c == '/') > 4 || Encoding.UTF8.GetByteCount(full) > 3000 || _paths.Contains(path))
        {
            return;
        }

        Make(path, full);
        _paths.Add(path);
    }

    private void Make(string path, string full)
    {
        var kind = _random.Next(100);
        switch (kind)
        {
            case < 30:
                Directory.CreateDirectory(full);
                _folders.Add(path);
                return;
            case < 50:
                IFileSystem.Current.CreateSymbolicLink(full, Target(), isDirectory: false);
                break;
            case < 60 when _linkable.Count > 0:
                IFileSystem.Current.CreateHardLink(full, Path.Join(_root, Pick(_random, _linkable)));
                break;
            case < 64:
                Node(full, 0x1000, 0);
                break;
            case < 67:
                Node(full, 0xC000, 0);
                break;
            case < 70 when _isAdministrator:
                Node(full, Pick(_random, [0x2000u, 0x6000u]), Pick(_random, [0x0103ul, 0x0700ul, 0xFFF_FFul << 8]));
                break;
            default:
                File.WriteAllBytes(full, Content());
                break;
        }

        _linkable.Add(path);
    }

    private static void Node(string full, uint type, ulong device)
    {
        if (LinuxNative.MakeNode(full, type | 0x1A4, device) != 0)
        {
            // Where even an administrator may make no devices.
            File.WriteAllText(full, "no device");
        }
    }

    private byte[] Content()
    {
        var content = new byte[Pick(_random, [0, 0, 1, 5, 100, 1000, 32 * 1024, 100_000])];
        _random.NextBytes(content);
        return content;
    }

    private string Target() => _random.Next(9) switch
    {
        0 => "/" + Name(_random),
        1 => "../" + Name(_random),
        2 => "../../../../etc/passwd",
        3 => Path.Join(_root, Name(_random)),
        4 => "./" + Name(_random) + "/",
        5 when _paths.Count > 0 => "/" + Pick(_random, _paths),
        6 when _paths.Count > 0 => Pick(_random, _paths),
        7 => _random.Next(3) == 0 ? "/" : ".",
        _ => Name(_random),
    };

    private void SetMetadata(string path)
    {
        var full = Path.Join(_root, path);
        var status = IFileSystem.Current.Status(full)!.Value;
        if (_isAdministrator && _random.Next(4) == 0)
        {
            _ = LinuxNative.ChangeOwner(full, (uint)_random.Next(100_000), (uint)_random.Next(100_000));
        }

        if (!status.IsSymlink)
        {
            // Without rights of others and of its owner a folder is still open to an administrator only.
            var mode = Pick(_random, s_modes);
            _ = LinuxNative.ChangeMode(full, (uint)(_isAdministrator || !status.IsDirectory ? mode : mode | 0x1C0));
        }

        if (_random.Next(4) == 0)
        {
            SetAttribute(full, status.IsSymlink || !(status.IsDirectory || status.IsRegular) ? "trusted." : "user.");
        }

        SetTime(full);
    }

    private unsafe void SetAttribute(string full, string space)
    {
        var (name, value) = (space + Pick(_random, ["note", "ünï", "x.y"]), new byte[Pick(_random, [0, 3, 200])]);
        _random.NextBytes(value);
        if (_random.Next(4) == 0)
        {
            // Version 2, cap_net_bind_service as effective and permitted.
            (name, value) = ("security.capability", [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        }

        fixed (byte* pointer = value)
        {
            // Refused where the file system, the kind of file or the user's rights do not allow it.
            _ = LinuxNative.SetAttribute(full, name, pointer, (nuint)value.Length, 0);
        }
    }

    private unsafe void SetTime(string full)
    {
        var seconds = Math.DivRem(Pick(_random, s_times), 1_000_000_000, out var nanoseconds);
        (seconds, nanoseconds) = nanoseconds < 0 ? (seconds - 1, nanoseconds + 1_000_000_000) : (seconds, nanoseconds);
        var times = stackalloc LinuxNative.Time[2];
        times[0] = times[1] = new LinuxNative.Time { Seconds = (nint)seconds, Nanoseconds = (nint)nanoseconds };
        _ = LinuxNative.SetTimes(LinuxNative.CurrentDirectory, full, times, LinuxNative.NoFollow);
    }
}
