"""Motion of many segments: joined, drawn together, streamed: `python -m benchmarks.endless`.

Ten sentences in a random order make a plan of about half a minute to a minute. It is
drawn three ways from the same network: every segment alone and joined by minimum-jerk
passages; all at once in windows that overlap and agree at every step (the default); and
by the stream, which knows of what comes only when it is said. Seams are half a second
around the end of a segment. Then the stream is read at its own rate, in real time, and
interrupted with new words: how much motion passes until the first frame that differs,
how long the worker took, and whether a reader had to wait. Wall times are those of a
machine as busy as it is; its load is printed.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.control import differences
from handx_gen.generator import SEGMENT_SEED, Generator, load_generator, played
from handx_gen.kinematics.requests import match
from handx_gen.live import MotionStream
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import read
from handx_gen.prompt import Plan, Prompt, Segment
from handx_gen.skeleton import bone_lengths

SENTENCES = (
    "make a fist with the right hand",
    "pinch the right index finger twice",
    "spread the fingers of the left hand",
    "bend the left middle finger",
    "touch the left thumb to the left ring finger",
    "make a fist with both hands",
    "touch the index fingertips together",
    "clap twice",
    "wave with the right hand",
    "point with the left index finger",
)
AROUND = 7
"""Frames before and after a segment's end that belong to the seam."""
SAME = 1e-6
"""Joints closer than this [m] have not changed."""

Drawn = tuple[BimanualMotion, list[tuple[int, int]]]
"""A motion, and the frames that each segment has."""


def joined(generator: Generator, sentences: list[str], seed: int) -> Drawn:
    """Every segment alone, with passages between them."""
    plan = _plan(sentences)
    seeds = [seed + SEGMENT_SEED * i for i in range(len(sentences))]
    clips = generator.clips([s.prompt for s in plan.segments], seeds)
    motion = played(plan, clips, generator.config.fps, {})
    alone = [
        len(played(Plan((segment,)), clip[None], generator.config.fps, {}))
        for segment, clip in zip(plan.segments, clips, strict=True)
    ]
    passage = (len(motion) - sum(alone)) // max(len(alone) - 1, 1)
    starts = np.cumsum([0, *(n + passage for n in alone[:-1])])
    return motion, [(int(a), int(a + n)) for a, n in zip(starts, alone, strict=True)]


def together(generator: Generator, sentences: list[str], seed: int) -> Drawn:
    """All at once, in overlapping windows."""
    motion = generator.motion(_plan(sentences), seed)
    return motion, [(s["start"], s["stop"]) for s in motion.provenance["segments"]]


def streamed(generator: Generator, sentences: list[str], seed: int) -> Drawn:
    """One after another, by the stream."""
    frames = []
    with MotionStream(generator.config.name, seed) as stream:
        for sentence in sentences:
            stream.then(sentence)
        while not stream.resting:
            frames.append(next(stream))
    request = np.array([frame.request for frame in frames])
    spans = []
    for number in range(1, len(sentences) + 1):
        own = np.flatnonzero(request == number)
        spans.append((int(own[0]), int(own[-1]) + 1))
    return BimanualMotion(np.stack([f.joints for f in frames])), spans


def _plan(sentences: list[str]) -> Plan:
    return Plan(tuple(Segment(Prompt(sentence=s)) for s in sentences))


@dataclass(frozen=True)
class Row:
    """What one way of drawing came to, on one plan."""

    seconds: float
    acceleration: float  # largest at the seams [m/s²]
    elsewhere: float
    jerk: float  # peak at the seams over peak elsewhere
    bones: float  # largest variation of a bone [%]
    drift: float  # wrist distance of the last second against the first [mm]
    f1: float  # of every segment's own sentence in its own frames
    cpu: float  # [s]

    @classmethod
    def of(cls, drawn: Drawn, sentences: list[str], cpu: float) -> "Row":
        """Measure."""
        motion, spans = drawn
        joints = motion.joints.astype(float)
        near = np.zeros(len(joints), bool)
        for (_, stop), (start, _) in zip(spans, spans[1:]):
            near[max(stop - AROUND, 0) : start + AROUND] = True
        acceleration, jerk = differences(joints, 2), differences(joints, 3)
        lengths = bone_lengths(joints)
        apart = np.linalg.norm(joints[:, 0, 0] - joints[:, 1, 0], axis=-1)
        scores = []
        for (start, stop), sentence in zip(spans, sentences, strict=True):
            part = BimanualMotion(motion.joints[start:stop], motion.fps)
            scores.append(match(part, read(sentence).requested).f1 or 0.0)
        return cls(
            motion.duration, acceleration[near].max(), acceleration[~near].max(),
            jerk[near].max() / jerk[~near].max(),
            100 * float((lengths.std(0) / lengths.mean(0)).max()),
            1000 * abs(float(apart[-30:].mean() - apart[:30].mean())),
            float(np.mean(scores)), cpu,
        )  # fmt: skip


WAYS: dict[str, Callable[[Generator, list[str], int], Drawn]] = {
    "joined by passages": joined,
    "drawn together (default)": together,
    "streamed": streamed,
}


