using BuildxPS.Engine.Builds.Failures;

namespace BuildxPS.Engine.Tests.Builds.Failures;

public sealed class DockerfileSearchTests
{
    private const string Text = """
        FROM alpine AS build
        RUN apk add \
            # a comment
            curl \
            git
        COPY a b
        COPY a b
        run  make   all
        """;

    [Theory]
    [InlineData("[build 2/4] RUN apk add     curl     git", "Dockerfile:2-5")]
    [InlineData("[4/4] RUN make all", "Dockerfile:8")]
    [InlineData("[3/4] COPY a b", null)]
    [InlineData("[3/4] RUN other", null)]
    [InlineData("[internal] load build context", null)]
    [InlineData("exporting to image", null)]
    [InlineData("[linux/arm64 build 4/4] RUN make all", "Dockerfile:8")]
    public void A_step_is_found_where_one_instruction_fits(string step, string? expected)
        => Assert.Equal(expected, DockerfileSearch.Find("Dockerfile", Text, step)?.ToString());
}
