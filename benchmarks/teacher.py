"""The procedural teacher: how fast, and how often it does what it was told.

    python -m benchmarks.teacher [clips]

Draws random programs for random bodies and prints how many are found again as asked by
`match()`, how many overlap the other hand, and how many finished clips a second one core
makes.
"""

import sys
import time
from collections import Counter

import numpy as np

from handx_gen.kinematics.requests import match
from handx_gen.procedural import perform_program, synthesize
from handx_gen.procedural.performance import sampled_stage
from handx_gen.procedural.sample import (
    FRAMES,
    MAX_OVERLAP,
    MAX_SECONDS,
    natural_seconds,
    overlap,
    sample_program,
)


def main(count: int) -> None:
    """Print the outcomes of `count` programs and the speed over as many clips."""
    outcomes: Counter[str] = Counter()
    for seed in range(count):
        rng = np.random.default_rng([seed, 0, 0])
        program = sample_program(rng)
        if natural_seconds(program) > MAX_SECONDS:
            outcomes["too long for two seconds"] += 1
            continue
        motion = perform_program(program, FRAMES, sampled_stage(rng))
        if overlap(motion.joints) > MAX_OVERLAP:
            outcomes["overlaps the other hand"] += 1
        else:
            answer = match(motion, program.requested).answer
            outcomes["as asked" if answer == "yes" else "something else too"] += 1
    print(
        f"{count} random programs: "
        + ", ".join(f"{n} {k}" for k, n in outcomes.items())
    )
    start = time.process_time()
    for seed in range(count):
        synthesize(seed)
    rate = count / (time.process_time() - start)
    print(f"synthesize: {rate:.0f} clips per CPU-second, with captions and checks")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
