namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>
/// How long an engine may say nothing during a build. A dead peer behind a socket or a forwarded connection is found by
/// no keep-alive: TCP's ends at the forwarder, and engines hang up on HTTP/2 pings that come often.
/// </summary>
internal sealed record EngineSilence
{
    /// <summary>What is asked before a build, and what opens one, has this long to be answered.</summary>
    public TimeSpan Start { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A build is started when its session is known to be there, or after this long: engines look for it for five
    /// seconds and no longer, which is little on a busy machine.
    /// </summary>
    public TimeSpan Session { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>After this long without an event the engine is asked whether it is there.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>It has this long to answer.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>So many questions in a row without an answer mean that it is lost.</summary>
    public int Misses { get; set; } = 2;

    /// <summary>An engine that has lost the session of a build that needs it has this long to end the build itself.</summary>
    public TimeSpan WithoutSession { get; init; } = TimeSpan.FromSeconds(10);
}
