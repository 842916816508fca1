"""A camera that frames both hands, in the convention of MuJoCo's free camera."""

from dataclasses import dataclass

import numpy as np

FIELD_OF_VIEW = 32.0
"""Vertical field of view [deg]."""

AZIMUTH, ELEVATION = 180.0, -30.0
"""Viewing direction [deg]: from in front of the robot, a little from above, where the
fingertips are; its left hand is on the right of the picture."""

MARGIN = 0.88
"""Share of the picture that the hands may fill."""


@dataclass(frozen=True)
class Camera:
    """Where the picture is taken from.

    Attributes:
        lookat: (3,) point in the middle of the picture [m].
        distance: From there [m].
        azimuth, elevation: Viewing direction [deg].
    """

    lookat: np.ndarray
    distance: float
    azimuth: float
    elevation: float

    @property
    def axes(self) -> np.ndarray:
        """(3, 3) rows: right, up, forward, in world."""
        return _axes(self.azimuth, self.elevation)

    @property
    def position(self) -> np.ndarray:
        """(3,) [m]."""
        return self.lookat - self.distance * self.axes[2]


def frame_points(
    points: np.ndarray,
    aspect: float,
    azimuth: float = AZIMUTH,
    elevation: float = ELEVATION,
) -> Camera:
    """The closest camera from which all points are in the picture.

    Args:
        points: (N, 3) in world [m].
        aspect: Width over height of the picture.
        azimuth: Viewing direction [deg].
        elevation: Viewing direction [deg], negative from above.
    """
    axes = _axes(azimuth, elevation)
    half = np.tan(np.radians(FIELD_OF_VIEW) / 2) * MARGIN * np.array([aspect, 1.0])
    lookat = (points.min(0) + points.max(0)) / 2
    distance = 0.3
    for _ in range(4):
        local = (points - lookat) @ axes.T  # right, up, forward
        distance = float((np.abs(local[:, :2]) / half - local[:, 2:]).max())
        # Perspective enlarges what is near: recentre what the picture shows.
        shown = local[:, :2] / (distance + local[:, 2:])
        middle = (shown.min(0) + shown.max(0)) / 2 * distance
        lookat = lookat + middle @ axes[:2]
    return Camera(lookat, max(distance, 0.1), azimuth, elevation)


def _axes(azimuth: float, elevation: float) -> np.ndarray:
    az, el = np.radians([azimuth, elevation])
    forward = np.array([np.cos(el) * np.cos(az), np.cos(el) * np.sin(az), np.sin(el)])
    right = np.array([np.sin(az), -np.cos(az), 0.0])
    return np.stack([right, np.cross(right, forward), forward])
