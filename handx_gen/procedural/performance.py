"""Text or program → motion, by primitives and inverse kinematics (`--model program`)."""

import numpy as np

from handx_gen.errors import InputError
from handx_gen.hand_model import DEFAULT_SHAPE, HandShape
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import poses
from handx_gen.procedural.poses import Body
from handx_gen.procedural.reader import read_plan
from handx_gen.procedural.timeline import Program, Stage, about, perform_steps
from handx_gen.prompt import Plan

FPS = 30.0
REST_ROTATION = about("y", 75)
"""Thumbs up, palms turned a little down."""


def standard_stage() -> Stage:
    """Two average hands at rest."""
    body = Body(DEFAULT_SHAPE, poses.RELAXED)
    return Stage((body, body), REST_ROTATION)


def sampled_bodies(rng: np.random.Generator) -> tuple[Body, Body]:
    """The hands of a random person: size, proportions, posture, 1 % asymmetry."""
    scale = rng.uniform(0.88, 1.12)
    proportions = rng.normal(1.0, 0.03, (5, 1)).clip(0.93, 1.07)
    width = rng.uniform(0.94, 1.06)
    habit = rng.normal(0, np.radians(3), (5, 5)) * np.array([0.6, 1, 0, 1, 0.6])
    follow = rng.uniform(0, 0.22)
    bodies = []
    for _ in range(2):
        bases = DEFAULT_SHAPE.bases * scale * np.array([width, 1, 1])
        lengths = DEFAULT_SHAPE.lengths * scale * proportions
        lengths = lengths * rng.normal(1, 0.01, (5, 3)).clip(0.98, 1.02)
        relaxed = poses.RELAXED + habit + rng.normal(0, np.radians(1.0), (5, 5)) * [
            0.5, 1, 0, 1, 0.5,
        ]  # fmt: skip
        bodies.append(Body(HandShape(bases, lengths), relaxed, follow))
    return bodies[0], bodies[1]


def on_stage(bodies: tuple[Body, Body], rng: np.random.Generator) -> Stage:
    """Two hands at rest, held a little differently every time."""
    tilt = about("y", rng.uniform(60, 90)) @ about("x", rng.uniform(-12, 12))
    return Stage(bodies, tilt)


def sampled_stage(rng: np.random.Generator) -> Stage:
    """A random person's two hands at rest."""
    return on_stage(sampled_bodies(rng), rng)


def known(program: Program) -> Program:
    """The program, if there is anything in it.

    Raises:
        InputError: Nothing of the text was read; the message gives the nearest request.
    """
    if not program.steps:
        nearest = (
            f'; nearest known request: "{program.nearest}"' if program.nearest else ""
        )
        raise InputError(
            "request", "text", f"nothing in {program.text!r} is in the vocabulary{nearest}",
            "see `handx vocabulary`, or use a model",
        )  # fmt: skip
    return program


def perform_program(
    program: Program, frames: int | None = None, stage: Stage | None = None
) -> BimanualMotion:
    """Perform a program.

    Args:
        program: Steps; must not be empty.
        frames: Length; None takes the natural one.
        stage: Whose hands; None takes two average ones.

    Raises:
        InputError: The program has no step.
    """
    known(program)
    joints = perform_steps(stage or standard_stage(), program.steps, frames, FPS)
    return BimanualMotion(
        joints, FPS, provenance={"model": "program", "text": program.text}
    )


def perform(
    request: str | Plan, seconds: float | None = None, seed: int = 0
) -> BimanualMotion:
    """Perform what is asked for, in words or as a plan.

    Args:
        request: Free text, or a plan whose segments follow one another; read by rules
            (`reader.read`).
        seconds: Length wanted; None takes the natural one, or the plan's own.
        seed: 0 for two average hands, else those of a random person.

    Raises:
        InputError: Nothing in the text is known; the message gives the nearest request.
    """
    plan = Plan.from_text(request) if isinstance(request, str) else request
    if seconds is None and all(s.seconds is not None for s in plan.segments):
        seconds = sum(s.seconds or 0.0 for s in plan.segments)
    frames = None if seconds is None else max(2, round(seconds * FPS) + 1)
    stage = sampled_stage(np.random.default_rng(seed)) if seed else standard_stage()
    return perform_program(read_plan(plan), frames, stage)
