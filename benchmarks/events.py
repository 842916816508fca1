"""How fast events are read: `python benchmarks/events.py [clips]`.

Compares the segmentation of 300-frame clips with the direct transcription that the tests
keep as their reference (results must be equal), and gives the time of the whole event
JSON. One thread.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from handx_gen.kinematics.segmentation import changes
from handx_gen.kinematics.series import descriptor_series
from handx_gen.kinematics.timeline_events import timeline
from handx_gen.motion import BimanualMotion
from handx_gen.procedural.performance import perform_program, sampled_stage
from handx_gen.procedural.sample import sample_program
from handx_gen.procedural.timeline import Program
from tests.gen.direct_segmentation import direct_changes

FRAMES = 300


def clip(seed: int) -> BimanualMotion:
    """A 300-frame clip: several random programs one after the other, with 0.3 mm noise."""
    rng = np.random.default_rng(seed)
    stage = sampled_stage(rng)
    parts = []
    while sum(map(len, parts)) < FRAMES:
        program = Program(sample_program(rng).steps)
        parts.append(perform_program(program, None, stage).joints)
    joints = np.concatenate(parts)[:FRAMES].astype(float)
    return BimanualMotion(joints + rng.normal(0, 3e-4, joints.shape))


def main() -> None:
    """Measure and print."""
    clips = [clip(seed) for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 6)]
    print("clip | series | changes | direct [s] | fast [ms] | ratio | whole JSON [ms]")
    ratios = []
    for number, motion in enumerate(clips):
        series = [s for s in descriptor_series(motion) if s.bins is not None]
        start = time.perf_counter()
        slow = [direct_changes(s.values, motion.fps, s.bins) for s in series]
        direct = time.perf_counter() - start
        times = []
        for _ in range(5):
            start = time.perf_counter()
            fast = [changes(s.values, motion.fps, s.bins) for s in series]
            times.append(time.perf_counter() - start)
        equal = [
            [(c.start, c.stop, c.begin, c.end, c.speed, c.rising) for c in one]
            for one in fast
        ] == slow
        if not equal:
            sys.exit(f"clip {number}: the results differ")
        start = time.perf_counter()
        timeline(motion)
        whole = time.perf_counter() - start
        ratios.append(direct / min(times))
        print(
            f"{number:4d} | {len(series):6d} | {sum(map(len, slow)):7d} | {direct:10.2f} | "
            f"{1e3 * min(times):9.1f} | {ratios[-1]:5.0f} | {1e3 * whole:8.0f}"
        )
    print(f"ratio: median {np.median(ratios):.0f}, least {min(ratios):.0f}")


if __name__ == "__main__":
    main()
