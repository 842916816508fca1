"""`handx run`: text in, everything out."""

from dataclasses import dataclass

from handx.cli.drawing import Drawing


@dataclass(frozen=True, kw_only=True)
class Run(Drawing):
    """Text in, checked robot motion out: every stage in one go.

    Draws a two-handed motion, puts it on a robot, simulates it, and says honestly
    whether the motion is what was asked (text), whether this robot can do it (hand),
    and whether the simulated hands did it (physics). Exit code 0 only if all three say
    yes, 1 if not, 2 if an input cannot be used.

      handx run "touch the thumb to each fingertip in turn with both hands"
      handx run "clap twice" --robot inspire --out out/clap
      handx run "make a fist with the left hand" --model program --seed 3
      handx run "clap twice" --model synth-v1 --samples 8
      handx run "interlace your fingers" --robot leap --repair

    Leaves motion.npz, trajectory.npz, retarget.json, rollout.npz, report.json,
    trajectory.mcap and video.mp4 in --out. With --samples every drawn motion is put on
    the robot and simulated; the table shows all, the best is kept (candidates.json).
    With --repair a table says what was tried and what each step bought (repair.json).
    """

    robot: str = "shadow"
    """Which robot (`handx robots`); "shadow+inspire" is a hand of each, left+right."""
    repair: bool = False
    """Where a verdict is no yes: slow down, re-solve, correct, draw another sample."""

    def execute(self) -> int:
        """Run every stage and print a table for each."""
        from handx import pipeline
        from handx.cli import console, summaries

        terminal = console.console()
        result = pipeline.run(
            self.request(), self.robot, self.out, self.model, self.seed, self.seconds,
            self.samples, self.device, console.progress, repair=self.repair,
        )  # fmt: skip
        if result.candidates:
            terminal.print(summaries.candidates(result.candidates))
        terminal.print(summaries.motion(result.motion, result.reading, result.text))
        terminal.print(summaries.retargeting(result.trajectory, result.retarget_report))
        if result.repairs:
            terminal.print(summaries.repairs(result.repairs))
        terminal.print(console.checks(result.report))
        terminal.print(summaries.written(result))
        terminal.print(console.verdicts(result.report))
        return 0 if result.passed else 1
