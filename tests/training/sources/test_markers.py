"""Markers on the skin → joints: known joints are found again from their markers."""

import csv

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints
from handx_gen.skeleton import CHAINS, FINGERS, JOINT, SIDES
from training.data.sources import read_source, sniff_source
from training.data.sources.marker_joints import BASES, DEPTHS, SITES, joint_centres

PALM = np.array([0.0, 0, -1])
"""Where the palm of the hand model faces."""


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def marked_hand(angles, side, wrist=(0.15, 0.2, 1.0)):
    """(T, 25, 3) markers above the hand model's true joints, and these joints.

    The direction in which a bone closes, which the model's own derivative gives, is the
    inward normal there; a joint's marker is square to the mean of its two bones.
    """
    points, derivative = finger_points(DEFAULT_SHAPE, angles, jacobian=True)
    assert derivative is not None
    closing = [(1, 1), (2, 3), (3, 4)]  # point that moves, angle that moves it
    inward = unit(np.stack([derivative[..., p, :, a] for p, a in closing], -2))
    marks = {"wrist": np.tile(-DEPTHS["wrist"] * PALM, (len(angles), 1))}
    for k, finger in enumerate(FINGERS):
        base = PALM if k else inward[:, 0, 0]
        if k:
            marks[f"{finger}_metacarpal"] = points[:, k, 0] / 2 - 0.012 * PALM
        normals = [
            np.broadcast_to(base, (len(angles), 3)),
            unit(inward[:, k, 0] + inward[:, k, 1]),
            unit(inward[:, k, 1] + inward[:, k, 2]),
            inward[:, k, 2],
        ]
        parts = ("mcp", "pip", "dip", "nail") if k else ("cmc", "mcp", "ip", "nail")
        for i, part in enumerate(parts):
            depth = DEPTHS["thumb_mcp" if (finger, part) == ("thumb", "mcp") else part]
            marks[f"{finger}_{part}"] = points[:, k, i] - depth * normals[i]
    markers = np.stack([marks[site] for site in SITES], 1) + wrist
    if side == 0:
        markers = markers * [-1, 1, 1]
    return markers, to_joints(points, np.eye(3), np.asarray(wrist), side)


@pytest.fixture(params=[0.0, 0.3, 1.0, 1.5], ids=lambda bend: f"bend{bend}")
def marked(request, angles):
    return [marked_hand(request.param * angles(40, side), side) for side in range(2)]


def test_joints_are_found_below_their_markers(marked):
    for (markers, truth), side in zip(marked, SIDES):
        joints, _ = joint_centres(markers, side)
        error = 1000 * np.linalg.norm(joints - truth, axis=-1)
        assert error.mean() < 2
        assert error.max() < 6
        on_skin = markers[:, SITES.index("index_pip")] - truth[:, JOINT["index_pip"]]
        assert np.linalg.norm(on_skin, axis=-1).min() > 0.009, "markers are on the skin"


def test_left_and_right_are_mirror_images(angles):
    markers, _ = marked_hand(angles(20, 0), 1)
    right, _ = joint_centres(markers, "right")
    left, _ = joint_centres(markers * [-1, 1, 1], "left")
    np.testing.assert_allclose(left * [-1, 1, 1], right, atol=1e-12)


def test_the_wrist_keeps_its_distances_though_its_marker_slides(angles):
    """Skin carries the marker of a bent wrist away by centimetres."""
    markers, truth = marked_hand(0.5 * angles(60, 0), 1)
    slide = 0.015 * np.sin(np.linspace(0, 3, 60))[:, None] ** 2 * [0, 1, 0.2]
    slide[:20] = 0
    markers[:, SITES.index("wrist")] += slide
    joints, lengths = joint_centres(markers, "right")

    def spread(wrist):
        bases = joints[:, [JOINT[name] for name in BASES]]
        return np.ptp(np.linalg.norm(bases - wrist[:, None], axis=-1), axis=0).max()

    naive = truth[:, 0] + slide
    assert spread(naive) > 0.01
    assert spread(joints[:, 0]) < 0.003
    error = np.linalg.norm(joints[:, 0] - truth[:, 0], axis=-1)
    assert error.max() < 0.6 * np.linalg.norm(slide, axis=-1).max()
    true = np.linalg.norm(truth[0, [JOINT[n] for n in BASES]] - truth[0, 0], axis=-1)
    np.testing.assert_allclose(lengths, true, atol=0.004)


def test_depths_grow_with_the_hand(angles):
    markers, _ = marked_hand(angles(20, 0), 1)
    joints, _ = joint_centres(markers, "right")
    child, _ = joint_centres(0.6 * markers, "right")
    np.testing.assert_allclose(child, 0.6 * joints, atol=1e-12)


