"""Series, bins and changes: equal to the rule's letter, symmetric, repeatable."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handx_gen.errors import InputError
from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints
from handx_gen.kinematics.contact_dynamics import contact_dynamics, tangential_speed
from handx_gen.kinematics.contacts import PAIRS
from handx_gen.kinematics.segmentation import changes, spans
from handx_gen.kinematics.series import (
    FLEXING,
    PALMS,
    POSITIONS,
    SPACING,
    TIP_PALM,
    WRIST,
    descriptor_series,
    flexing,
)
from handx_gen.kinematics.timeline_events import check_timeline, timeline
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform
from handx_gen.skeleton import FINGERS, JOINTS, SIDES, mirror
from tests.gen.direct_segmentation import direct_changes

ALL_BINS = (FLEXING, SPACING, TIP_PALM, PALMS, *POSITIONS, WRIST)


def signal(seed, frames, scale):
    """A random course: pauses, ramps, jumps, tremor, and values exactly on borders."""
    rng = np.random.default_rng(seed)
    speed = rng.normal(0, 1, frames) * (rng.random(frames) < rng.random())
    speed = np.convolve(speed, np.ones(int(rng.integers(1, 12))), "full")[:frames]
    values = np.cumsum(speed) * scale * rng.uniform(0.05, 0.5)
    values += rng.normal(0, scale * rng.choice([0, 0, 0.01, 0.1]), frames)
    if rng.random() < 0.3:
        values = np.round(values / (scale / 2)) * (scale / 2)
    return values + rng.choice([0.0, scale, 3 * scale])


def as_tuples(found):
    return [(c.start, c.stop, c.begin, c.end, c.speed, c.rising) for c in found]


@given(st.integers(0, 10**6), st.integers(1, 90), st.sampled_from(ALL_BINS))
def test_changes_are_those_of_the_rules_letter(seed, frames, bins):
    values = signal(seed, frames, bins.change)
    assert as_tuples(changes(values, 30.0, bins)) == direct_changes(values, 30.0, bins)


def test_blocks_do_not_change_the_result(monkeypatch):
    values = [signal(seed, 200, FLEXING.change) for seed in range(20)]
    whole = [changes(v, 30.0, FLEXING) for v in values]
    assert sum(map(len, whole)) > 20
    monkeypatch.setattr("handx_gen.kinematics.segmentation._BLOCK", 700)
    assert [changes(v, 30.0, FLEXING) for v in values] == whole


def test_a_ramp_is_one_change_with_the_rest_around_it():
    up = np.concatenate([np.zeros(10), np.linspace(0, 1.2, 20), np.full(10, 1.2)])
    for values, begin, end in ((up, 1, 3), (up[::-1], 3, 1), (-up, 1, 0)):
        (found,) = changes(values, 30.0, FLEXING)
        assert (found.start, found.stop) == (0, 40)
        assert (found.begin, found.end) == (FLEXING.states[begin], FLEXING.states[end])
        assert found.rising == (values[-1] > values[0])
        assert found.speed == "medium"


def test_a_fifth_of_the_way_back_is_swallowed_as_the_paper_has_it():
    # Longest first with 80 % of one sign: part of the return counts to the change.
    there = np.linspace(0, 1.2, 40)
    found = changes(np.concatenate([there, there[::-1]]), 30.0, FLEXING)
    assert found[0].start == 0
    assert 48 <= found[0].stop <= 52


@pytest.mark.parametrize("fps", [15.0, 60.0])
def test_least_length_is_a_time(fps):
    # Six frames at 30 Hz are three at 15 Hz and twelve at 60 Hz.
    least = round(6 * fps / 30)
    values = np.concatenate([np.zeros(2), np.full(40, 1.2)])
    velocity = np.diff(values, prepend=0.0) * fps
    starts = [a for a, b in spans(values, velocity, FLEXING, fps)]
    assert starts == [0]
    short = np.concatenate([np.zeros(least - 3), np.full(2, 1.2)])
    assert spans(short, np.diff(short, prepend=0.0) * fps, FLEXING, fps) == []


def test_borders_belong_to_the_upper_bin():
    for bins in ALL_BINS:
        for edge, below, above in zip(bins.edges, bins.states, bins.states[1:]):
            assert bins.state(edge) == above
            assert bins.state(np.nextafter(edge, -np.inf)) == below


def hand(angles_deg, side=1):
    """One right or left hand, (1, 21, 3), from (5, 5) angles [deg]."""
    points, _ = finger_points(DEFAULT_SHAPE, np.radians(angles_deg)[None])
    return to_joints(points, np.eye(3)[None], np.zeros((1, 3)), side)


def test_bends_are_read_with_their_sign():
    for bend in (-24.0, 0.0, 45.0, 80.0):
        angles = np.zeros((5, 5))
        angles[2, 1] = bend
        read = np.degrees(flexing(hand(angles))["middle_mcp"][0])
        assert read == pytest.approx(bend, abs=1.5)
    for joint, column in (("pip", 3), ("dip", 4)):
        angles = np.zeros((5, 5))
        angles[1, column] = 50
        read = np.degrees(flexing(hand(angles))[f"index_{joint}"][0])
        assert read == pytest.approx(50, abs=2)


def test_hyperextension_can_occur_on_either_hand():
    angles = np.zeros((5, 5))
    angles[1, 1] = -25  # beyond the −20° where the released annotator has −180°
    for side, name in enumerate(SIDES):
        joints = np.zeros((30, 2, 21, 3))
        joints[:, side] = hand(angles, side)
        present = np.arange(2) == side
        found = timeline(BimanualMotion(joints, present=present))
        joint = found[f"{name}_hand_events"]["finger_flexing"]["index_mcp"]
        assert joint == [{"start": 0, "end": 30, "constant_des": "Hyperextended"}]
        assert found["present"] == [name]
        assert found["two_hand_relationships"] == {}


def swapped(name):
    """A series' name in the mirrored motion."""
    return name.replace("left_", "@").replace("right_", "left_").replace("@", "right_")


