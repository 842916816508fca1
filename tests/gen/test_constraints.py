"""What a set of constraints accepts, refuses, and makes of the order it is asked in."""

from itertools import permutations

import numpy as np
import pytest

from handx_gen.control import (
    Apart,
    Constraints,
    Touch,
    Turned,
    Values,
    editing,
)
from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform
from handx_gen.skeleton import CHAIN_INDEX, JOINT

FRAMES = 61


@pytest.fixture(scope="module")
def clap() -> BimanualMotion:
    return perform("clap twice", seed=1, seconds=2)


def at(*frames: int) -> np.ndarray:
    return np.array(frames)


def test_values_lie_where_they_were_given(clap):
    values = Values.of_motion("key", clap, at(30), at(7), "left.index")
    given = Constraints(FRAMES, (values,)).given
    chain = CHAIN_INDEX["index"][1:]
    assert given.mask.sum() == 4
    assert given.mask[30, 0, chain].all()
    assert np.array_equal(given.joints[30, 0, chain], clap.joints[7, 0, chain])


def test_the_order_of_asking_changes_nothing(clap):
    nudged = clap.joints[10:12] + np.float32(4e-7)
    near = Values("again", at(10, 11), nudged, np.ones((2, 2, 21), bool))
    values = (
        Values.of_motion("a", clap, np.arange(5, 15)),
        near,
        Values.of_point("tip", "right.index_tip", at(40), np.array([0.1, 0.1, 0])),
    )
    relations = (
        Touch(("left.palm", "right.palm"), 20, 22),
        Touch(("right.palm", "left.palm"), 20, 22),
        Apart(("left.index_tip", "right.index_tip"), 0, 9),
    )
    first = Constraints(FRAMES, values, relations=relations)
    assert len(first.relations) == 2
    for v, r in zip(permutations(values), permutations(relations)):
        other = Constraints(FRAMES, v, relations=r)
        assert other.relations == first.relations
        assert np.array_equal(other.given.joints, first.given.joints)
        assert np.array_equal(other.given.mask, first.given.mask)


def test_two_values_for_one_joint_are_refused_with_their_distance(clap):
    moved = BimanualMotion(clap.joints + np.float32([0.004, 0, 0]))
    values = (
        Values.of_motion("first.npz", clap, at(30)),
        Values.of_motion("second.npz", moved, at(30), points="left.wrist"),
    )
    with pytest.raises(InputError, match=r"second.npz.*left.wrist.*4.00 mm.*first.npz"):
        Constraints(FRAMES, values)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda m: Values.of_motion("key.npz", m, at(61), at(3)), "key.npz.*61"),
        (lambda m: Values.of_motion("key.npz", m, at(30), at(80)), "key.npz.*80"),
        (lambda m: Values.of_point("goal", "left.nose", at(3), np.zeros(3)), "left.nose"),
        (lambda m: Values.of_point("goal", "left.index", at(3), np.zeros(3)), "one joint"),
        (
            lambda m: Values.of_point("goal", "left.wrist", at(3), np.full(3, np.nan)),
            "goal.*NaN",
        ),
        (
            lambda m: Values.of_point("goal", "left.wrist", at(3), np.full(3, 120.0)),
            "goal.*metres",
        ),
        (
            lambda m: Values.of_point("goal", "left.wrist", at(3, 4), np.zeros((3, 3))),
            "goal.*2 frames",
        ),
        (
            lambda m: Values.of_motion(
                "slow.npz", BimanualMotion(m.joints, 60.0), at(3)
            ),
            "slow.npz.*60 Hz",
        ),
        (
            lambda m: Values.of_motion(
                "one.npz", BimanualMotion(m.joints, present=[True, False]),
                at(3), points="right",
            ),
            "one.npz.*no right hand",
        ),
        (
            lambda m: Values("none", at(3), m.joints[:1], np.zeros((1, 2, 21))),
            "none.*no joint",
        ),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_by_name(clap, make, said):
    with pytest.raises(InputError, match=said):
        Constraints(FRAMES, (make(clap),))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Touch(("left.index_tip", "left.index_tip"), 1, 2), "twice"),
        (lambda: Touch(("left.index_tip", "right.nose"), 1, 2), "right.nose"),
        (lambda: Touch(("left.palm", "right.palm"), 60, 63), "62"),
        (lambda: Touch(("left.palm", "right.palm"), 9, 9), "empty|start"),
        (lambda: Apart(("left.palm", "right.palm"), 1, 2, -0.1), "gap"),
    ],
)
def test_a_relation_that_cannot_be_is_refused(make, said):
    with pytest.raises(InputError, match=said):
        Constraints(FRAMES, relations=(make(),))


def test_a_pair_cannot_touch_and_keep_apart_at_once():
    pair = ("left.index_tip", "right.index_tip")
    Constraints(FRAMES, relations=(Touch(pair, 10, 20), Apart(pair, 20, 30)))
    with pytest.raises(InputError, match=r"touch.*frame 15"):
        Constraints(FRAMES, relations=(Touch(pair, 10, 20), Apart(pair[::-1], 15, 30)))


def test_orientations_are_checked():
    with pytest.raises(InputError, match="not a rotation"):
        Turned("path.csv", "left", at(3), 1.2 * np.eye(3)[None])
    turn = Turned("path.csv", "left", at(3), np.eye(3)[None])
    other = Turned("other.csv", "left", at(3), np.diag([-1.0, -1, 1])[None])
    with pytest.raises(InputError, match="two orientations"):
        Constraints(FRAMES, turned=(turn, other))


def test_editing_gives_all_but_what_changes(clap):
    given = editing("e", clap, "right.index", 20, 41).given
    moving = CHAIN_INDEX["index"][2:]
    assert not given.mask[20:41, 1][:, moving].any()
    assert (~given.mask).sum() == 21 * len(moving)
    assert given.mask[30, 1, JOINT["index_mcp"]]
    with pytest.raises(InputError, match="span"):
        editing("e", clap, start=20, stop=200)
