"""`handx generate`: text → motion.npz."""

from dataclasses import dataclass

from handx.cli.control import Control
from handx.cli.drawing import Drawing


@dataclass(frozen=True, kw_only=True)
class Generate(Control, Drawing):
    """Text → the motion of two human hands (motion.npz).

    Exit code 0 if the motion does what was asked, 1 if not or if it cannot be told.

      handx generate "pinch the index finger, then make a fist" --out out
      handx generate "clap twice" --model program --seconds 3
      handx generate "clap twice" --hold left.npz --touch left.palm,right.palm@1.2s
      handx generate "wave" --edit out/motion.npz --change right@20-40
      handx plan "fist, then clap, then wave" --out p.json; handx generate --plan p.json
      handx retarget out/motion.npz --robot shadow --out out
    """

    def execute(self) -> int:
        """Draw the motion, write it, and print what it does."""
        from handx import files, pipeline
        from handx.cli import console, summaries
        from handx.reading import assured
        from handx_gen.planning.scores import segment_scores

        reading = pipeline.read(self.request(), self.seconds)
        constraints = None
        if self.asked:
            constraints = self.constraints(self.seconds, reading.plan)
        with (
            files.staged(self.out, (files.MOTION,)) as folder,
            console.progress("generate"),
        ):
            reading = assured(reading, self.model, self.seed, self.device)
            motion, found = pipeline.generate(
                reading, self.model, self.seed, self.samples, self.device,
                constraints,
            )  # fmt: skip
            motion.save(folder / files.MOTION)
        console.console().print(summaries.motion(motion, reading, found))
        if len(parts := segment_scores(motion)) > 1:
            console.console().print(summaries.segments(motion, parts))
        return 0 if found.answer == "yes" else 1
