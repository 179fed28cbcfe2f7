namespace BuildxPS;

/// <summary>How a node runs programs of a platform.</summary>
public enum PlatformMode
{
    /// <summary>Not at all: an emulator is missing, or cannot be used.</summary>
    Missing,

    /// <summary>By its own processor.</summary>
    Native,

    /// <summary>Under an emulator.</summary>
    Emulated,
}
