"""What a robot can touch: recomputed, bounded from below, and with controls."""

import dataclasses
import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from handx_gen.kinematics.contacts import PAIRS
from retarget.capability import closest, exposure, pinch, write
from retarget.errors import RetargetError
from robots import Capsule, load_robot
from robots.capability import read_capability
from robots.registry import SHIPPED


def committed(name: str) -> dict[str, float]:
    """Pair → smallest gap [m], from the robot's folder."""
    capability = read_capability(load_robot(name))
    assert capability is not None
    return capability.floors


@pytest.mark.parametrize(
    ("name", "side", "finger"),
    [
        *product(["inspire"], ["left", "right"], ["index", "middle", "pinky"]),
        ("shadow", "left", "pinky"),
        ("shadow", "right", "ring"),
    ],
)
def test_the_committed_figures_are_what_is_measured(
    name: str, side: str, finger: str
) -> None:
    found = pinch(load_robot(name).hands[side], finger).short_by
    pair = f"{side}.thumb_tip|{side}.{finger}_tip"
    assert found == pytest.approx(committed(name)[pair], abs=2e-5)


def test_shadow_pinches_every_finger_without_other_contact() -> None:
    capability = read_capability(load_robot("shadow"))
    assert capability is not None
    assert capability.unreachable == {}
    assert max(reach.overlap for reach in capability.pairs.values()) < 1e-3


def test_inspire_cannot_reach_ring_and_pinky() -> None:
    capability = read_capability(load_robot("inspire"))
    assert capability is not None
    missed = {pair.split("|")[0] + " " + pair.split(".")[-1]: gap
              for pair, gap in capability.unreachable.items()}  # fmt: skip
    for side in ("left", "right"):
        assert missed[f"{side}.thumb_tip pinky_tip"] > missed[
            f"{side}.thumb_tip ring_tip"
        ] > 0.02  # fmt: skip
        assert f"{side}.thumb_tip index_tip" not in missed


def test_every_contact_pair_has_a_figure() -> None:
    for name in ("inspire", "shadow"):
        pairs = committed(name)
        assert set(pairs) == set(PAIRS)
        assert all(gap >= 0 for gap in pairs.values())
        between = [gap for pair, gap in pairs.items() if pair.count("left") == 1]
        assert set(between) == {0.0}


@pytest.mark.parametrize("finger", ["middle", "pinky"])
def test_no_grid_pose_is_closer_than_the_floor(finger: str) -> None:
    """Inspire's pinches have three joints: an exhaustive grid is an independent bound."""
    import pinocchio as pin

    hand = load_robot("inspire").hands["right"]
    model = pin.buildModelFromUrdf(str(hand.urdf))
    data = model.createData()
    rows = [model.joints[model.getJointId(n)].idx_q for n in hand.joint_names]

    def point(link: str, actuated: np.ndarray) -> np.ndarray:
        q = pin.neutral(model)
        q[rows] = hand.expand(actuated)
        pin.framesForwardKinematics(model, data, q)
        return data.oMf[model.getFrameId(link)].translation.copy()

    lower, upper = hand.lower[hand.actuated_index], hand.upper[hand.actuated_index]
    rest = hand.rest_pose[hand.actuated_index]

    def sweep(link: str, joints: list[str], count: int) -> np.ndarray:
        moved = [hand.actuated.index(joint) for joint in joints]
        axes = [np.linspace(lower[i], upper[i], count) for i in moved]
        points = []
        for values in product(*axes):
            actuated = rest.copy()
            actuated[moved] = values
            points.append(point(link, actuated))
        return np.array(points)

    tips = [hand.fingers[name].tip_link for name in ("thumb", finger)]
    thumb = sweep(
        tips[0], ["R_thumb_proximal_yaw_joint", "R_thumb_proximal_pitch_joint"], 50
    )
    other = sweep(tips[1], [f"R_{finger}_proximal_joint"], 200)
    grid = np.linalg.norm(thumb[:, None] - other[None], axis=-1).min()
    floor = closest(hand, *tips)
    assert floor.distance <= grid + 1e-9
    assert grid - floor.distance < 1e-3
    assert ((floor.joints >= lower) & (floor.joints <= upper)).all()
    reached = np.linalg.norm(
        point(tips[0], floor.joints) - point(tips[1], floor.joints)
    )
    assert reached == pytest.approx(floor.distance, abs=1e-9)


def test_unitrees_tip_points_stay_49_mm_apart() -> None:
    hand = load_robot("inspire").hands["right"]
    assert closest(hand, "R_thumb_tip", "R_pinky_tip").distance == pytest.approx(
        0.0490, abs=1e-4
    )


def test_bigger_pads_close_the_gap() -> None:
    hand = load_robot("inspire").hands["right"]
    pinky = dataclasses.replace(hand.fingers["pinky"], pad_radius=0.060)
    fingers = {**hand.fingers, "pinky": pinky}
    assert pinch(dataclasses.replace(hand, fingers=fingers), "pinky").short_by == 0


def test_a_locked_thumb_pinches_nothing() -> None:
    hand = load_robot("shadow").hands["right"]
    thumb = [hand.joint_names.index(j) for j in hand.fingers["thumb"].joints]
    lower, upper = hand.lower.copy(), hand.upper.copy()
    lower[thumb] = hand.rest_pose[thumb] - 1e-6
    upper[thumb] = hand.rest_pose[thumb] + 1e-6
    locked = dataclasses.replace(hand, lower=lower, upper=upper)
    assert pinch(locked, "pinky").short_by > 0.01


def test_a_shield_hides_a_fingertip() -> None:
    hand = load_robot("shadow").hands["left"]
    assert exposure(hand, "index_tip") > 0
    shield = Capsule(hand.palm_link, (0, 0, 0), (0, 0, 0), 1.0)
    hidden = dataclasses.replace(hand, capsules=(*hand.capsules, shield))
    assert exposure(hidden, "index_tip") < -0.5


def test_unknown_fingers_and_links_are_named() -> None:
    robot = load_robot("shadow")
    with pytest.raises(RetargetError, match=r"'little'.*index, middle, ring, pinky"):
        pinch(robot.hands["left"], "little")
    with pytest.raises(RetargetError, match=r"left\.urdf: no link 'nail'"):
        closest(robot.hands["left"], "thtip", "nail")


def test_writing_measures_the_folder_it_writes_to(tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "inspire"
    shutil.copytree(SHIPPED / "inspire", folder)
    (folder / "capability.json").write_text("{}")
    path = write(load_robot(folder))
    assert path == folder / "capability.json"
    again, shipped = (
        json.loads((at / "capability.json").read_text())
        for at in (folder, SHIPPED / "inspire")
    )
    found, expected = again.pop("pairs"), shipped.pop("pairs")
    # Handshapes come from recordings, by a command of their own.
    for field in ("handshapes", "handshapes_measured_by"):
        shipped.pop(field)
    assert again == shipped
    for pair, row in expected.items():
        assert found[pair] == pytest.approx(row, abs=0.02), pair
