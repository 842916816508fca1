"""Human hand motion → robot hand trajectory: `retarget_motion(motion, robot)`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from retarget.errors import LimitViolation, RetargetError
from retarget.report import RetargetReport
from retarget.trajectory import BimanualTrajectory, JointTrajectory

if TYPE_CHECKING:
    from retarget.bimanual import retarget_motion
    from retarget.contacts import hand_points, robot_contact_track
    from retarget.options import RetargetOptions

# pinocchio and scipy are loaded on first use of one of these.
_HEAVY = {
    "RetargetOptions": "options",
    "retarget_motion": "bimanual",
    "hand_points": "contacts",
    "robot_contact_track": "contacts",
}

__all__ = [
    "BimanualTrajectory",
    "JointTrajectory",
    "LimitViolation",
    "RetargetError",
    "RetargetOptions",
    "RetargetReport",
    "hand_points",
    "retarget_motion",
    "robot_contact_track",
]


def __getattr__(name: str) -> Any:
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HEAVY[name]}"), name)
