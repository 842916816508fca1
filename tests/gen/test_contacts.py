"""`ContactTrack` and the distances below it, on hands made of a few exact points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handx_gen.errors import InputError
from handx_gen.kinematics.contacts import (
    CONTACT_GAP,
    INTRA_PAIRS,
    PAD_RADIUS,
    PAIRS,
    PALM_HALF_THICKNESS,
    PALM_PAIR,
    ContactTrack,
    contact_track,
    pair_distances,
    palm_points,
    runs,
    split_pair,
)
from handx_gen.skeleton import CHAIN_INDEX, FINGERS, JOINT, mirror


def flat_hands(frames: int = 1, apart: float = 0.4) -> np.ndarray:
    """Two flat open hands, `apart` metres from each other, fingers fanned."""
    joints = np.zeros((frames, 2, 21, 3))
    for side, sign in ((0, 1.0), (1, -1.0)):  # thumbs towards each other
        for k, finger in enumerate(FINGERS):
            angle = np.radians((2 - k) * 15) * sign
            along = np.array([np.sin(angle), np.cos(angle), 0.0])
            reach = np.array([0.0, 0.09, 0.13, 0.155, 0.175])
            if finger == "thumb":
                reach = np.array([0.0, 0.03, 0.065, 0.095, 0.12])
            joints[:, side, CHAIN_INDEX[finger]] = reach[:, None] * along
        joints[:, side, :, 0] += -sign * apart / 2
    return joints


def touching(pair: str, distance: float) -> np.ndarray:
    """Flat hands with the first fingertip of `pair` moved to `distance` of the second."""
    joints = flat_hands()
    (side_a, a), (side_b, b) = split_pair(pair)
    target = joints[0, ("left", "right").index(side_b), JOINT[b]]
    joints[0, ("left", "right").index(side_a), JOINT[a]] = target + [0, 0, distance]
    return joints


def test_there_are_44_pairs_and_their_names_parse() -> None:
    assert len(PAIRS) == len(set(PAIRS)) == 44
    for pair in PAIRS:
        for side, point in split_pair(pair):
            assert side in ("left", "right")
            assert point == "palm" or point in JOINT


def test_open_hands_apart_touch_nothing() -> None:
    assert not contact_track(flat_hands()).mask.any()


@pytest.mark.parametrize(
    "pair", [*INTRA_PAIRS, "left.index_tip|right.index_tip", "left.thumb_tip|right.pinky_tip"]
)  # fmt: skip
def test_gap_of_tips_is_distance_minus_both_pads(pair: str) -> None:
    track = contact_track(touching(pair, 0.03))
    column = track.pairs.index(pair)
    assert track.gap[0, column] == pytest.approx(0.03 - 2 * PAD_RADIUS, abs=1e-7)
    assert not track.mask[0, column]


@pytest.mark.parametrize("pair", INTRA_PAIRS)
def test_contact_begins_at_five_millimetres(pair: str) -> None:
    edge = 2 * PAD_RADIUS + CONTACT_GAP
    for distance, touches in ((edge - 1e-4, True), (edge + 1e-4, False)):
        track = contact_track(touching(pair, distance))
        assert track.mask[0, track.pairs.index(pair)] == touches


def test_the_papers_rule_is_on_joint_distance() -> None:
    pair = "left.thumb_tip|left.index_tip"
    for distance, touches in ((0.0199, True), (0.0201, False)):
        track = contact_track(touching(pair, distance), rule="paper")
        assert track.mask[0, track.pairs.index(pair)] == touches


def test_tip_on_palm() -> None:
    joints = flat_hands()
    centre = joints[0, 1, [0, JOINT["index_mcp"], JOINT["middle_mcp"]]].mean(0)
    joints[0, 0, JOINT["index_tip"]] = centre + [0, 0, 0.02]
    track = contact_track(joints)
    column = track.pairs.index("left.index_tip|right.palm")
    # The cloud is sampled: the true distance is never below 20 mm and hardly above.
    allowance = PAD_RADIUS + PALM_HALF_THICKNESS
    assert 0.0 <= track.gap[0, column] + allowance - 0.02 < 0.003
    assert track.mask[0, column]
    assert not track.mask[0, track.pairs.index("left.palm|right.index_tip")]


def test_palms_pressed_together() -> None:
    joints = flat_hands(apart=0.0)
    joints[0, 1] = joints[0, 0] + [0, 0, 0.025]
    track = contact_track(joints)
    column = track.pairs.index(PALM_PAIR)
    expected = 0.025 - 2 * PALM_HALF_THICKNESS
    assert track.gap[0, column] == pytest.approx(expected, abs=1e-6)
    assert track.mask[0, column]


def test_distances_do_not_depend_on_where_the_hands_are() -> None:
    rng = np.random.default_rng(3)
    joints = rng.normal(0, 0.1, (5, 2, 21, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    moved = joints @ turn.T + rng.normal(size=3)
    assert pair_distances(moved) == pytest.approx(pair_distances(joints), abs=1e-9)


def test_mirrored_hands_swap_the_pairs_sides() -> None:
    joints = np.random.default_rng(4).normal(0, 0.1, (3, 2, 21, 3))
    swapped = []
    for pair in PAIRS:
        a, b = (
            f"{ {'left': 'right', 'right': 'left'}[s] }.{p}"
            for s, p in split_pair(pair)
        )
        swapped.append(f"{a}|{b}" if f"{a}|{b}" in PAIRS else f"{b}|{a}")
    column = [PAIRS.index(pair) for pair in swapped]
    # Palm–palm takes the nearest points from the left palm's side: leave it out.
    keep = [i for i, pair in enumerate(PAIRS) if pair != PALM_PAIR]
    there = pair_distances(mirror(joints))[:, column]
    assert there[:, keep] == pytest.approx(pair_distances(joints)[:, keep], abs=1e-9)


def test_pairs_of_an_absent_hand_are_left_out() -> None:
    track = contact_track(flat_hands(), np.array([True, False]))
    assert track.pairs == INTRA_PAIRS[:4]


def test_the_palm_cloud_is_deterministic_and_in_the_plane() -> None:
    cloud = palm_points(flat_hands()[0, 0])
    assert cloud.shape == (60, 3)
    assert np.array_equal(cloud, palm_points(flat_hands()[0, 0]))
    assert np.abs(cloud[:, 2]).max() == 0


@given(st.lists(st.booleans(), max_size=30))
def test_runs_rebuild_the_mask(values: list[bool]) -> None:
    mask = np.array(values, bool)
    rebuilt = np.zeros_like(mask)
    spans = runs(mask)
    for start, stop in spans:
        assert start < stop
        rebuilt[start:stop] = True
    assert np.array_equal(rebuilt, mask)
    # Maximal: two neighbouring spans never touch.
    assert all(a[1] < b[0] for a, b in zip(spans, spans[1:]))


def small_track() -> ContactTrack:
    gap = np.array([[0.01, 0.2], [0.0, 0.1], [0.01, 0.1]], np.float32)
    return ContactTrack(PAIRS[:2], gap <= CONTACT_GAP, gap)


def test_select_and_active() -> None:
    track = small_track()
    assert track.active().pairs == (PAIRS[0],)
    reversed_track = track.select((PAIRS[1], PAIRS[0]))
    assert np.array_equal(reversed_track.gap, track.gap[:, ::-1])
    assert track.spans(PAIRS[0]) == [(1, 2)]


def test_reading_at_other_times() -> None:
    track = small_track()
    time = np.array([0.0, 1.0, 2.0])
    same = track.at(time, time)
    assert np.array_equal(same.mask, track.mask)
    assert np.array_equal(same.gap, track.gap)
    between = track.at(time, np.array([-5.0, 0.6, 9.0]))
    assert list(between.mask[:, 0]) == [False, True, False]
    assert between.gap[1, 0] == pytest.approx(0.004, abs=1e-7)
    nothing = track.select(()).at(time, time)
    assert nothing.gap.shape == (3, 0)


@pytest.mark.parametrize(
    ("pairs", "mask", "gap", "field"),
    [
        (PAIRS[:2], np.zeros((3, 2)), np.zeros((4, 2)), "mask"),
        (PAIRS[:2], np.zeros((3, 3)), np.zeros((3, 3)), "mask"),
        (("left.nose|right.palm",), np.zeros((3, 1)), np.zeros((3, 1)), "pairs"),
        (PAIRS[:1], np.zeros((3, 1)), np.full((3, 1), np.nan), "gap"),
    ],
)
def test_bad_tracks_are_refused(pairs, mask, gap, field) -> None:
    with pytest.raises(InputError) as caught:
        ContactTrack(pairs, mask, gap)
    assert caught.value.field == field
