"""The vendors' URDFs that `robots add` is tried on, and what it must find in them."""

from pathlib import Path

SIDES = ("left", "right")
FINGERS = ("thumb", "index", "middle", "ring", "pinky")
FILES = {
    "allegro": "allegro_hand/allegro_hand_{side}.urdf",
    "leap": "leap_hand/leap_hand_{side}.urdf",
    "shadow": "shadow_hand/shadow_hand_{side}.urdf",
    "dex3": "unitree_dex3/unitree_dex3_{side}.urdf",
    "inspire": "unitree_inspire_dfq/inspire_dfq_{side}.urdf",
}
HUMANOIDS = {
    "unitree_g1/g1_upperbody_dex3.urdf": "dex3",
    "unitree_g1/g1_upperbody_inspire_dfq.urdf": "inspire",
    "unitree_g1/g1_29dof_inspire_dfq.urdf": "inspire",
}


def vendor_file(shared: Path, robot: str, side: str) -> Path:
    """Where a vendor's URDF lies."""
    return shared / "robots" / FILES[robot].format(side=side)
