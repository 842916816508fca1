"""Control, ours and the paper's: `python benchmarks/control.py [--model synth-v1]`.

Clips made by rules are the ground truth. Of each, some values are given, and the network
draws the rest from the clip's own sentence: once with exact constraints, once with the
paper's soft blending (.85 in what is given, .1 at five frames from it) and the same
finish. All numbers come from the same draws, because each can be bought with the
others. Motions of many segments and the stream are in `benchmarks.endless`. The table
says nothing about recorded hands: the clips are synthetic.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handx_gen.control import Constraints, Touch, Turned, Values, editing
from handx_gen.control.draw import draw
from handx_gen.control.points import gap, parse_point
from handx_gen.control.pose import palm_turn
from handx_gen.errors import InputError
from handx_gen.generator import Generator, load_generator
from handx_gen.kinematics.requests import match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform, read
from handx_gen.prompt import Plan
from handx_gen.skeleton import TIP_INDEX, bone_lengths

FRAMES = 60
FPS = 30.0
SENTENCES = (
    "make a fist with the right hand",
    "pinch the right index finger twice",
    "spread the fingers of the left hand",
    "bend the left middle finger",
    "touch the left thumb to the left ring finger",
    "make a fist with both hands",
    "touch the index fingertips together",
    "clap twice",
)
PAIR = ("left.index_tip", "right.thumb_tip")
TOUCHED = 35
"""Frame of the asked touch."""


@dataclass(frozen=True)
class Mode:
    """One way of constraining.

    Attributes:
        name: In the table.
        make: From a ground-truth clip.
        seams: Frames at which what is given meets what is free.
    """

    name: str
    make: Callable[[BimanualMotion], Constraints]
    seams: tuple[int, ...] = ()


def _of(clip: BimanualMotion, frames: np.ndarray, points: str = "") -> Constraints:
    return Constraints(FRAMES, (Values.of_motion("clip", clip, frames, points=points),))


def wrist_paths(clip: BimanualMotion) -> Constraints:
    """Both wrists and palms throughout."""
    frames = np.arange(FRAMES)
    turn = palm_turn(clip.joints[:FRAMES].astype(float))
    return Constraints(
        FRAMES,
        tuple(
            Values.of_point("path", f"{s}.wrist", frames, clip.joints[:FRAMES, k, 0])
            for k, s in enumerate(("left", "right"))
        ),
        tuple(
            Turned("path", s, frames, turn[:, k])
            for k, s in enumerate(("left", "right"))
        ),
    )


def fingertips(clip: BimanualMotion) -> Constraints:
    """All ten fingertips at two moments, wrists free."""
    mask = np.zeros((2, 2, 21), bool)
    mask[:, :, TIP_INDEX] = True
    frames = np.array([20, 40])
    return Constraints(FRAMES, (Values("tips", frames, clip.joints[frames], mask),))


def touching(_: BimanualMotion) -> Constraints:
    """A touch that the sentence says nothing of."""
    return Constraints(FRAMES, relations=(Touch(PAIR, TOUCHED, TOUCHED + 1),))


def edited(clip: BimanualMotion, change: str, start: int, stop: int) -> Constraints:
    """A part of the clip drawn anew, the rest kept."""
    whole = BimanualMotion(clip.joints[:FRAMES], clip.fps)
    return editing("clip", whole, change, start, stop)


MODES = (
    Mode("in-between", lambda c: _of(c, np.r_[:10, 50:60]), (9, 10, 49, 50)),
    Mode("two keyframes", lambda c: _of(c, np.array([20, 40])), (20, 40)),
    Mode("right hand held", lambda c: _of(c, np.arange(FRAMES), "right")),
    Mode("wrist paths", wrist_paths),
    Mode("fingertips", fingertips, (20, 40)),
    Mode("touch at a time", touching, (TOUCHED,)),
    Mode("edit: a span", lambda c: edited(c, "", 15, 45), (14, 15, 44, 45)),
    Mode("edit: left hand", lambda c: edited(c, "left", 15, 45), (14, 15, 44, 45)),
    Mode(
        "edit: a finger", lambda c: edited(c, "right.index", 15, 45), (14, 15, 44, 45)
    ),
)


def differences(joints: np.ndarray, order: int) -> np.ndarray:
    """Largest derivative of any joint in every frame, (T,)."""
    off = np.diff(joints, order, axis=0) * FPS**order
    size = np.linalg.norm(off, axis=-1).max((1, 2))
    before = order // 2
    return np.pad(size, (before, order - before), mode="edge")


@dataclass(frozen=True)
class Row:
    """What one draw came to."""

    error: float  # largest distance from what was given, or gap of the touch [mm]
    bones: float  # largest variation of a bone [%]
    acceleration: float  # at the seams [m/s²]
    truth: float  # the same of the ground truth
    peak: float  # the ground truth's largest anywhere
    jerk: float  # peak at the seams over peak elsewhere
    f1: float  # events of the sentence

    @classmethod
    def of(
        cls, motion: BimanualMotion, clip: BimanualMotion, mode: Mode, sentence: str
    ) -> "Row":
        """Measure a drawn motion."""
        joints, true = motion.joints.astype(float), clip.joints[:FRAMES].astype(float)
        wanted = mode.make(clip)
        given = wanted.given
        off = np.linalg.norm(joints - given.joints, axis=-1)[given.mask]
        error = float(off.max(initial=0))
        if wanted.relations:
            first, second = (parse_point("pair", p) for p in PAIR)
            error = abs(float(gap(first, second, joints)[TOUCHED]))
        # Bones are the body's own wherever the drawn hand is not the given one.
        lengths = bone_lengths(joints)
        bones = float((lengths.std(0) / lengths.mean(0)).max())
        near = np.zeros(FRAMES, bool)
        for seam in mode.seams:
            near[max(seam - 2, 0) : seam + 3] = True
        jerk, acceleration = differences(joints, 3), differences(joints, 2)
        seams = bool(mode.seams)
        result = match(motion, read(sentence).requested)
        return cls(
            1000 * error, 100 * bones,
            float(acceleration[near].max()) if seams else np.nan,
            float(differences(true, 2)[near].max()) if seams else np.nan,
            float(differences(true, 2).max()),
            float(jerk[near].max() / jerk[~near].max()) if seams else np.nan,
            result.f1 or 0.0,
        )  # fmt: skip


def line(name: str, how: str, rows: list[Row]) -> str:
    """One line of the table."""
    at, true, peak, jerk = (
        np.mean([getattr(r, field) for r in rows])
        for field in ("acceleration", "truth", "peak", "jerk")
    )
    seams = f"{at:.1f} | {true:.1f} | {peak:.1f} | {jerk:.2f}"
    seams = "– | – | – | –" if np.isnan(at) else seams
    return (
        f"| {name} | {how} | {max(r.error for r in rows):.2f} | "
        f"{max(r.bones for r in rows):.4f} | {seams} | "
        f"{np.mean([r.f1 for r in rows]):.2f} |\n"
    )


def table(generator: Generator, clips: int, write: Callable[[str], object]) -> None:
    """Draw and measure everything, line by line."""
    sentences = [SENTENCES[i % len(SENTENCES)] for i in range(clips)]
    truths = [
        perform(sentence, seed=100 + i, seconds=2)
        for i, sentence in enumerate(sentences)
    ]
    write(
        "| given | by | error, max [mm] | bone variation, max [%] | seam acceleration "
        "[m/s²] | true there | true peak | seam jerk / inside | event F1 |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
    )
    for mode in (Mode("nothing", lambda _: Constraints(FRAMES)), *MODES):
        for paper in (False, True) if mode in MODES else (False,):
            rows: list[Row] = []
            for seed, (sentence, clip) in enumerate(
                zip(sentences, truths, strict=True)
            ):
                plan = Plan.from_text(sentence)
                try:
                    motion = draw(generator, plan, mode.make(clip), [seed], paper)[0]
                except InputError:  # what is given does not hold together
                    continue
                rows.append(Row.of(motion, clip, mode, sentence))
            how = "the paper's blending" if paper else "ours"
            refused = clips - len(rows)
            write(
                line(mode.name, f"{how}, {refused} refused" if refused else how, rows)
            )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="synth-v1", help="shipped name, or a folder")
    parser.add_argument("--clips", type=int, default=len(SENTENCES))
    options = parser.parse_args()

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    table(load_generator(options.model), options.clips, write)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
