"""HOT3D by UmeTrack: kinematics against points turned one hinge after the other."""

import json

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints
from handx_gen.skeleton import BONES, CHAINS, FINGERS, JOINT, bone_lengths
from training.data.sources import orders, read_source, sniff_source
from training.data.sources.hot3d import MASK, PROFILE, TRAJECTORY

FLAT, _ = finger_points(DEFAULT_SHAPE, np.zeros((1, 5, 5)))
REST = to_joints(FLAT, np.eye(3), np.zeros(3), 0)[0]
"""(21, 3) a left hand at rest [m]: fingers along +y, palm towards −z."""


def hinges() -> tuple[np.ndarray, np.ndarray]:
    """(22, 3) axes and centres [m]: spread, then three bends towards the palm."""
    axes, centres = np.zeros((22, 3)), np.zeros((22, 3))
    for k, finger in enumerate(FINGERS):
        chain = [REST[JOINT[name]] for name in CHAINS[finger][1:4]]
        first = 0.4 * chain[0] if k == 0 else chain[0]
        centres[4 * k : 4 * k + 4] = [first, *chain]
        axes[4 * k : 4 * k + 4] = [[0, 0, 1], *[[-1, 0, 0]] * 3]
    axes[20:] = [[0, 1, 0], [0, 0, 1]]
    return axes, centres


def profile() -> dict:
    axes, centres = hinges()
    landmarks, bones = np.zeros((21, 3)), np.ones((21, 3), int)
    weights = np.tile([1.0, 0, 0], (21, 1))
    for k, name in enumerate(orders.UMETRACK):
        if name == "palm_centre":
            landmarks[k], bones[k] = REST[JOINT["middle_mcp"]] / 2, [1, 8, 5]
            weights[k] = [0.8, 0.1, 0.1]
            continue
        landmarks[k] = REST[JOINT[name]]
        finger, part = name.split("_") if "_" in name else ("", "")
        parts = ["mcp", "ip", "tip"] if finger == "thumb" else ["pip", "dip", "tip"]
        if part in parts:
            bones[k] = 2 + 3 * FINGERS.index(finger) + parts.index(part)
    return {
        "hand_model": {
            "joint_rotation_axes": axes.tolist(),
            "joint_rest_positions": (1000 * centres).tolist(),
            "landmark_rest_positions": (1000 * landmarks).tolist(),
            "landmark_rest_bone_indices": bones.tolist(),
            "landmark_rest_bone_weights": weights.tolist(),
        }
    }


def turn(points, axis, centre, angle):
    """Points turned about a line (Rodrigues)."""
    v = points - centre
    c, s = np.cos(angle), np.sin(angle)
    along = np.outer(v @ axis, axis)
    return centre + c * v + s * np.cross(axis, v) + (1 - c) * along


def posed(angles) -> np.ndarray:
    """(21, 3) [m]: the last hinge of a finger first, at rest, then the ones before it."""
    axes, centres = hinges()
    joints = REST.copy()
    for k, finger in enumerate(FINGERS):
        chain = [JOINT[name] for name in CHAINS[finger][1:]]
        for step in (3, 2, 1, 0):
            moved = chain[step:] if step else (chain if k == 0 else chain[1:])
            hinge = 4 * k + step
            joints[moved] = turn(
                joints[moved], axes[hinge], centres[hinge], angles[hinge]
            )
    return joints


@pytest.fixture
def sequence(tmp_path):
    """A folder of 20 frames, the truth, and the rows to write changed ones from."""
    rng = np.random.default_rng(5)
    folder = tmp_path / "P0007_0a1b2c3d"
    folder.mkdir()
    truth, rows = np.zeros((20, 2, 21, 3)), []
    base = rng.uniform(0.1, 0.5, (2, 22))
    base[:, 20:] = 0
    for t in range(20):
        hands = {}
        for side in range(2):
            angles = base[side] * (1 + 0.5 * np.sin(0.2 * t))
            q = np.array([1, 0.3 * side, 0.2, -0.1 + 0.01 * t])
            q /= np.linalg.norm(q)
            shift = np.array([0.2 * side, 0.01 * t, 1.0])
            local = posed(angles) * ([-1, 1, 1] if side else [1, 1, 1])
            w, axis = q[0], q[1:]
            # q v q*, written with cross products instead of a matrix.
            crossed = np.cross(axis, local)
            truth[t, side] = (
                local + 2 * w * crossed + 2 * np.cross(axis, crossed) + shift
            )
            hands[str(side)] = {
                "wrist_xform": {"t_xyz": shift.tolist(), "q_wxyz": q.tolist()},
                "joint_angles": angles.tolist(),
                "hand_confidence": 1.0,
            }
        stamp = 56_752_108_188_860 + round(t * 1e9 / 30)
        rows.append({"timestamp_ns": stamp, "hand_poses": hands})
    (folder / PROFILE).write_text(json.dumps(profile()))
    save(folder, rows)
    return folder, truth, rows


def save(folder, rows):
    text = "\n".join(json.dumps(row) for row in rows)
    (folder / TRAJECTORY).write_text(text)


