"""Two-hand skills: what they are, whether simulated hands did them, and tasks to learn them."""

import difflib

from handx_gen.errors import InputError
from sim.skills.goals import Judgement
from sim.skills.motions import (
    COUNT_SKILLS,
    INTERLOCK_SKILLS,
    MOTION_SKILLS,
)
from sim.skills.palms import FIST_SKILLS, PALM_SKILLS
from sim.skills.skill import Skill
from sim.skills.touches import PINCHES, TOUCHES

SKILLS = {
    skill.name: skill
    for skill in (
        *TOUCHES, *PINCHES, *PALM_SKILLS, *FIST_SKILLS, *INTERLOCK_SKILLS,
        *COUNT_SKILLS, *MOTION_SKILLS,
    )
}  # fmt: skip
"""Name → skill, family by family."""


def find_skill(name: str) -> Skill:
    """A skill by its name.

    Raises:
        InputError: There is none; names the nearest.
    """
    if name not in SKILLS:
        near = difflib.get_close_matches(name, SKILLS, 3, 0.0)
        raise InputError(
            "skill", "", f"{name!r} is not known", f"nearest: {', '.join(near)}"
        )
    return SKILLS[name]


__all__ = ["SKILLS", "Judgement", "Skill", "find_skill"]