@pytest.mark.parametrize("text", ["clap twice", "poke the left palm with the right index",
                                  "pinch with the left thumb and ring finger"])  # fmt: skip
def test_a_mirrored_motion_mirrors_every_series(text):
    motion = perform(text, seed=3)
    twin = BimanualMotion(mirror(motion.joints), motion.fps)
    own = {(s.owner, s.group, s.key): s.values for s in descriptor_series(motion)}
    other = {(s.owner, s.group, s.key): s.values for s in descriptor_series(twin)}
    assert len(own) == 2 * (14 + 3 + 4 + 3) + 25 + 10 + 1 + 3
    owners = {"left": "right", "right": "left", "both": "both"}
    for (owner, group, key), values in own.items():
        name = key
        if group in ("finger_tip_contact", "finger_palm_distance") and owner == "both":
            name = ", ".join(sorted(swapped(key).split(", "), key=_left_first))
            if "palm" in key:
                name = ", ".join(swapped(part) for part in key.split(", "))
        sign = 1.0
        if group == "wrist_trajectory" and key == "left-right":
            sign = -1.0
        if group == "palm_palm_relative_position" and key != "left-right":
            sign = -1.0
        mirrored = other[owners[owner], group, name]
        np.testing.assert_allclose(mirrored, sign * values, atol=1e-6)


def _left_first(point):
    return not point.startswith("left")


def test_the_same_motion_gives_the_same_json_and_passes_the_check():
    motion = perform("touch the thumb to each fingertip in turn with the right hand")
    first, second = timeline(motion), timeline(motion)
    assert json.dumps(first) == json.dumps(second)
    assert check_timeline(json.loads(json.dumps(first))) == first
    contacts = first["right_hand_events"]["finger_tip_contact"]
    assert all(len(contacts[f"{f}_tip, thumb_tip"]) == 1 for f in FINGERS[1:])
    assert not any(first["left_hand_events"]["finger_tip_contact"].values())


@pytest.mark.parametrize("broken", [[], {}, {"schema": "handx.events", "version": 99},
                                    {"schema": "handx.events", "version": 1}])  # fmt: skip
def test_a_foreign_json_is_refused(broken):
    with pytest.raises(InputError):
        check_timeline(broken)


def test_a_degenerate_hand_is_refused_with_its_frame():
    joints = perform("clap").joints.copy()
    joints[7, 1] = joints[7, 1, :1]
    with pytest.raises(InputError, match="frame 7"):
        timeline(BimanualMotion(joints))


def kinds(text, pair):
    found = timeline(perform(text))["contact_dynamics"]
    return [e["kind"] for e in found if e["points"] == pair.split("|")]


def test_phases_of_contact_are_told_apart():
    palms = "left.palm|right.palm"
    assert kinds("press the palms together", palms) == ["touch", "press", "release"]
    assert kinds("clap twice", palms) == ["touch", "release"] * 2
    rubbed = kinds("rub the palms together", palms)
    assert rubbed[0] == "touch"
    assert rubbed[-1] == "release"
    assert "slide" in rubbed
    assert "press" not in rubbed


def test_what_moves_as_one_does_not_slide():
    motion = perform("press the palms together")
    still = np.repeat(motion.joints[40:41], 60, 0).astype(float)
    angle = np.linspace(0, 2.0, 60)
    turn = np.stack(
        [
            [[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]
            for a in angle
        ]
    )
    moving = (
        still @ np.swapaxes(turn, 1, 2)[:, None]
        + np.linspace(0, 0.4, 60)[:, None, None, None]
    )
    hands = [moving[:, 0], moving[:, 1]]
    for pair in ("left.palm|right.palm", "left.index_tip|right.index_tip",
                 "left.thumb_tip|left.index_tip", "left.palm|right.index_tip"):  # fmt: skip
        assert tangential_speed(hands, pair, 30.0).max() < 1e-6
    # The same hands, one moved along the other's palm at 6 cm/s, do slide.
    rubbing = still.copy()
    frame = rubbing[0, 0, JOINTS.index("middle_mcp")] - rubbing[0, 0, 0]
    along = frame / np.linalg.norm(frame)
    rubbing[:, 1] += along * (0.06 / 30) * np.arange(60)[:, None, None]
    speed = tangential_speed(
        [rubbing[:, 0], rubbing[:, 1]], "left.palm|right.palm", 30.0
    )
    assert speed[5:] == pytest.approx(0.06, abs=0.006)
    slid = contact_dynamics(BimanualMotion(rubbing), {PAIRS[-1]: np.zeros(60)})
    assert [e.kind for e in slid] == ["slide"]