def test_kinematics(sequence, books_balance):
    folder, truth, _ = sequence
    [raw] = read_source("hot3d", folder.parent)
    assert books_balance(raw)
    np.testing.assert_allclose(raw.joints, truth, atol=1e-6)
    np.testing.assert_allclose(raw.time, np.arange(20) / 30, atol=1e-8)
    # The thumb's first hinge is not at the wrist: only that one distance changes.
    rigid = [k for k, bone in enumerate(BONES) if bone != ("wrist", "thumb_cmc")]
    assert np.ptp(bone_lengths(raw.joints)[..., rigid], axis=0).max() < 1e-6
    assert raw.name == folder.name
    assert raw.group == "P0007"
    assert sniff_source(folder) == sniff_source(folder.parent) == ["hot3d"]


def test_absent_and_masked_hands(sequence, books_balance):
    folder, truth, rows = sequence
    for t in (3, 4):
        del rows[t]["hand_poses"]["1"]
    rows[9]["hand_poses"] = {}
    save(folder, rows)
    lines = ["timestamp[ns],stream_id,mask"]
    lines += [f"{row['timestamp_ns']},214-1,{t != 12}" for t, row in enumerate(rows)]
    (folder / MASK).parent.mkdir()
    (folder / MASK).write_text("\n".join(lines))
    [raw] = read_source("hot3d", folder)
    assert books_balance(raw)
    assert list(np.flatnonzero(~raw.seen[:, 0])) == [9, 12]
    assert list(np.flatnonzero(~raw.seen[:, 1])) == [3, 4, 9, 12]
    assert raw.counts["masked"] == 1
    np.testing.assert_allclose(raw.joints[raw.seen], truth[raw.seen], atol=1e-6)


def test_two_camera_clocks(sequence, books_balance):
    folder, truth, rows = sequence
    twin = [{**row, "timestamp_ns": row["timestamp_ns"] + 90_000} for row in rows]
    save(folder, [row for pair in zip(rows, twin) for row in pair])
    [raw] = read_source("hot3d", folder)
    assert books_balance(raw)
    assert raw.counts["lost_same_time"] == 20
    np.testing.assert_allclose(raw.joints, truth, atol=1e-6)


def test_metadata_names_the_sequence(sequence):
    folder, _, _ = sequence
    held = {"recording_name": "P0001_x", "participant_id": "P0001", "headset": "Quest3"}
    (folder / "metadata.json").write_text(json.dumps(held))
    [raw] = read_source("hot3d", folder)
    assert (raw.name, raw.group, raw.details["headset"]) == (
        "P0001_x",
        "P0001",
        "Quest3",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row, hand: hand.update(joint_angles=[0.1] * 5), "5, expected 22"),
        (lambda row, hand: hand.update(joint_angles=[45.0] * 22), "degrees"),
        (lambda row, hand: hand.pop("wrist_xform"), "wrist_xform.*missing"),
        (lambda row, hand: hand["wrist_xform"].update(q_wxyz=[2, 0, 0, 0]), "length 2"),
        (lambda row, hand: hand["wrist_xform"].update(t_xyz=[0, 0]), "shape"),
        (lambda row, hand: hand.update(joint_angles=None), "not an array|shape"),
        (lambda row, hand: row.update(timestamp_ns="now"), "whole number"),
        (lambda row, hand: row.update(hand_poses=[]), "expected an object"),
    ],
)
def test_damaged_rows(sequence, change, said):
    folder, _, rows = sequence
    change(rows[4], rows[4]["hand_poses"]["1"])
    save(folder, rows)
    with pytest.raises(InputError, match=said) as caught:
        list(read_source("hot3d", folder))
    assert TRAJECTORY in str(caught.value)


def test_damaged_files(sequence):
    folder, _, rows = sequence
    text = (folder / TRAJECTORY).read_text()
    for content, said in (
        ("", "no hand poses"), (text[:-30], "line 20"), (text.replace("0.2", "NaN", 1), "NaN"),
    ):  # fmt: skip
        (folder / TRAJECTORY).write_text(content)
        with pytest.raises(InputError, match=said):
            list(read_source("hot3d", folder))
    save(folder, rows)
    for field, value, said in (
        ("joint_rotation_axes", [[2.0, 0, 0]] * 22, "unit vectors"),
        ("joint_rest_positions", hinges()[1].tolist(), "millimetres"),
        ("landmark_rest_bone_indices", [[40, 0, 0]] * 21, "no index"),
        ("landmark_rest_positions", [[0, 0, 0]] * 20, "shape"),
    ):
        held = profile()
        held["hand_model"][field] = value
        (folder / PROFILE).write_text(json.dumps(held))
        with pytest.raises(InputError, match=said) as caught:
            list(read_source("hot3d", folder))
        assert PROFILE in str(caught.value)
    (folder / PROFILE).unlink()
    with pytest.raises(InputError, match=PROFILE):
        list(read_source("hot3d", folder))


def test_exchanged_hands(sequence):
    folder, _, rows = sequence
    for row in rows:
        hands = row["hand_poses"]
        hands["0"], hands["1"] = hands["1"], hands["0"]
    save(folder, rows)
    # Angles are the same for both sides: an exchange gives two good hands, elsewhere.
    [raw] = read_source("hot3d", folder)
    assert raw.joints[0, 0, 0, 0] > raw.joints[0, 1, 0, 0]
    for row in rows:
        for hand in row["hand_poses"].values():
            hand["joint_angles"] = [-2 * angle for angle in hand["joint_angles"]]
    save(folder, rows)
    with pytest.raises(InputError, match="bend the wrong way"):
        list(read_source("hot3d", folder))