def table(generator: Generator, plans: int, write: Callable[[str], object]) -> None:
    """Draw and measure every way."""
    write(
        "| way | length [s] | seam acceleration [m/s²] | elsewhere | seam jerk / "
        "elsewhere | bone variation, max [%] | wrist distance, end − start, max [mm] | "
        "event F1 per segment | motion per CPU second [s] |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
    )
    for name, way in WAYS.items():
        rows = []
        for seed in range(plans):
            order = np.random.default_rng(seed).permutation(len(SENTENCES))
            sentences = [SENTENCES[k] for k in order]
            before = time.process_time()
            drawn = way(generator, sentences, seed)
            rows.append(Row.of(drawn, sentences, time.process_time() - before))
        mean = {f: np.mean([getattr(r, f) for r in rows]) for f in Row.__annotations__}
        write(
            f"| {name} | {mean['seconds']:.1f} | {mean['acceleration']:.1f} | "
            f"{mean['elsewhere']:.1f} | {mean['jerk']:.2f} | "
            f"{max(r.bones for r in rows):.4f} | {max(r.drift for r in rows):.0f} | "
            f"{mean['f1']:.2f} | {mean['seconds'] / mean['cpu']:.1f} |\n"
        )


def minute(generator: Generator, write: Callable[[str], object]) -> None:
    """Whether a minute of motion stays in its place, by windows of eight seconds.

    Four sentences that leave the wrists alone take turns, so that whatever the distance
    of the wrists does is drift.
    """
    fingers = [SENTENCES[k] for k in (0, 2, 3, 9)]
    said = [fingers[k % 4] for k in range(30)]
    plan = Plan(tuple(Segment(Prompt(sentence=s), 2.0) for s in said))
    with MotionStream(generator.config.name) as stream:
        for sentence in said:
            stream.then(sentence)
        motions = {
            "drawn together": generator.motion(plan, 0),
            "streamed": stream.take(1800),
        }
    for name, motion in motions.items():
        joints = motion.joints.astype(float)
        lengths = bone_lengths(joints)
        bones = 100 * float((lengths.std(0) / lengths.mean(0)).max())
        apart = np.linalg.norm(joints[:, 0, 0] - joints[:, 1, 0], axis=-1)
        means = [1000 * apart[k : k + 240].mean() for k in range(0, 1561, 240)]
        write(
            f"\n60 s {name}: bones vary by {bones:.5f} % at most, the distance of the "
            f"wrists by {np.ptp(means):.1f} mm.\n"
        )


def effort(model: str, write: Callable[[str], object]) -> None:
    """CPU time from new words to their first frame, in the middle of other motion."""
    spent = []
    with MotionStream(model) as stream:
        for sentence in 2 * SENTENCES:
            before = time.process_time()
            number = stream.say(sentence)
            while next(stream).request != number:
                pass
            spent.append(time.process_time() - before)
            for _ in range(40):
                next(stream)
    write(
        f"\nFrom new words to their first frame: {1000 * np.median(spent):.0f} ms of CPU "
        f"time, {1000 * max(spent):.0f} ms at most; the lead is "
        f"{1000 * stream.lead / stream.fps:.0f} ms.\n"
    )


def interrupted(model: str, times: int, write: Callable[[str], object]) -> None:
    """Read the stream in real time and say something new every second and a half."""
    random = np.random.default_rng(0)
    changed, slowest, waits = [], [], 0.0
    for seed in range(times):
        words = random.permutation(len(SENTENCES))[:4]
        at = [int(n) for n in np.cumsum(random.integers(30, 60, 3))]
        with MotionStream(model, seed) as stream, MotionStream(model, seed) as same:
            period = 1 / stream.fps
            for told in (stream, same):
                told.say(SENTENCES[words[0]])
            said, due = 0, time.perf_counter()
            for index in range(at[-1] + 30):
                if index in at:
                    said += 1
                    stream.say(SENTENCES[words[said]])
                before = stream.waited
                frame = next(stream)
                slowest.append(stream.waited - before)
                if index < at[0] + 30 and len(changed) == seed:
                    off = np.abs(frame.joints - next(same).joints).max()
                    if off > SAME:
                        changed.append(index - at[0] + 1)
                due += period
                time.sleep(max(0.0, due - time.perf_counter()))
            waits += stream.waited
    load = os.getloadavg()[0]
    write(
        f"\nNew words to the first changed frame: {max(changed)} frames at most, "
        f"{max(changed) / 30:.2f} s of motion. Read in real time at load {load:.1f} on "
        f"{os.cpu_count()} cores: readers waited {1000 * waits:.0f} ms in {times} runs, "
        f"{1000 * max(slowest):.0f} ms at most at once.\n"
    )


def main() -> int:
    """Print both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="synth-v1", help="shipped name, or a folder")
    parser.add_argument("--plans", type=int, default=6)
    options = parser.parse_args()

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    generator = load_generator(options.model)
    table(generator, options.plans, write)
    minute(generator, write)
    effort(options.model, write)
    interrupted(options.model, options.plans, write)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
