"""Every format: what was written comes back, and every row is accounted for."""

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.skeleton import HANDX_FROM_MEDIAPIPE, JOINT, SIDES
from training.data.sources import SOURCES, orders, plausible, read_source, sniff_source

FPS_GIVEN = {"handx", "mediapipe_pickle", "plain"}
ONE_HAND = {"mediapipe_pickle"}


def sides_of(name):
    return [1] if name in ONE_HAND else [0, 1]


def known_joints(name):
    """Joints that the format holds; Aria's thumb CMC is an estimate."""
    return [k for j, k in JOINT.items() if not (name == "aria" and j == "thumb_cmc")]


def test_what_was_written_comes_back(written, pair, books_balance):
    name, write = written
    [raw] = read_source(name, write(pair))
    assert raw.source == name
    assert raw.name
    assert raw.group
    assert books_balance(raw)
    np.testing.assert_allclose(raw.time, np.arange(len(pair)) / 30, atol=2e-6)
    sides, joints = sides_of(name), known_joints(name)
    assert raw.seen[:, sides].all()
    expected = pair.copy()
    if name == "leap":  # y up
        expected = np.stack([pair[..., 0], pair[..., 2], -pair[..., 1]], -1)
    error = np.abs(raw.joints[:, sides] - expected[:, sides])[:, :, joints]
    assert error.max() < 1e-5
    assert (raw.confidence[:, sides] >= 0.89).all()


def test_a_missing_hand_is_missing_and_counted(written, pair, books_balance):
    name, write = written
    if name in ONE_HAND:
        pytest.skip("the format has one hand and no mark for a missing one")
    part = pair.copy()
    # HandX marks a hand as absent for a whole clip only.
    gone = slice(None) if name == "handx" else slice(5, 9)
    part[gone, 0] = np.nan
    [raw] = read_source(name, write(part))
    assert books_balance(raw)
    np.testing.assert_array_equal(raw.seen, np.isfinite(part).all((2, 3)))
    assert raw.counts["missing_left"] == np.isnan(part[:, 0, 0, 0]).sum()
    assert (raw.confidence[~raw.seen] == 0).all()


def test_files_are_recognised_by_one_format_only(written, pair):
    name, write = written
    path = write(pair)
    assert sniff_source(path) == [name]
    assert sniff_source(path.parent) == [name]


def test_recordings_of_a_folder_are_read_one_by_one(written, pair):
    name, write = written
    path = write(pair)
    [part] = SOURCES[name].recordings(path.parent)
    [alone], [within] = read_source(name, part), read_source(name, path.parent)
    assert alone.name == within.name
    np.testing.assert_array_equal(alone.joints, within.joints)


def test_exchanged_hands_are_refused(written, pair):
    name, write = written
    path = write(pair[:, ::-1])
    with pytest.raises(InputError, match="exchanged") as caught:
        list(read_source(name, path))
    assert str(path.name).split(".")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("scale", "unit"), [(1000, "millimetres"), (100, "centimetres")]
)
def test_other_units_are_refused(written, pair, scale, unit):
    name, write = written
    path = write(pair * scale)
    with pytest.raises(InputError, match=unit if name != "leap" else "measures"):
        list(read_source(name, path))


def test_units_that_change_within_a_file_are_refused(written, pair):
    name, write = written
    pair[10:15] *= 1000
    with pytest.raises(InputError, match=r"mixed units.*frame 10"):
        list(read_source(name, write(pair)))


def test_only_files_without_a_clock_take_a_rate(written, pair):
    name, write = written
    path = write(pair)
    if name not in FPS_GIVEN:
        with pytest.raises(InputError, match="clock of their own"):
            list(read_source(name, path, fps=60))
        return
    [raw] = read_source(name, path, fps=60)
    np.testing.assert_allclose(np.diff(raw.time), 1 / 60, atol=1e-9)
    for wrong in (0, -30, np.nan, 1e9):
        with pytest.raises(InputError, match="fps"):
            list(read_source(name, path, fps=wrong))


def test_sources_say_what_they_are():
    for name, source in SOURCES.items():
        assert source.name == name
        assert source.title
        assert source.notes
    with pytest.raises(InputError, match="choose of"):
        list(read_source("bvh", "."))
    with pytest.raises(InputError, match="no such file"):
        list(read_source("plain", "nowhere.npz", fps=30))


def test_an_empty_folder_holds_nothing(tmp_path):
    assert sniff_source(tmp_path) == []
    for name in SOURCES:
        with pytest.raises(InputError, match=rf"nothing of the format {name}"):
            list(read_source(name, tmp_path))


def test_orders_agree_with_the_published_gathers():
    """Index lists as the data sets' own tools have them."""
    h2o = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20]
    points = np.arange(21.0)[:, None] * np.ones(3)
    gathered = orders.to_handx(points, orders.MEDIAPIPE)
    np.testing.assert_array_equal(gathered, points[h2o])
    np.testing.assert_array_equal(gathered, points[HANDX_FROM_MEDIAPIPE])
    fingers = [[base + k for k in range(4)] for base in (1, 6, 11, 16, 21)]
    lists = {
        orders.WEBXR: [0, *np.ravel(fingers)],
        orders.OPENXR: [1, *np.ravel(fingers) + 1],
        orders.UMETRACK: [
            5, -1, 6, 7, 0, 8, 9, 10, 1, 11, 12, 13, 2, 14, 15, 16, 3, 17, 18, 19, 4
        ],
    }  # fmt: skip
    for order, index in lists.items():
        points = np.arange(float(len(order)))[:, None] * np.ones(3)
        expected = np.where(np.array(index) < 0, np.nan, index)[HANDX_FROM_MEDIAPIPE]
        np.testing.assert_array_equal(orders.to_handx(points, order)[:, 0], expected)


def test_the_bend_tells_left_from_right_in_any_pose_of_the_hand(pair):
    rng = np.random.default_rng(3)
    for _ in range(20):
        turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
        turn *= np.sign(np.linalg.det(turn))
        moved = pair @ turn.T + rng.standard_normal(3)
        for k, side in enumerate(SIDES):
            assert (plausible.bend_sign(moved[:, k], side) > 0.5).all()
            assert (plausible.bend_sign(moved[:, 1 - k], side) < -0.5).all()
