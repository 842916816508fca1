"""A teacher small enough for tests: one hand lifts or lowers its fingers."""

from dataclasses import dataclass

import numpy as np
import pytest

from handx_gen.procedural import Program, Step
from handx_gen.prompt import Prompt


@dataclass(frozen=True)
class Clip:
    joints: np.ndarray
    sentences: tuple[str, ...]
    triple: Prompt
    program: Program


def teach(seed: int, split: str = "train") -> Clip:
    from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints

    draw = np.random.default_rng(seed)
    side, bent = int(draw.integers(2)), int(draw.integers(2))
    ease = (1 - np.cos(np.linspace(0, np.pi, 60))) / 2
    hands = []
    for each in (0, 1):
        angles = np.full((60, 5, 5), 0.05)
        if each == side and bent:
            angles[:, 1:, 3] += ease[:, None]
        points, _ = finger_points(DEFAULT_SHAPE, angles)
        wrist = np.full((60, 3), [0.15, 0.0, 0.0]) + 0.01 * draw.standard_normal(3)
        hands.append(to_joints(points, np.eye(3), wrist, each))
    name, verb = ("left", "right")[side], ("rests", "bends")[bent]
    triple = Prompt(**{name: verb, "relation": "apart"})
    ways = ("the {} hand {}", "{} fingers: {}", "on the {} it {}", "the {} one {}")
    sentences = tuple(way.format(name, verb) for way in ways)
    program = Program((Step("bend" if bent else "still", name),))
    return Clip(np.stack(hands, 1), sentences, triple, program)


@pytest.fixture(scope="session")
def teacher():
    """The function (seed, split) → clip."""
    return teach


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder with one shard of 40 clips."""
    from handx_gen.text import HashedEncoder
    from training.data.synthetic import make_shard

    folder = tmp_path_factory.mktemp("data")
    make_shard(0, 40, HashedEncoder(16), teach).save(folder, 0)
    return folder
