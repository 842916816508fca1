"""Recorded hands on every robot: limits always, errors within stated bounds."""

import pytest

from handx_gen.motion import BimanualMotion
from retarget import RetargetOptions, retarget_motion

# Mean fingertip error at human size [mm], with room for the machine; measured values
# are in docs/decisions. Six joints cannot follow twenty.
BOUNDS = {("shadow", "noisy"): 6.0, ("shadow", "leap"): 3.0,
          ("inspire", "noisy"): 18.0, ("inspire", "leap"): 12.0}  # fmt: skip


@pytest.mark.parametrize("robot", ["shadow", "inspire"])
@pytest.mark.parametrize("clip", ["noisy", "leap"])
def test_a_recording_is_followed_within_limits(robot, clip, request):
    spec = request.getfixturevalue(robot)
    whole = request.getfixturevalue(f"{clip}_recording")
    motion = BimanualMotion(whole.joints[:120], whole.fps)
    trajectory, report = retarget_motion(motion, spec)
    for side, hand in trajectory.hands.items():
        limits = spec.hands[side]
        hand.check_limits(limits.lower, limits.upper, limits.velocity_limit)
    assert report.tip_error_human_mm < BOUNDS[robot, clip]
    assert report.stretch <= RetargetOptions().max_stretch


def test_at_its_own_clock_the_noisy_recording_saturates_and_says_so(
    noisy_recording, shadow
):
    motion = BimanualMotion(noisy_recording.joints[400:], noisy_recording.fps)
    trajectory, report = retarget_motion(
        motion, shadow, RetargetOptions(max_stretch=1.0)
    )
    assert report.stretch == 1
    assert trajectory.duration == pytest.approx(motion.duration, abs=0.5)
    assert report.saturated_fraction > 0.05
    assert report.unsolved
    assert report.velocity_violations == 0
    assert report.tip_error_human_mm < 9
