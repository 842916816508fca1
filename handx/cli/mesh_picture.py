"""Pictures of hand surfaces: triangles, nearest last, drawn without GL."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from handx_gen.npz import atomic_path
from sim.camera import FIELD_OF_VIEW, Camera, frame_points
from sim.stage import SIDE_COLOURS

SIZE = (640, 480)
MOMENTS, COLUMNS = 6, 3
OVERSAMPLED = 2
"""Drawn this many times larger, then reduced: smooth edges."""
PAPER = (244, 245, 247)
LIGHT = np.array([-0.6, 0.25, 1.0]) / np.linalg.norm([-0.6, 0.25, 1.0])
"""Towards the light; world is x forward, y left, z up, seen from behind the hands."""
TO_WORLD = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
"""Canonical motion frame (x right, y along the fingers) → x forward, y left."""


def draw_surfaces(
    surfaces: Mapping[str, np.ndarray], faces: Mapping[str, np.ndarray], path: Path
) -> None:
    """Six moments of hand surfaces, evenly spread, into a PNG.

    Args:
        surfaces: Side → (T, V, 3) vertices in the canonical frame [m].
        faces: Side → (F, 3) vertex numbers, anticlockwise seen from outside.
        path: The picture.
    """
    world = {side: points @ TO_WORLD.T for side, points in surfaces.items()}
    everything = np.concatenate([points.reshape(-1, 3) for points in world.values()])
    camera = frame_points(everything, SIZE[0] / SIZE[1], azimuth=0.0)
    frames = len(next(iter(world.values())))
    sheet = Image.new("RGB", (COLUMNS * SIZE[0], -(-MOMENTS // COLUMNS) * SIZE[1]))
    for index, frame in enumerate(np.linspace(0, frames - 1, MOMENTS).round()):
        corner = (index % COLUMNS * SIZE[0], index // COLUMNS * SIZE[1])
        now = {side: points[int(frame)] for side, points in world.items()}
        sheet.paste(_moment(now, faces, camera), corner)
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")


def _moment(
    hands: Mapping[str, np.ndarray], faces: Mapping[str, np.ndarray], camera: Camera
) -> Image.Image:
    """One frame: every triangle in one flat colour, the farthest drawn first."""
    width, height = (OVERSAMPLED * side for side in SIZE)
    focal = height / 2 / np.tan(np.radians(FIELD_OF_VIEW) / 2)
    corners, depth, colour = [], [], []
    for side, points in hands.items():
        seen = (points - camera.position) @ camera.axes.T  # right, up, forward
        pixels = seen[:, :2] / seen[:, 2:] * [focal, -focal] + [width / 2, height / 2]
        triangles = points[faces[side]]  # (F, 3, 3)
        normal = np.cross(
            triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
        )
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        shade = 0.45 + 0.55 * np.clip(normal @ LIGHT, 0, 1)
        corners.append(pixels[faces[side]])
        depth.append(seen[:, 2][faces[side]].mean(1))
        colour.append(255 * shade[:, None] * np.array(SIDE_COLOURS[side]))
    image = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(image)
    order = np.argsort(-np.concatenate(depth))
    polygons = np.concatenate(corners)[order].reshape(-1, 6)
    colours = np.concatenate(colour)[order].astype(int)
    for polygon, (red, green, blue) in zip(polygons.tolist(), colours.tolist()):
        pen.polygon(polygon, fill=(red, green, blue))
    return image.resize(SIZE, Image.Resampling.LANCZOS)
