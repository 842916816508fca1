"""Write `fk_table.npz`: where the vendors' own URDFs put every fingertip.

    python tests/robots/make_fk_table.py ../shared/robots

Numbers only, so that a clone without the vendors' files still tests that our
descriptions have the same kinematics. Per hand: `<robot>_<side>_joints` (n,) names,
`…_q` (200, n) in 1e-4 rad, `…_links` (F,) the tip links, `…_tips` (200, F, 3) [m] in the
frame of `…_root`.
"""

import sys
from pathlib import Path

import numpy as np
import pinocchio as pin

POSES = 200
FINGERS = ("thumb", "index", "middle", "ring", "pinky")
HANDS = {
    ("shadow", side): (
        f"shadow_hand/shadow_hand_{side}.urdf",
        "forearm",
        ("thtip", "fftip", "mftip", "rftip", "lftip"),
    )
    for side in ("left", "right")
} | {
    ("inspire", side): (
        f"unitree_inspire_dfq/inspire_dfq_{side}.urdf",
        f"{side[0].upper()}_hand_base_link",
        tuple(f"{side[0].upper()}_{finger}_tip" for finger in FINGERS),
    )
    for side in ("left", "right")
}
for _side in ("left", "right"):
    HANDS["allegro", _side] = (
        f"allegro_hand/allegro_hand_{_side}.urdf",
        "base_link",
        tuple(f"link_{number}.0_tip" for number in (15, 3, 7, 11)),
    )
    HANDS["leap", _side] = (
        f"leap_hand/leap_hand_{_side}.urdf",
        "base",
        tuple(f"{finger}_tip_head" for finger in FINGERS[:4]),
    )
    HANDS["dex3", _side] = (
        f"unitree_dex3/unitree_dex3_{_side}.urdf",
        f"{_side}_hand_palm_link",
        tuple(f"{_side}_hand_{finger}_tip" for finger in FINGERS[:3]),
    )


def tips_of(
    model: pin.Model, q: np.ndarray, root: str, links: tuple[str, ...]
) -> np.ndarray:
    """(F, 3) tip points in the frame of `root` [m]."""
    data = model.createData()
    pin.framesForwardKinematics(model, data, q)
    base = data.oMf[model.getFrameId(root)]
    return np.array(
        [base.actInv(data.oMf[model.getFrameId(link)]).translation for link in links]
    )


def main(shared: Path, out: Path) -> None:
    """Tabulate all hands."""
    generator = np.random.default_rng(2026)
    arrays = {}
    for (robot, side), (file, root, links) in HANDS.items():
        model = pin.buildModelFromUrdf(str(shared / file))
        lower, upper = model.lowerPositionLimit, model.upperPositionLimit
        # Every joint on its own, coupled ones too: the table is about the links.
        steps = generator.uniform(lower, upper, (POSES, model.nq))
        steps = np.round(steps * 1e4).astype(np.int16)
        # The vendor's Dex3 tips carry no side.
        theirs = tuple(
            link if model.existFrame(link) else link.removeprefix(f"{side}_hand_")
            for link in links
        )
        tips = [tips_of(model, q * 1e-4, root, theirs) for q in steps]
        name = f"{robot}_{side}"
        arrays[f"{name}_joints"] = np.array(list(model.names)[1:])
        arrays[f"{name}_q"] = steps
        # Ours is called otherwise, because the simulation has a "base" of its own.
        arrays[f"{name}_root"] = np.array("hand_base" if robot == "leap" else root)
        arrays[f"{name}_links"] = np.array(links)
        arrays[f"{name}_tips"] = np.array(tips)
    np.savez_compressed(out, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_name("fk_table.npz"))
