"""The shipped hands, as pinocchio models and as placed capsules."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pinocchio as pin

from robots import HandSpec

ROBOTS = ("allegro", "dex3", "inspire", "leap", "shadow")
HANDS = [(robot, side) for robot in ROBOTS for side in ("left", "right")]
VENDOR = {
    ("shadow", side): (f"shadow_hand/shadow_hand_{side}.urdf", "forearm")
    for side in ("left", "right")
} | {
    ("inspire", side): (
        f"unitree_inspire_dfq/inspire_dfq_{side}.urdf",
        f"{side[0].upper()}_hand_base_link",
    )
    for side in ("left", "right")
}
for _side in ("left", "right"):
    VENDOR["allegro", _side] = (f"allegro_hand/allegro_hand_{_side}.urdf", "base_link")
    VENDOR["leap", _side] = (f"leap_hand/leap_hand_{_side}.urdf", "base")
    VENDOR["dex3", _side] = (
        f"unitree_dex3/unitree_dex3_{_side}.urdf",
        f"{_side}_hand_palm_link",
    )
CALLED = {
    "palm_lower": "palm_lower_left",
    "thumb_temp_base": "thumb_left_temp_base",
} | {
    f"{side}_hand_{finger}_tip": f"{finger}_tip"
    for side in ("left", "right")
    for finger in ("thumb", "index", "middle")
}
"""Our link → the vendor's name for it, where they differ."""


@dataclass
class Kinematics:
    """pinocchio on a URDF, joints by name."""

    model: pin.Model

    @classmethod
    def read(cls, urdf: Path) -> "Kinematics":
        return cls(pin.buildModelFromUrdf(str(urdf)))

    def place(self, names: tuple[str, ...], values: np.ndarray) -> pin.Data:
        q = pin.neutral(self.model)
        for name, value in zip(names, values, strict=True):
            q[self.model.joints[self.model.getJointId(name)].idx_q] = value
        data = self.model.createData()
        pin.framesForwardKinematics(self.model, data, q)
        return data

    def pose(self, data: pin.Data, link: str) -> np.ndarray:
        """(4, 4) of a link in the URDF's root."""
        assert self.model.existFrame(link), link
        return data.oMf[self.model.getFrameId(link)].homogeneous

    @property
    def links(self) -> list[str]:
        return [f.name for f in self.model.frames if f.type == pin.FrameType.BODY]


def tips_in_hand_frame(hand: HandSpec, joints: np.ndarray) -> dict[str, np.ndarray]:
    """Finger → tip in the hand frame [m]."""
    kinematics = Kinematics.read(hand.urdf)
    data = kinematics.place(hand.joint_names, joints)
    T_hand_root = np.linalg.inv(
        kinematics.pose(data, hand.palm_link) @ hand.T_palm_hand
    )
    return {
        name: (T_hand_root @ kinematics.pose(data, finger.tip_link))[:3, 3]
        for name, finger in hand.fingers.items()
    }