def write_export(path, marked, units="Meters", prefix="Actor:", fps=120.0):
    scale = {"Meters": 1, "Millimeters": 1000, "Centimeters": 100}[units]
    names = [f"{prefix}{side}_{site}" for side in SIDES for site in SITES]
    points = scale * np.concatenate([markers for markers, _ in marked], 1)
    with open(path, "w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(
            ["Format Version", "1.23", "Take Name", "take 1", "Export Frame Rate",
             f"{fps}", "Rotation Type", "Quaternion", "Length Units", units,
             "Coordinate Space", "Global"]
        )  # fmt: skip
        rows.writerow([])
        triple = [name for name in names for _ in range(3)]
        rows.writerow(["", "Type", *["Marker"] * len(triple)])
        rows.writerow(["", "Name", *triple])
        rows.writerow(["", "ID", *[f"A0:{k // 3}" for k in range(len(triple))]])
        rows.writerow(["", "", *["Position"] * len(triple)])
        rows.writerow(["Frame", "Time (Seconds)", *"XYZ" * len(names)])
        for t, frame in enumerate(points.reshape(len(points), -1)):
            cells = ["" if np.isnan(value) else f"{value:.6f}" for value in frame]
            rows.writerow([t, f"{t / fps:.6f}", *cells])
    return path


@pytest.mark.parametrize("units", ["Meters", "Millimeters"])
def test_an_export_is_read_in_its_stated_units(tmp_path, marked, units, books_balance):
    path = write_export(tmp_path / "take.csv", marked, units)
    assert sniff_source(path) == sniff_source(tmp_path) == ["markers"]
    [raw] = read_source("markers", tmp_path)
    assert books_balance(raw)
    assert raw.seen.all()
    assert raw.details["units"] == units.lower()
    assert raw.time[1] == pytest.approx(1 / 120, abs=1e-6)
    truth = np.stack([joints for _, joints in marked], 1)
    assert np.linalg.norm(raw.joints - truth, axis=-1).max() < 0.006


def test_hidden_markers_hide_their_joints_only(tmp_path, angles, books_balance):
    marked = [marked_hand(angles(20, side), side) for side in range(2)]
    marked[0][0][3:6, SITES.index("ring_nail")] = np.nan
    marked[1][0][10, :] = np.nan
    [raw] = read_source("markers", write_export(tmp_path / "take.csv", marked))
    assert books_balance(raw)
    assert raw.counts["hidden_markers_left"] == 3
    assert raw.counts["partial_left"] == 3
    assert raw.counts["missing_right"] == 1
    chain = [JOINT[name] for name in CHAINS["index"]]
    assert np.isfinite(raw.joints[3:6, 0, chain]).all()
    assert np.isnan(raw.joints[3:6, 0, JOINT["ring_tip"]]).all()


def test_other_markers_are_left_out(tmp_path, angles):
    marked = [marked_hand(angles(20, side), side) for side in range(2)]
    path = write_export(tmp_path / "take.csv", marked)
    path.write_text(path.read_text().replace(":left_", ":elbow_"))
    [raw] = read_source("markers", path)
    assert raw.counts["missing_left"] == 20
    assert raw.seen[:, 1].all()


def test_exports_that_cannot_be_used(tmp_path, angles):
    marked = [marked_hand(angles(20, side), side) for side in range(2)]
    path = write_export(tmp_path / "take.csv", marked)
    text = path.read_text()
    for change, said in (
        (("Length Units,Meters", "Length Units,Feet"), "feet"),
        (("Length Units,Meters", "Length Units,Millimeters"), "check Length Units"),
        (("left_index_pip", "left_finger_2"), "1 of 25 markers have no column"),
        (("Frame,Time", "Row,Time"), "no row that starts with Frame"),
    ):
        path.write_text(text.replace(*change))
        if change[0] == "left_":
            [raw] = read_source("markers", path)
            assert raw.counts["missing_left"] == 20
            continue
        with pytest.raises(InputError, match=said) as caught:
            list(read_source("markers", path))
        assert "take.csv" in str(caught.value)
    for cut in (text[:-40], text[: len(text) // 3], text[:200]):
        path.write_text(cut)
        with pytest.raises(InputError, match=r"take\.csv"):
            list(read_source("markers", path))
    exchanged = text.replace(":left_", ":other_").replace(":right_", ":left_")
    path.write_text(exchanged.replace(":other_", ":right_"))
    with pytest.raises(InputError, match="exchanged"):
        list(read_source("markers", path))
