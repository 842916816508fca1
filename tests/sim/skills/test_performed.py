"""Skills against simulated hands: done, not done, done by the wrong hand, mistaken."""

from dataclasses import replace

import numpy as np
import pytest

from handx_gen.procedural.performance import perform
from handx_gen.skeleton import mirror
from retarget import retarget_motion
from retarget.trajectory import BimanualTrajectory
from robots import RobotSpec
from sim.negative_controls import hands_swapped, static_pose
from sim.skills import SKILLS

FEW = (
    "poke_palm",
    "pinch_in_turn",
    "fist_beside_pinches",
    "clap_twice",
    "bump_fists",
    "opposite_lift",
    "cross_wrists",
)
ONE_SIDED = (
    "thumb_to_pinky", "poke_palm", "trace_palm", "tap_back", "pinch_beside_fist",
    "fist_beside_pinches", "cover_back", "stack_fists", "punch_palm_twice", "clasp_fist",
    "grasp_finger", "grasp_wrist", "cross_wrists", "count_beside_fist", "point_and_two",
    "fist_and_open", "opposite_lift",
)  # fmt: skip
"""Skills that name a hand: their mirror image is something else."""


@pytest.mark.parametrize("name", FEW)
def test_a_reference_has_its_skill_and_no_other(name, reference, seen) -> None:
    trace = seen(reference(name))
    assert SKILLS[name].judge(trace).reason == ""
    assert accepted(trace) == [name]


def accepted(trace) -> list[str]:
    """Every skill that a trace counts as."""
    return [name for name, skill in SKILLS.items() if skill.judge(trace).success]


@pytest.mark.parametrize("name", FEW)
def test_a_held_pose_has_no_skill(name, reference, seen) -> None:
    """Neither the pose in the beginning nor the one in the middle of the deed."""
    trajectory = reference(name)
    assert not accepted(seen(static_pose(trajectory)))
    assert not accepted(seen(static_pose(from_the_middle(trajectory))))


def from_the_middle(trajectory: BimanualTrajectory) -> BimanualTrajectory:
    """The same poses, beginning in the middle; only good for holding the first one."""
    half = len(trajectory.time_from_start) // 2
    hands = {
        side: replace(
            part,
            positions=np.roll(part.positions, -half, 0),
            velocities=np.zeros_like(part.velocities),
        )
        for side, part in trajectory.hands.items()
    }
    base = np.roll(trajectory.T_world_base, -half, 0)
    return replace(trajectory, hands=hands, T_world_base=base)


@pytest.mark.parametrize("name", FEW)
def test_swapped_hands_have_no_skill(name, reference, seen, shadow) -> None:
    assert not SKILLS[name].judge(seen(hands_swapped(reference(name), shadow))).success


@pytest.mark.parametrize("name", ["poke_palm", "fist_beside_pinches", "opposite_lift"])
def test_the_mirror_image_is_another_skill(name, seen, shadow) -> None:
    assert not SKILLS[name].judge(seen(mirrored(name, shadow))).success


def mirrored(name: str, robot: RobotSpec):
    motion = perform(SKILLS[name].prompts[0], seed=1)
    return retarget_motion(replace(motion, joints=mirror(motion.joints)), robot)[0]


@pytest.mark.slow
def test_hardly_any_reference_is_taken_for_another(reference, seen) -> None:
    """The whole matrix; it is printed."""
    wrong, missed = [], []
    for name in SKILLS:
        found = accepted(seen(reference(name)))
        print(f"{name:20s} accepted as {', '.join(found)}")
        wrong += [f"{name} as {other}" for other in found if other != name]
        missed += [name] if name not in found else []
    assert not missed
    assert len(wrong) <= 2, wrong


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_SIDED)
def test_no_mirror_image_counts(name, seen, shadow) -> None:
    assert not SKILLS[name].judge(seen(mirrored(name, shadow))).success


@pytest.mark.slow
@pytest.mark.parametrize("name", SKILLS)
def test_no_swapped_or_static_reference_counts(name, reference, seen, shadow) -> None:
    trajectory = reference(name)
    assert not SKILLS[name].judge(seen(hands_swapped(trajectory, shadow))).success
    assert not accepted(seen(static_pose(trajectory)))
