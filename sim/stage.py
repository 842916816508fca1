"""What surrounds the hands in pictures: light, sky, floor, colours. None of it collides."""

import numpy as np

from handx_gen.skeleton import SIDES
from sim.engine import mujoco

SHADOW_SIZE, MULTISAMPLES = 512, 0
"""Shadow map and multisampling of software GL: the defaults (4096, 4) cost five times
the time and two hands do not show the difference."""

SKY_TOP, SKY_BOTTOM = (0.62, 0.70, 0.80), (0.92, 0.94, 0.96)
FLOOR_LIGHT, FLOOR_DARK = (0.80, 0.81, 0.83), (0.73, 0.74, 0.77)
FLOOR_GAP = 0.08
"""The floor lies this far below the lowest point of the hands [m]."""
FLOOR_TILE = 0.1
"""Edge of a floor tile [m]."""

SIDE_COLOURS = {"left": (0.25, 0.48, 0.78), "right": (0.90, 0.52, 0.22)}
"""Fingers; the palm is a lighter shade."""
PALM_SHADE = 0.35
"""How far the palm's colour is towards white."""
ARM_COLOUR = (0.45, 0.47, 0.50)
"""Links that are neither palm nor finger."""
PAD_COLOUR = (0.17, 0.18, 0.20)
"""Fingertips: rubber."""
CONTACT_COLOUR = (1.0, 0.82, 0.15)
"""A fingertip or palm that touches another."""


def add_stage(spec: mujoco.MjSpec) -> None:
    """Add sky, two lights and a floor "floor" (placed when a picture is framed)."""
    spec.visual.quality.shadowsize = SHADOW_SIZE
    spec.visual.quality.offsamples = MULTISAMPLES
    spec.visual.headlight.ambient = [0.35, 0.35, 0.37]
    spec.visual.headlight.diffuse = [0.2, 0.2, 0.2]
    spec.visual.headlight.specular = [0.1, 0.1, 0.1]
    # Balls and capsules are small in the picture: fewer facets draw faster.
    spec.visual.quality.numslices, spec.visual.quality.numstacks = 12, 6
    spec.visual.map.znear = 0.02
    # The shadow map covers `shadowclip` times the extent, which would count the floor.
    spec.stat.extent = 1.0
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=SKY_TOP, rgb2=SKY_BOTTOM, width=64, height=384,
    )  # fmt: skip
    spec.add_texture(
        name="tiles", type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=FLOOR_LIGHT, rgb2=FLOOR_DARK, width=64, height=64,
    )  # fmt: skip
    tiles = spec.add_material(name="tiles", specular=0.0, reflectance=0.0)
    tiles.textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = "tiles"
    tiles.texuniform, tiles.texrepeat = True, [0.5 / FLOOR_TILE, 0.5 / FLOOR_TILE]
    # The light that casts shadows stands straight above: slanted, MuJoCo's shadow map
    # speckles a large floor.
    for direction, strength, shadow in (
        ((0.0, 0.0, -1.0), 0.30, True),
        ((-0.5, -0.4, -0.8), 0.38, False),
        ((0.6, 0.5, -0.5), 0.12, False),
    ):
        spec.worldbody.add_light(
            pos=[0, 0, 2.0], dir=direction, castshadow=shadow,
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            diffuse=[strength] * 3, specular=[0.3 * strength] * 3,
        )  # fmt: skip
    spec.worldbody.add_geom(
        name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[3, 3, 0.05],
        pos=[0, 0, -1],  # a geom compiled at its body's origin could not be moved later
        material="tiles", contype=0, conaffinity=0,
    )  # fmt: skip


def place_stage(model: mujoco.MjModel, low: np.ndarray, high: np.ndarray) -> None:
    """Put floor and shadows where the hands are.

    Args:
        model: The model, changed in place.
        low, high: (3,) corners of the box the hands stay in [m].
    """
    middle, half = (low + high) / 2, (high - low) / 2
    model.geom("floor").pos[2] = low[2] - FLOOR_GAP
    model.light_pos[0] = [*middle[:2], high[2] + 1.0]
    model.vis.map.shadowclip = float(half[:2].max()) + 0.1


def geom_colours(
    model: mujoco.MjModel,
    geom_side: np.ndarray,
    point_geoms: dict[str, dict[str, tuple[int, ...]]],
    finger_geoms: dict[str, set[int]],
) -> np.ndarray:
    """(ngeom, 3) colours of the hands' geoms: arm, palm, fingers, pads.

    Args:
        model: The model.
        geom_side: (ngeom,) 0 left, 1 right, −1 neither.
        point_geoms: Side → point → geoms.
        finger_geoms: Side → geoms that belong to a finger.
    """
    colours = np.array(model.geom_rgba[:, :3], float)
    for geom in np.flatnonzero(geom_side >= 0):
        side = SIDES[geom_side[geom]]
        tint = np.array(SIDE_COLOURS[side])
        points = point_geoms[side]
        if geom in points["palm"]:
            colours[geom] = tint + PALM_SHADE * (1 - tint)
        elif any(geom in g for name, g in points.items() if name != "palm"):
            colours[geom] = PAD_COLOUR
        elif geom in finger_geoms[side]:
            colours[geom] = tint
        else:
            colours[geom] = ARM_COLOUR
    return colours
