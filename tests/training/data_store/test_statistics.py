"""Table 1's columns on clips whose figures are known."""

import numpy as np
import pytest

from handx_gen.skeleton import JOINT
from training.data.corpus import Store
from training.data.importer import import_recordings
from training.data.statistics import hands_touch, statistics
from training.data.windows import Cut


def touching(made, frames: list[int], distance: float) -> np.ndarray:
    """60 frames of still hands whose index tips are `distance` apart in some frames."""
    joints = made.hands(np.zeros(60))
    left = joints[:, 0, JOINT["index_tip"]].copy()
    right = joints[:, 1, JOINT["index_tip"]].copy()
    for frame in frames:
        joints[frame, 1] += left[frame] - right[frame] + [distance, 0, 0]
    return joints


@pytest.mark.parametrize(("distance", "touch"), [(0.019, True), (0.06, False)])
def test_tips_touch_below_two_centimetres(made, distance, touch) -> None:
    joints = touching(made, [3, 4], distance)
    expected = np.zeros(60, bool)
    expected[[3, 4]] = touch
    np.testing.assert_array_equal(hands_touch(joints), expected)


def test_a_tip_touches_the_other_palm_from_either_side(made) -> None:
    joints = made.hands(np.zeros(2))
    for side in range(2):
        moved = joints.copy()
        tip = moved[:, side, JOINT["index_tip"]]
        knuckle = moved[:, 1 - side, JOINT["middle_mcp"]]
        moved[:, side] += (knuckle - tip + [0, 0, 0.022])[:, None]
        assert hands_touch(moved).all()
    assert not hands_touch(joints).any()


def test_figures_of_a_store(made, tmp_path) -> None:
    time = np.arange(60) / 30
    still = touching(made, [], 0)
    moving = made.hands(time)
    takes = [
        made.recording(still, time, name="still", licence="MIT"),
        made.recording(moving, time, name="moving", text={"left": ("a", "b")}),
    ]
    alone = moving.copy()
    alone[:, 0] = np.nan
    takes.append(made.recording(alone, time, name="alone"))
    store = Store.create(tmp_path / "store", Cut())
    import_recordings(takes, store, Cut())
    (one,) = statistics(store.clips())
    assert (one.clips, one.frames, one.captions) == (3, 180, 2)
    assert one.hours == pytest.approx(6 / 3600)
    assert one.two_handed == pytest.approx(2 / 3)
    assert one.contact_ratio == 0
    assert one.contact_duration is None
    assert one.licences == ("", "MIT")
    speeds = [c.intensity[c.motion.present] for c in store.clips()]
    assert one.intensity == pytest.approx(np.concatenate(speeds).mean(), rel=1e-6)


def test_contacts_are_counted_and_timed(made, tmp_path) -> None:
    time = np.arange(60) / 30
    joints = made.hands(np.zeros(60), apart=0.25)
    # The right hand glides over and back: touches on the way.
    tips = joints[0, 0, JOINT["index_tip"]] - joints[0, 1, JOINT["index_tip"]]
    share = np.clip(1.4 * np.abs(np.sin(2 * np.pi * time / 2)) - 0.3, 0, 1)
    joints[:, 1] += share[:, None, None] * (tips + [0.005, 0, 0])
    touch = hands_touch(joints)
    store = Store.create(tmp_path / "store", Cut())
    import_recordings([made.recording(joints, time)], store, Cut())
    (one,) = statistics(store.clips())
    assert 0.1 < one.contact_ratio < 0.9
    assert one.contact_ratio == pytest.approx(touch.mean())
    begun = int((np.diff(touch.astype(int)) == 1).sum() + touch[0])
    assert begun >= 2
    assert one.contact_frequency == pytest.approx(begun / 2.0)
    assert one.contact_duration == pytest.approx(touch.sum() / 30 / begun)
