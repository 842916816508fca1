"""Real recordings, where they are at hand: plausible hands, and nothing lost unsaid."""

import json

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.skeleton import BONES, SIDES, bone_lengths
from training.data.sources import leap_lz, plausible, read_source, sniff_source
from training.data.sources.hot3d import TRAJECTORY

FOLDERS = {
    "hot3d": "hot3d_sample", "leap": "leap", "webxr": "webxr_handy", "aria": "aria_mps",
    "mediapipe_pickle": "dex_retargeting",
}  # fmt: skip
FRAMES = {"hot3d": 34, "webxr": 55, "aria": 16, "mediapipe_pickle": 621, "leap": 2249}
BONE = {f"{a}-{b}": k for k, (a, b) in enumerate(BONES)}


@pytest.fixture(scope="module")
def recorded(shared_dir):
    """Format → its motions; the largest Leap files are left to one test each."""
    held = {}

    def read(name):
        if name not in held:
            held[name] = list(
                read_source(name, shared_dir / "real_hands" / FOLDERS[name])
            )
        return held[name]

    return read


@pytest.fixture(params=sorted(FOLDERS))
def motions(request, recorded):
    return recorded(request.param)


def test_every_row_is_accounted_for(motions, books_balance):
    assert all(books_balance(raw) for raw in motions)
    assert sum(len(raw.time) for raw in motions) == FRAMES[motions[0].source]
    names = [raw.name for raw in motions]
    assert len(set(names)) == len(names)


def test_bones_are_those_of_hands(motions):
    for raw in motions:
        lengths = 1000 * bone_lengths(raw.joints)
        for k in np.flatnonzero(raw.seen.any(0)):
            mm = np.nanmedian(lengths[:, k], 0)
            assert 65 < mm[BONE["wrist-middle_mcp"]] < 110
            # The webcam's are short: 29 mm for the first bone of the index finger.
            assert 25 < mm[BONE["index_mcp-index_pip"]] < 52
            assert 15 < mm[BONE["index_pip-index_dip"]] < 35
            assert (mm > 12).all()
            assert mm.max() < 110


def test_bones_of_trackers_with_a_model_keep_their_proportions(recorded):
    """One Leap recording has its whole hand rescaled on the way, by 0.8 %."""
    for name in ("hot3d", "leap"):
        for raw in recorded(name):
            for hand in np.moveaxis(bone_lengths(raw.joints), 1, 0):
                hand = hand[np.isfinite(hand).all(-1)]
                fingers = [k for k, bone in enumerate(BONES) if bone[0] != "wrist"]
                if len(hand):
                    share = hand[:, fingers] / hand[:, fingers].sum(1, keepdims=True)
                    assert (np.std(share, 0) / share.mean(0)).max() < 1e-3


def test_labels_and_palms_agree(motions):
    """Fingers bend towards the palm of the labelled side, save in hands held flat."""
    bends = [
        plausible.bend_sign(raw.joints[raw.seen[:, k], k], side)
        for raw in motions
        for k, side in enumerate(SIDES)
    ]
    bends = np.concatenate(bends)
    assert len(bends) == sum(raw.seen.sum() for raw in motions)
    assert bends.min() > -0.6
    assert np.mean(bends > 0) > 0.8


def test_time_runs_at_the_rate_of_the_device(recorded):
    [raw] = recorded("hot3d")
    np.testing.assert_allclose(np.diff(raw.time), 1 / 30, atol=1e-4)
    for raw in recorded("leap"):
        assert 50 < 1 / np.median(np.diff(raw.time)) < 130


def test_hot3d_rows_of_two_clocks_are_one_frame(recorded):
    [raw] = recorded("hot3d")
    assert raw.counts == {"rows": 68, "lost_same_time": 34}
    assert raw.group == "P0003"
    wrists = raw.joints[:, :, 0]
    apart = np.linalg.norm(wrists[:, 0] - wrists[:, 1], axis=-1)
    assert apart.min() > 0.30
    assert apart.max() < 0.35


def test_hot3d_wrists_are_where_the_file_says(recorded, shared_dir):
    [raw] = recorded("hot3d")
    file = next((shared_dir / "real_hands/hot3d_sample").rglob(TRAJECTORY))
    first = json.loads(file.read_text().splitlines()[0])["hand_poses"]
    for k in range(2):
        stated = first[str(k)]["wrist_xform"]["t_xyz"]
        np.testing.assert_allclose(raw.joints[0, k, 0], stated, atol=1e-6)


def test_leap_recordings_say_where_the_wrist_comes_from(recorded):
    rules = {raw.name.split("/")[1]: raw.details["wrist"] for raw in recorded("leap")}
    assert rules["finger-tap-54fps"] == {"right": ["recorded"]}
    assert "carpals" in rules["left-or-right-77fps"]["left"][0]
    for rough in ("flapping", "confidence2", "pinch"):
        assert all("rough" in how for [how] in rules[rough].values())


def test_leap_wrist_rules_agree_where_a_recording_holds_all(shared_dir, tmp_path):
    """One recording with the wrist and the carpals tests the estimates."""
    file = shared_dir / "real_hands/leap/finger-tap-54fps.json.lz"
    content = json.loads(leap_lz.decompress_base64(file.read_text()))
    key, *frames = content["frames"]
    wrist = key[2]["hands"][0].index("wrist")
    carpal = key[3]["pointables"][0].index("carpPosition")
    path = tmp_path / "taken.json"
    [true] = read_source("leap", file)
    for limit in (0.004, 0.02):
        for frame in frames:
            for hand in frame[2]:
                hand[wrist] = None
            for finger in frame[3] if limit > 0.01 else ():
                finger[carpal] = None
        path.write_text(json.dumps(content))
        [raw] = read_source("leap", path)
        error = np.linalg.norm(raw.joints[:, 1, 0] - true.joints[:, 1, 0], axis=-1)
        assert 0 < error.max() < limit


def test_poses_of_the_headset_are_single_frames(recorded):
    poses = recorded("webxr")
    assert {len(raw.time) for raw in poses} == {1}
    assert not any(raw.seen[0, 1] for raw in poses)
    fists = [raw for raw in poses if "fist" in raw.details["names"]]
    [bend] = plausible.bend_sign(fists[0].joints[:, 0], "left")
    assert bend > 5


def test_both_versions_of_aria_say_the_same(recorded):
    first, second = recorded("aria")
    np.testing.assert_array_equal(first.joints, second.joints)
    assert first.counts == {"rows": 8, "missing_left": 5, "missing_right": 5}


def test_the_webcam_hand_is_a_right_one(recorded):
    [raw] = recorded("mediapipe_pickle")
    assert raw.seen[:, 1].all()
    assert raw.counts["missing_left"] == len(raw.time)


def test_files_of_the_pack_are_recognised(shared_dir):
    for name, folder in FOLDERS.items():
        found = sniff_source(shared_dir / "real_hands" / folder)
        assert found == ([name, "hot3d-mano"] if name == "hot3d" else [name])


def test_exchanged_recordings_are_refused(recorded):
    """Real motion with its labels exchanged: all of it is caught, no right label is."""
    for name in ("leap", "mediapipe_pickle", "hot3d"):
        for raw in recorded(name):
            with pytest.raises(InputError, match="exchanged"):
                plausible.check_hands("x", raw.joints[:, ::-1])
