"""Pictures of human hands: strips and films of a motion."""

from fractions import Fraction
from pathlib import Path

from handx_gen.motion import BimanualMotion
from retarget.placement import place
from sim.human_film import HumanFilm
from sim.render import human_shot, write_film, write_strip

FROM_BEHIND = 0.0
"""Viewing direction [deg]: as one sees one's own hands."""


def draw_strip(motion: BimanualMotion, path: str | Path, title: str = "") -> None:
    """Six moments of a motion, evenly spread, into a PNG."""
    with HumanFilm(motion, place(motion), azimuth=FROM_BEHIND) as film:
        write_strip(human_shot(film, title), film.duration, path)


def draw_film(motion: BimanualMotion, path: str | Path, title: str = "") -> None:
    """All frames of a motion at its own rate, into an mp4 (H.264)."""
    rate = Fraction(motion.fps).limit_denominator(1001)
    with HumanFilm(motion, place(motion), azimuth=FROM_BEHIND) as film:
        write_film(human_shot(film, title), film.duration, path, rate)
