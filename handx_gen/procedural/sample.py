"""Synthetic clips: a random program, a random person, words for it (`synth-v1`'s data).

A clip is kept only if its own events, read back from the finished joints, agree with
what its captions ask for. Splits are fixed by rule, not by chance:

- *held-out combinations*: combinations of two steps (left and right, first and second)
  whose hash falls into one fifth never occur in training;
- *held-out sequences*: the same for three steps in a row;
- *held-out wording*: the sentences use templates and synonyms that training never sees;
- training, validation and test clips are performed by different people.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from handx_gen.hand_model import DEFAULT_SHAPE, bone_segments
from handx_gen.kinematics.distance import segment_distance
from handx_gen.kinematics.requests import RequestedEvents, match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural.performance import (
    on_stage,
    perform_program,
    sampled_bodies,
)
from handx_gen.procedural.poses import Body
from handx_gen.procedural.programs import (
    MAX_SECONDS,
    held_out_combination,
    natural_seconds,
    omitted,
    sample_program,
)
from handx_gen.procedural.sway import swayed
from handx_gen.procedural.templates import HELD_OUT, TRAIN, VARIED
from handx_gen.procedural.timeline import Program, Step
from handx_gen.procedural.vocabulary import PRIMITIVES
from handx_gen.procedural.wording import say, say_branch
from handx_gen.prompt import Prompt
from handx_gen.skeleton import JOINT, SIDES

FRAMES = 60
SPLITS = ("train", "val", "heldout_combination", "heldout_wording", "heldout_sequence")
PEOPLE = {"train": 768, "val": 64, "test": 64}
"""How many different people perform the clips of training, validation and all tests."""
ATTEMPTS = 1000
"""Programs tried for one clip; a held-out combination is met in about one of twenty."""
SENTENCES = 7
"""Wordings per clip."""
PARTIAL = 0.2
"""How many clips have captions that leave something out."""
IDLE_SAID = 0.4
"""How often the branch of a hand that does nothing says so; else it is empty."""
MAX_OVERLAP = 0.002
"""Deepest overlap of the two hands' finger capsules that is accepted [m]."""
MAX_OWN_OVERLAP = 0.003
"""The same for two fingers of one hand, which press flesh on flesh [m]."""
_BREADTH = float(np.linalg.norm(DEFAULT_SHAPE.bases[1] - DEFAULT_SHAPE.bases[4]))


@dataclass(frozen=True, eq=False)
class SyntheticClip:
    """One synthetic clip with its captions.

    Attributes:
        motion: 60 frames at 30 fps, canonical frame.
        sentences: Free-sentence captions, different wordings of the same program.
        triple: The same as left / right / relation prompts.
        requested: The events that the captions ask for; the clip contains them.
        program: What was performed.
        seed: What it was made from.
    """

    motion: BimanualMotion
    sentences: tuple[str, ...]
    triple: Prompt
    requested: RequestedEvents
    program: Program
    seed: int

    @property
    def joints(self) -> np.ndarray:
        """(60, 2, 21, 3) float32 [m]."""
        return self.motion.joints


@lru_cache(maxsize=1024)
def _bodies(group: str, number: int) -> tuple[Body, Body]:
    """The hands of one person; every group has its own people."""
    stream = list(PEOPLE).index(group)
    return sampled_bodies(np.random.default_rng([7, stream, number]))


def overlap(joints: np.ndarray, stride: int = 1) -> float:
    """Deepest overlap of the two hands' finger bones [m], 0 if they keep clear."""
    a0, a1, r = bone_segments(joints[::stride, 0])
    b0, b1, _ = bone_segments(joints[::stride, 1])
    near = (
        np.linalg.norm(joints[::stride, 0, 0] - joints[::stride, 1, 0], axis=1) < 0.42
    )
    if not near.any():
        return 0.0
    distance = segment_distance(
        a0[near][:, :, None], a1[near][:, :, None], b0[near][:, None], b1[near][:, None]
    )
    return float(max(0.0, -(distance - r[:, None] - r[None]).min()))


