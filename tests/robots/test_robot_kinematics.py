"""Our descriptions have the vendors' kinematics, and hands are what `HandSpec` says."""

from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest

from robots import HandSpec, load_robot
from tests.robots.robot_models import CALLED, VENDOR, Kinematics, tips_in_hand_frame

TABLE = Path(__file__).with_name("fk_table.npz")
SAME = 1e-6  # [m], what the descriptions promise


def test_tips_are_where_the_table_says(hand: HandSpec) -> None:
    name = f"{hand.name}_{hand.side}"
    with np.load(TABLE) as table:
        joints, q, root, links, tips = (
            table[f"{name}_{key}"] for key in ("joints", "q", "root", "links", "tips")
        )
    assert len(q) == 200
    kinematics = Kinematics.read(hand.urdf)
    worst = 0.0
    for steps, expected in zip(q, tips, strict=True):
        data = kinematics.place(tuple(joints), steps * 1e-4)
        T_root = np.linalg.inv(kinematics.pose(data, str(root)))
        found = [(T_root @ kinematics.pose(data, link))[:3, 3] for link in links]
        worst = max(worst, float(np.abs(found - expected).max()))
    assert worst < SAME


def test_every_link_is_where_the_vendor_has_it(
    hand: HandSpec, shared_dir: Path
) -> None:
    file, root = VENDOR[hand.name, hand.side]
    ours = Kinematics.read(hand.urdf)
    theirs = Kinematics.read(shared_dir / "robots" / file)
    links = {
        link: name
        for link in ours.links
        for name in (link, CALLED.get(link, link))
        if theirs.model.existFrame(name)
    }
    assert len(links) >= len(hand.joint_names) + len(hand.fingers)
    generator = np.random.default_rng(1)
    for _ in range(50):
        q = generator.uniform(-1.5, 1.5, len(hand.joint_names))
        a, b = (k.place(hand.joint_names, q) for k in (ours, theirs))
        T_root = np.linalg.inv(theirs.pose(b, root))
        for link, name in links.items():
            expected = T_root @ theirs.pose(b, name)
            np.testing.assert_allclose(ours.pose(a, link), expected, atol=SAME)


def test_limits_are_the_vendors(hand: HandSpec, shared_dir: Path) -> None:
    file, _ = VENDOR[hand.name, hand.side]
    ours = Kinematics.read(hand.urdf).model
    theirs = Kinematics.read(shared_dir / "robots" / file).model
    assert set(hand.joint_names) == set(list(theirs.names)[1:])
    for name in hand.joint_names:
        a, b = (model.joints[model.getJointId(name)] for model in (ours, theirs))
        for field in ("lowerPositionLimit", "upperPositionLimit"):
            assert getattr(ours, field)[a.idx_q] == getattr(theirs, field)[b.idx_q]
        for field in ("velocityLimit", "effortLimit"):
            assert getattr(ours, field)[a.idx_v] == getattr(theirs, field)[b.idx_v]


def test_mimic_laws_are_the_vendors() -> None:
    for side, hand in load_robot("inspire").hands.items():
        p = side[0].upper() + "_"
        laws = {k: (m.source, m.multiplier, m.offset) for k, m in hand.mimic.items()}
        pitch = f"{p}thumb_proximal_pitch_joint"
        assert laws == {
            f"{p}thumb_intermediate_joint": (pitch, 1.6, 0.0),
            f"{p}thumb_distal_joint": (pitch, 2.4, 0.0),
        } | {
            f"{p}{f}_intermediate_joint": (f"{p}{f}_proximal_joint", 1.0, 0.0)
            for f in ("index", "middle", "ring", "pinky")
        }


def test_expansion_is_what_pinocchio_makes_of_the_mimic_tags(hand: HandSpec) -> None:
    reduced = pin.buildModelFromUrdf(str(hand.urdf), mimic=True)
    assert reduced.nq == len(hand.actuated)
    full = Kinematics.read(hand.urdf)
    data = reduced.createData()
    generator = np.random.default_rng(2)
    lower, upper = hand.lower[hand.actuated_index], hand.upper[hand.actuated_index]
    for _ in range(20):
        actuated = generator.uniform(lower, upper)
        q = pin.neutral(reduced)
        for name, value in zip(hand.actuated, actuated, strict=True):
            q[reduced.joints[reduced.getJointId(name)].idx_q] = value
        pin.framesForwardKinematics(reduced, data, q)
        placed = full.place(hand.joint_names, hand.expand(actuated))
        for finger in hand.fingers.values():
            frame = data.oMf[reduced.getFrameId(finger.tip_link)].homogeneous
            expected = full.pose(placed, finger.tip_link)
            np.testing.assert_allclose(frame, expected, atol=1e-12)


