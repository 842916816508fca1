"""The joint order, its chains and its conversions."""

import numpy as np
import pytest

from handx_gen.skeleton import (
    BONE_INDEX,
    BONES,
    CHAIN_INDEX,
    CHAINS,
    FINGERS,
    HANDX_FROM_MEDIAPIPE,
    JOINT,
    JOINTS,
    MEDIAPIPE_FROM_HANDX,
    TIP_INDEX,
    WEBXR_TO_MEDIAPIPE,
    bone_lengths,
    mirror,
)


def test_every_joint_has_one_place() -> None:
    assert len(JOINTS) == len(set(JOINTS)) == 21
    assert [JOINT[name] for name in JOINTS] == list(range(21))


def test_order_is_that_of_the_paper() -> None:
    # MANO's trap: joints run … pinky, ring …; tips run … ring, pinky.
    assert [JOINT[f"{f}_mcp"] for f in ("index", "middle", "pinky", "ring")] == [
        1, 4, 7, 10,
    ]  # fmt: skip
    assert list(TIP_INDEX) == [16, 17, 18, 19, 20]
    assert [JOINTS[i] for i in TIP_INDEX] == [f"{f}_tip" for f in FINGERS]


def test_chains_cover_the_hand_once() -> None:
    beyond = [joint for chain in CHAINS.values() for joint in chain[1:]]
    assert sorted(beyond) == sorted(set(JOINTS) - {"wrist"})
    assert all(chain[0] == "wrist" for chain in CHAINS.values())
    for finger, index in CHAIN_INDEX.items():
        assert tuple(JOINTS[i] for i in index) == CHAINS[finger]


def test_bones_make_a_tree() -> None:
    assert len(BONES) == 20
    children = [child for _, child in BONES]
    assert len(set(children)) == 20
    reached = {"wrist"}
    for parent, child in BONES:  # proximal first, so one pass reaches all
        assert parent in reached
        reached.add(child)
    assert reached == set(JOINTS)


def test_mediapipe_round_trip_is_exact() -> None:
    joints = np.random.default_rng(0).normal(size=(3, 2, 21, 3))
    there = joints[..., MEDIAPIPE_FROM_HANDX, :]
    assert np.array_equal(there[..., HANDX_FROM_MEDIAPIPE, :], joints)


def test_mediapipe_order_by_name() -> None:
    names = [JOINTS[i] for i in MEDIAPIPE_FROM_HANDX]
    assert names[:5] == ["wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip"]
    assert names[17:] == ["pinky_mcp", "pinky_pip", "pinky_dip", "pinky_tip"]


def test_webxr_drops_the_metacarpals() -> None:
    # WebXR: wrist, 4 of the thumb, then 5 per finger, whose first is the metacarpal.
    dropped = set(range(25)) - set(WEBXR_TO_MEDIAPIPE)
    assert dropped == {5, 10, 15, 20}
    assert (np.diff(WEBXR_TO_MEDIAPIPE) > 0).all()


def test_mirror_is_its_own_inverse_and_keeps_bones() -> None:
    joints = np.random.default_rng(1).normal(size=(4, 2, 21, 3))
    flipped = mirror(joints)
    assert np.array_equal(mirror(flipped), joints)
    assert np.array_equal(flipped[:, 0, :, 1:], joints[:, 1, :, 1:])
    assert bone_lengths(flipped)[:, 0] == pytest.approx(bone_lengths(joints)[:, 1])


def test_bone_lengths_of_a_straight_line() -> None:
    joints = np.zeros((21, 3))
    for chain in CHAIN_INDEX.values():
        joints[chain, 1] = np.arange(5) * 0.03
    assert bone_lengths(joints) == pytest.approx(np.full(len(BONE_INDEX), 0.03))
