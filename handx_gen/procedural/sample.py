"""Random programs and the synthetic clips made from them (`synth-v1`'s data).

A clip is kept only if its own events, read back from the finished joints, agree with
its program. Splits are fixed by rule, not by chance:

- *held-out combinations*: a pair of (left step, right step) or (first, second) whose
  hash falls into one fifth never occurs in training;
- *held-out wording*: the sentences use templates that training never sees.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from handx_gen.hand_model import bone_segments
from handx_gen.kinematics.distance import segment_distance
from handx_gen.kinematics.requests import RequestedEvents, match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural.performance import perform_program, sampled_stage
from handx_gen.procedural.templates_one_hand import HELD_OUT, TRAIN
from handx_gen.procedural.timeline import Program, Stage, Step
from handx_gen.procedural.vocabulary import PRIMITIVES
from handx_gen.procedural.wording import say, say_step
from handx_gen.prompt import Prompt

FRAMES = 60
SPLITS = ("train", "val", "heldout_combination", "heldout_wording")
ATTEMPTS = 1000
"""Programs tried for one clip; a held-out combination is met in about one of twenty."""
SENTENCES = 4
"""Wordings per clip."""
MAX_OVERLAP = 0.002
"""Deepest overlap of the two hands' finger capsules that is accepted [m]."""


@dataclass(frozen=True, eq=False)
class SyntheticClip:
    """One synthetic clip with its captions.

    Attributes:
        joints: (60, 2, 21, 3) float32 [m], canonical frame, 30 fps.
        sentences: Free-sentence captions, several wordings of the same program.
        triple: The same as left / right / relation prompts.
        requested: The events it was checked to contain.
        program: What was performed.
        seed: What it was made from.
    """

    joints: np.ndarray
    sentences: tuple[str, ...]
    triple: Prompt
    requested: RequestedEvents
    program: Program
    seed: int


def _random_step(rng: np.random.Generator, hand: str, two_handed: bool) -> Step:
    """A random step of one hand (or of both alike), or of the two together."""
    entries = [p for p in PRIMITIVES.values() if p.two_handed == two_handed]
    weights = np.array([p.weight for p in entries])
    entry = entries[int(rng.choice(len(entries), p=weights / weights.sum()))]
    step = Step(entry.name, hand)
    return entry.draw(step, rng) if entry.draw else step


def _single_step(rng: np.random.Generator, hand: str) -> Step:
    return _random_step(rng, hand, two_handed=False)


def _together_step(rng: np.random.Generator) -> Step:
    return _random_step(rng, "both", two_handed=True)


def sample_program(rng: np.random.Generator) -> Program:
    """A random program that fits into two seconds."""
    kind = rng.random()
    if kind < 0.30:
        return Program((_together_step(rng),))
    if kind < 0.50:
        return Program((_single_step(rng, ("left", "right")[int(rng.integers(2))]),))
    if kind < 0.68:
        return Program((_single_step(rng, "both"),))
    left, right = _single_step(rng, "left"), _single_step(rng, "right")
    if kind < 0.90:
        return Program((left, right))
    if rng.random() < 0.3:  # one hand still
        still = "left" if rng.random() < 0.5 else "right"
        moving = right if still == "left" else left
        return Program((Step("still", still), moving))
    first = _short(rng, left if rng.random() < 0.5 else right)
    second = _short(rng, right if rng.random() < 0.5 else left)
    return Program((first, replace(second, order=1)))


def _short(rng: np.random.Generator, step: Step) -> Step:
    """A shorter form of a step, so that two fit one after the other."""
    if step.primitive in ("count", "wave", "circle") or len(step.fingers) == 4:
        return Step("shape", step.hand, (("index",), ())[int(rng.integers(2))])
    return replace(step, count=1)


def held_out_combination(program: Program) -> bool:
    """Whether this combination of two steps is reserved for testing (one in five)."""
    if len(program.steps) < 2:
        return False
    parts = sorted(
        f"{s.primitive}|{s.hand}|{'-'.join(s.fingers)}|{s.direction}|{s.order}"
        for s in program.steps
    )
    return hashlib.sha256("&".join(parts).encode()).digest()[0] < 51


@cache
def _reference_stage() -> Stage:
    """The hands on which durations are measured; planning moves does not change them."""
    return sampled_stage(np.random.default_rng(0))


def natural_seconds(program: Program) -> float:
    """How long a program takes at natural speed [s]."""
    stage = _reference_stage()
    total = 0.0
    for order in sorted({s.order for s in program.steps}):
        total += max(
            PRIMITIVES[s.primitive].moves(s, stage)[1] / s.speed
            for s in program.steps
            if s.order == order
        )
    return total


MAX_SECONDS = 3.6
"""Programs longer than this at natural speed would be hurried too much in 2 s."""


def overlap(joints: np.ndarray, stride: int = 2) -> float:
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


def _triple(program: Program, rng: np.random.Generator, wording: str) -> Prompt:
    """The program as left / right / relation prompts."""
    parts: dict[str, list[str]] = {"left": [], "right": [], "relation": []}
    for step in sorted(program.steps, key=lambda s: s.order):
        clause = say_step(step, rng, wording)
        if PRIMITIVES[step.primitive].two_handed:
            parts["relation"].append(clause)
        else:
            for side in ("left", "right"):
                if step.hand in (side, "both"):
                    one = replace(step, hand=side)
                    parts[side].append(say_step(one, rng, wording))
    return Prompt(**{k: ", then ".join(v) for k, v in parts.items()})


def synthesize(seed: int, split: str = "train") -> SyntheticClip:
    """One clip of a split, the same for the same seed.

    Args:
        seed: Any integer ≥ 0.
        split: One of `SPLITS`.
    """
    stream = SPLITS.index(split)
    wording = HELD_OUT if split == "heldout_wording" else TRAIN
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, stream, attempt])
        program = sample_program(rng)
        if held_out_combination(program) != (split == "heldout_combination"):
            continue
        if natural_seconds(program) > MAX_SECONDS:
            continue
        motion = perform_program(program, FRAMES, sampled_stage(rng))
        joints = motion.joints
        if overlap(joints) > MAX_OVERLAP:
            continue
        requested = program.requested
        if match(BimanualMotion(joints, motion.fps), requested).answer != "yes":
            continue
        sentences = tuple(say(program, rng, wording) for _ in range(SENTENCES))
        triple = _triple(program, rng, wording)
        program = replace(program, text=sentences[0])
        return SyntheticClip(joints, sentences, triple, requested, program, seed)
    raise AssertionError(f"no clip for seed {seed} of {split} in {ATTEMPTS} attempts")