def test_inside_the_box_every_coupled_joint_keeps_its_limits(hand: HandSpec) -> None:
    model = Kinematics.read(hand.urdf).model
    joints = [model.joints[model.getJointId(name)] for name in hand.joint_names]
    lowest = np.array([model.lowerPositionLimit[j.idx_q] for j in joints])
    highest = np.array([model.upperPositionLimit[j.idx_q] for j in joints])
    index = hand.actuated_index
    corners = np.random.default_rng(3).random((200, len(index))) < 0.5
    for corner in corners:
        q = hand.expand(np.where(corner, hand.upper[index], hand.lower[index]))
        assert (q >= lowest - 1e-12).all()
        assert (q <= highest + 1e-12).all()
    matrix = np.abs(hand.expansion[0])
    fastest = matrix @ hand.velocity_limit[index]
    assert (fastest <= hand.velocity_limit + 1e-12).all()


def test_the_inspire_thumb_box_is_cut_by_its_children() -> None:
    # 1.6 q ≤ 0.8, 2.4 q ≤ 1.2 and both ≥ 0, though the URDF's own box is [−0.1, 0.6].
    for side, hand in load_robot("inspire").hands.items():
        pitch = hand.joint_names.index(f"{side[0].upper()}_thumb_proximal_pitch_joint")
        assert (hand.lower[pitch], hand.upper[pitch]) == (0.0, pytest.approx(0.5))
        assert "placeholder" in hand.velocity_source
        np.testing.assert_array_equal(hand.velocity_limit_urdf, 0.5)


def test_the_hand_frame_is_anatomical(hand: HandSpec) -> None:
    R = hand.T_palm_hand[:3, :3]
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1)
    # The middle finger's knuckle lies on +y, thumb and index on their side of x.
    kinematics = Kinematics.read(hand.urdf)
    data = kinematics.place(hand.joint_names, hand.rest_pose)
    T = np.linalg.inv(kinematics.pose(data, hand.palm_link) @ hand.T_palm_hand)
    knuckle = (T @ kinematics.pose(data, hand.fingers["middle"].links[0]))[:3, 3]
    np.testing.assert_allclose(knuckle[[0, 2]], 0, atol=1e-3)
    tips = tips_in_hand_frame(hand, hand.rest_pose)
    assert all(tip[1] > 0.09 for f, tip in tips.items() if f != "thumb")
    x = [tips[f][0] * (1 if hand.side == "right" else -1) for f in hand.fingers]
    if hand.name != "dex3":  # its thumb stands opposite the gap between the fingers
        assert x[0] < -0.05
        assert tips["thumb"][1] > 0.03
    # Thumb first … pinky last, from −x to +x on a right hand.
    assert x[1:] == sorted(x[1:])


def test_curling_moves_tips_into_the_palm(hand: HandSpec) -> None:
    open_hand = tips_in_hand_frame(hand, hand.rest_pose)
    for name, finger in hand.fingers.items():
        if name == "thumb":
            continue
        actuated = hand.rest_pose[hand.actuated_index]
        for joint in finger.joints:
            if joint not in hand.actuated or joint == "LFJ5":
                continue
            at = hand.joint_names.index(joint)
            low, high = hand.lower[at], hand.upper[at]
            if abs(low + high) > 0.3 * (high - low):  # others spread the fingers
                closing = np.sign(low + high)
                actuated[hand.actuated.index(joint)] += 0.6 * closing
        curled = tips_in_hand_frame(hand, hand.expand(actuated))
        assert curled[name][2] < open_hand[name][2] - 0.03
        assert curled[name][1] < open_hand[name][1]


# The vendor's left Inspire thumb is not an exact mirror image of the right one.
@pytest.mark.parametrize(
    ("robot", "same", "same_thumb"), [("shadow", 1e-12, 1e-12), ("inspire", 3e-4, 0.02)]
)
def test_the_hands_are_mirror_images(
    robot: str, same: float, same_thumb: float
) -> None:
    hands = load_robot(robot).hands
    left, right = hands["left"], hands["right"]
    np.testing.assert_array_equal(left.lower, right.lower)
    np.testing.assert_array_equal(left.upper, right.upper)
    generator = np.random.default_rng(4)
    index = right.actuated_index
    for _ in range(20):
        q = right.expand(generator.uniform(right.lower[index], right.upper[index]))
        a, b = tips_in_hand_frame(left, q), tips_in_hand_frame(right, q)
        for finger in right.fingers:
            bound = same_thumb if finger == "thumb" else same
            np.testing.assert_allclose(a[finger] * [-1, 1, 1], b[finger], atol=bound)
    mirrored = left.palm_points * [-1, 1, 1]
    np.testing.assert_allclose(mirrored, right.palm_points, atol=1e-9)


def test_fingers_and_middle_joints_hang_together(hand: HandSpec) -> None:
    kinematics = Kinematics.read(hand.urdf)
    data = kinematics.place(hand.joint_names, hand.rest_pose)
    for finger in hand.fingers.values():
        places = [
            kinematics.pose(data, link)[:3, 3]
            for link in (finger.links[0], finger.middle_link, finger.tip_link)
        ]
        base, middle, tip = places
        assert 0.02 < np.linalg.norm(middle - base) < 0.12  # with the metacarpal
        assert 0.02 < np.linalg.norm(tip - middle) < 0.11
    claimed = [j for finger in hand.fingers.values() for j in finger.joints]
    assert len(set(claimed)) == len(claimed)
    assert set(hand.joint_names) - set(claimed) <= {"WRJ1", "WRJ2"}