def own_overlap(joints: np.ndarray, stride: int = 1) -> float:
    """Deepest overlap of two fingers of the same hand [m], 0 if they keep clear.

    Fingers are taken to be as thick as the hand is wide: otherwise those of a small
    hand would overlap wherever they lie side by side.
    """
    start, stop, r = bone_segments(joints[::stride])  # (T, 2, 15, 3)
    finger = np.arange(len(r)) // 3
    i, j = np.nonzero(finger[:, None] < finger[None])
    distance = segment_distance(
        start[:, :, i], stop[:, :, i], start[:, :, j], stop[:, :, j]
    )
    knuckles = joints[0, :, JOINT["index_mcp"]] - joints[0, :, JOINT["pinky_mcp"]]
    breadth = np.linalg.norm(knuckles, axis=-1) / _BREADTH
    return float(max(0.0, -(distance - breadth[:, None] * (r[i] + r[j])).min()))


def _triple(program: Program, rng: np.random.Generator, wording: str) -> Prompt:
    """The program as left / right / relation prompts."""
    parts: dict[str, list[str]] = {"left": [], "right": [], "relation": []}
    for step in sorted(program.steps, key=lambda s: s.order):
        for branch in _branches(step):
            one = step if branch == "relation" else replace(step, hand=branch)
            clause = say_branch(one, rng, wording)
            late = step.order and not parts[branch]
            parts[branch].append(f"then {clause}" if late else clause)
    if not parts["relation"]:
        for side in SIDES:
            if not parts[side] and rng.random() < IDLE_SAID:
                parts[side].append(say_branch(Step("still", side), rng, wording))
    return Prompt(**{k: ", then ".join(v) for k, v in parts.items()})


def _checked(program: Program) -> Program:
    """The program without its speeds and holds, which the clips are not checked for."""
    steps = tuple(replace(step, speed=1.0, hold=0.0) for step in program.steps)
    return Program(steps)


def _branches(step: Step) -> tuple[str, ...]:
    """The prompts in which a step is said."""
    if PRIMITIVES[step.primitive].two_handed:
        return ("relation",)
    return tuple(side for side in SIDES if step.hand in (side, "both"))


def split_of(program: Program) -> str:
    """Which held-out split a program is reserved for, "" if it may be trained on."""
    if not held_out_combination(program):
        return ""
    sequence = len({step.order for step in program.steps}) > 2
    return "heldout_sequence" if sequence else "heldout_combination"


def synthesize(
    seed: int, split: str = "train", sentences: int = SENTENCES
) -> SyntheticClip:
    """One clip of a split, the same for the same seed.

    Args:
        seed: Any integer ≥ 0.
        split: One of `SPLITS`.
        sentences: Wordings of it; more than `SENTENCES` follow after the first ones and
            change nothing else.
    """
    for attempt in range(ATTEMPTS):
        clip = attempted(seed, split, attempt, sentences)
        if isinstance(clip, SyntheticClip):
            return clip
    raise AssertionError(f"no clip for seed {seed} of {split} in {ATTEMPTS} attempts")


def attempted(
    seed: int, split: str, attempt: int, sentences: int = SENTENCES
) -> SyntheticClip | tuple[str, Program]:
    """One try at a clip: the clip, or why it was rejected and the program."""
    rng = np.random.default_rng([seed, SPLITS.index(split), attempt])
    kind = "three in a row" if split == "heldout_sequence" else ""
    program = sample_program(rng, kind)
    reserved = (
        split if split.startswith("heldout") and split != "heldout_wording" else ""
    )
    if split_of(program) != reserved:
        return "another split", program
    if natural_seconds(program) > MAX_SECONDS:
        return "too long", program
    group = split if split in PEOPLE else "test"
    bodies = _bodies(group, int(rng.integers(PEOPLE[group])))
    motion = perform_program(program, FRAMES, on_stage(bodies, rng))
    # A stream of its own, so that the words do not depend on it.
    motion = swayed(motion, np.random.default_rng([seed, attempt, 1]))
    if overlap(motion.joints) > MAX_OVERLAP:
        return "overlaps", program
    if own_overlap(motion.joints, 2) > MAX_OWN_OVERLAP:
        return "fingers overlap", program
    said = omitted(program, rng) if rng.random() < PARTIAL else program
    requested = _checked(said).requested
    if match(motion, requested).answer != "yes":
        return "not as asked", program
    wording = {"heldout_wording": HELD_OUT, "train": VARIED}.get(split, TRAIN)
    first = min(sentences, SENTENCES)
    words = dict.fromkeys(say(said, rng, wording) for _ in range(first))
    triple = _triple(said, rng, wording)
    words |= dict.fromkeys(say(said, rng, wording) for _ in range(sentences - first))
    program = replace(program, text=next(iter(words)))
    return SyntheticClip(motion, tuple(words), triple, requested, program, seed)
