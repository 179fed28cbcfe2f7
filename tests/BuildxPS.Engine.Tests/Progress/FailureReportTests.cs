using BuildxPS.Engine.Progress;

namespace BuildxPS.Engine.Tests.Progress;

public sealed class FailureReportTests
{
    [Fact]
    public void A_failed_step_is_reported_with_its_output_and_its_place()
    {
        var failure = new BuildFailedException(BuildxFailure.StepFailed, "RUN make failed with exit code 2.", "Read the output.")
        {
            StepName = "[2/2] RUN make",
            LogTail = ["compiling", "\u001b[31merror\u001b[0m", "##vso[x]"],
            Sources = [new SourceExcerpt { FileName = "Dockerfile", FirstLine = 2, LastLine = 2, Text = "FROM alpine\nRUN make\n" }],
        };
        Assert.Equal("""
            RUN make failed with exit code 2.
            ------
             > [2/2] RUN make:
             | compiling
             | error
             | # #vso[x]
            ------
            Dockerfile:2
            --------------------
               1 |     FROM alpine
               2 | >>> RUN make
            --------------------
            """, FailureReport.Write(failure));
    }

    [Fact]
    public void No_line_of_a_message_can_start_a_command()
        => Assert.Equal(
            "first\n : :error: :x\n# #vso[y]",
            FailureReport.Write(new BuildxException(BuildxFailure.EngineError, "first\n ::error::x\n##vso[y]", "")));
}
