"""Every example of the vocabulary through the whole road, on each robot.

    python benchmarks/vocabulary.py [robot …]

Prints, per request and robot, the three verdicts, the stretch of time and the CPU
seconds of retargeting and of validation (with its baselines), without video.
"""

import sys
import time

from handx_gen import match, perform, read
from handx_gen.procedural import PRIMITIVES
from retarget import retarget_motion
from robots import load_robot
from sim import validate
from sim.report import Verdict


def main(robots: list[str]) -> None:
    """Print one line per request and robot, and the totals."""
    texts = [text for p in PRIMITIVES.values() for text in p.examples]
    for name in robots:
        robot = load_robot(name)
        passed, seconds = 0, 0.0
        for text in texts:
            motion = perform(text)
            found = match(motion, read(text).requested)
            start = time.process_time()
            trajectory, report = retarget_motion(motion, robot)
            middle = time.process_time()
            verdict = Verdict(found.answer, found.reasons)
            _, result = validate(trajectory, robot, verdict, report)
            stop = time.process_time()
            passed += result.passed
            seconds += stop - start
            answers = " ".join(
                f"{key} {value.answer:4s}" for key, value in result.verdicts.items()
            )
            reasons = [r for v in result.verdicts.values() for r in v.reasons]
            print(
                f"{name:8s} {'PASS' if result.passed else 'no  '} {text:58s} {answers} "
                f"x{result.stretch:.2f} {middle - start:.1f}+{stop - middle:.1f} s "
                f"{'; '.join(reasons)[:110]}",
                flush=True,
            )
        print(
            f"{name}: {passed} of {len(texts)} pass, {seconds / len(texts):.2f} CPU-seconds "
            "each"
        )


if __name__ == "__main__":
    main(sys.argv[1:] or ["shadow", "inspire"])
