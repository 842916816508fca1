"""Where a stream's pieces of motion come from: a network, or the procedural mode.

A source is a function of what is asked, of how the hands moved just before, and of a
seed. It gives the frames that follow, and remembers nothing: the same call gives the
same frames, at any time and from any thread.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from handx_gen.control.constraints import Constraints, Given, Values
from handx_gen.control.draw import origin, restrain
from handx_gen.control.pose import MIRROR, Pose
from handx_gen.control.timing import Window
from handx_gen.diffusion.finish import calm, finished, joints_of, low_pass
from handx_gen.errors import InputError
from handx_gen.hand_model import LOWER, UPPER, HandParameters, HandShape, fits
from handx_gen.live.junction import (
    carried_on,
    fade_frames,
    held,
    played_at,
    settled,
)
from handx_gen.prompt import Plan, Segment
from handx_gen.representation import WristRelative
from handx_gen.skeleton import FINGERS

if TYPE_CHECKING:
    from handx_gen.control.sampling import Restraint
    from handx_gen.generator import Generator
    from handx_gen.procedural.timeline import Program

CONTEXT = 12
"""Frames of the motion so far that a network is shown."""

STEPS = 5
"""Calls of the network per piece, at most. Words are followed as well as with ten (see
`training/LOG.md`), and what counts is how soon."""

JUMP = 0.01
"""How far a network's smoothed answer may be from the last frame it was shown [m]."""

FADE = 12
"""Frames within which a network's miss of what it was shown fades."""

ONSET = 8
"""Frames over which a piece slows to an easy pace."""

FASTEST = 1.5
"""A piece is hurried by at most this to fit into a segment's seconds."""

REFIT = 6
"""Steps in which angles are found again for bones that differ by millimetres."""

Source = Callable[[Segment, Pose, int], Pose]
"""(what is asked, at least `CONTEXT` frames of the motion so far, seed) → what follows."""


def at_rest(shapes: tuple[HandShape, HandShape], middle: np.ndarray) -> Pose:
    """Two hands at rest, one frame; `middle` (3,) [m] is half-way between the wrists."""
    from handx_gen.procedural.performance import REST_ROTATION
    from handx_gen.procedural.poses import RELAXED
    from handx_gen.procedural.timeline import REST_POSITION

    hands = [
        HandParameters(
            shape, RELAXED[None], REST_ROTATION[None],
            (REST_POSITION + middle * (MIRROR if side == 0 else 1))[None], side,
        )
        for side, shape in enumerate(shapes)
    ]  # fmt: skip
    return Pose.of(*hands)


def network_source(generator: "Generator", start: Pose) -> Source:
    """Pieces that a network draws with the last frames before its eyes.

    Its training clips begin with hands at rest. Shown anything else it may not go on
    from there but jump to where such a clip would be. So it draws twice, in one batch:
    once from the frames that were, once from rest. Where the first would jump by more
    than `JUMP`, the hands pass through rest instead, as the second has it.

    Args:
        generator: The network.
        start: Where the stream begins. Its bones are those of every piece, and the
            place of its hands stays where they rest: nothing can drift.
    """
    import torch

    from handx_gen.control.sampling import sample
    from handx_gen.diffusion.sampler import draw_noise

    config, device = generator.config, generator.device
    fps, clip = config.fps, config.denoiser["frames"]
    middle = start.joints()[-1, :, 0].mean(0)
    rest = held(at_rest(start.shapes, middle), CONTEXT)
    centre = origin(_given(rest, clip), config.norm, np.asarray(config.centre))

    def answers(
        segment: Segment, contexts: list[Pose], seed: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """What the network makes of each context: joints and contacts."""
        shown = [
            _restraint(config.norm, _given(context, clip), fps, centre, device)
            for context in contexts
        ]
        together = replace(
            shown[0],
            observed=torch.cat([r.observed for r in shown]),
            mask=torch.cat([r.mask for r in shown]),
        )
        text, null = generator.read([segment.prompt] * len(contexts))
        noise = draw_noise([seed] * len(contexts), clip, device)
        x_0, contact = (
            value.cpu().numpy()
            for value in sample(
                generator.denoiser, text, noise, together, min(config.steps, STEPS),
                config.shift, null, config.guidance,
            )
        )  # fmt: skip
        if not np.isfinite(x_0).all():
            raise InputError(
                config.name, "weights", "they give NaN", "fetch the checkpoint again"
            )
        origins = np.tile(centre.astype(np.float32), (len(x_0), 1))
        return list(zip(config.norm.unpack(x_0, origins).astype(float), contact))

    def piece(segment: Segment, context: Pose, seed: int) -> Pose:
        context = context.at(np.arange(len(context) - CONTEXT, len(context)))
        before = context.joints()
        away = _largest(before - rest.joints()) > JUMP
        drawn = answers(segment, [context, rest] if away else [context], seed)
        calmed = calm(drawn[0][0])  # a jump reaches some frames back in it
        through_rest = _largest(calmed[CONTEXT - 1] - before[-1]) > JUMP
        joints, contact = drawn[-1] if through_rest else drawn[0]
        hands = _with_bones(finished(joints, contact), context.shapes)
        smooth = np.clip(low_pass(hands.angles), LOWER, UPPER)
        hands = replace(hands, angles=smooth)
        if through_rest:
            follow = _by_way_of(context, hands, fps)
        else:
            follow = carried_on(context, hands, CONTEXT, fps, FADE)
        last = context.at(np.array([CONTEXT - 1]))
        return _timed(Pose.chained([last, follow]), segment.seconds, fps)

    return piece


def _with_bones(
    hands: list[HandParameters], shapes: tuple[HandShape, HandShape]
) -> Pose:
    """The same joints as nearly as hands of other bones can have them."""
    angles = np.stack([hand.angles for hand in hands], 1)
    return Pose.of(*fits(joints_of(hands), (0, 1), REFIT, shapes, angles))


def _by_way_of(context: Pose, drawn: Pose, fps: float) -> Pose:
    """From `context` over into a clip that begins at rest.

    The clip's still beginning gives the time for it, lengthened if that is too short.
    """
    ends = np.arange(len(context) - 2, len(context))
    off = context.at(ends).minus(drawn.at(np.arange(2)))[1]
    longer = max(0, fade_frames(off, fps, FADE) - CONTEXT)
    waiting = drawn.at(np.zeros(longer, int))
    return carried_on(context, Pose.chained([waiting, drawn]), 2, fps, FADE)


def _timed(whole: Pose, seconds: float | None, fps: float) -> Pose:
    """A piece at its pace: at ease, or so that it takes `seconds`.

    Args:
        whole: Begins with the last frame before the junction.
        seconds: None for as long as it needs.
        fps: Rate [Hz].
    """
    from handx_gen.generator import MAX_EASE, easy_seconds

    own = (len(whole) - 1) / fps
    if seconds is None:
        return played_at(whole, own / easy_seconds(whole.joints(), fps), ONSET)
    frames = max(1, round(seconds * fps))
    rate = float(np.clip(own / seconds, 1 / MAX_EASE, FASTEST))
    played = played_at(whole, rate, ONSET, frames)
    if len(played) < frames:
        resting = Pose.chained([played, settled(played)])
        resting = Pose.chained([resting, held(resting, frames)])
        played = resting.at(np.arange(frames))
    return played


def _largest(off: np.ndarray) -> float:
    """Longest of vectors (..., 3)."""
    return float(np.linalg.norm(off, axis=-1).max())


def program_source(fps: float) -> Source:
    """Pieces by rules and inverse kinematics, from wherever the hands are."""
    from handx_gen.procedural import poses
    from handx_gen.procedural.poses import Body
    from handx_gen.procedural.timeline import Stage, perform_steps

    def piece(segment: Segment, context: Pose, seed: int) -> Pose:
        del seed  # rules draw nothing
        program = readable(segment)
        last = context.at(np.array([len(context) - 1]))
        left, right = (Body(shape, poses.RELAXED) for shape in context.shapes)
        stage = Stage((left, right), last.rotation[0, 1])
        for side in (0, 1):
            stage.state[side] = {
                **{f: last.angles[0, side, k] for k, f in enumerate(FINGERS)},
                "rotation": last.rotation[0, side],
                "position": last.wrist[0, side],
            }
        seconds = segment.seconds
        frames = None if seconds is None else max(2, round(seconds * fps) + 1)
        joints = perform_steps(stage, program.steps, frames, fps)
        drawn = Pose.fitted(joints, context.shapes)
        # It begins at rest in the pose that the hands have: twice its first frame.
        still = drawn.at(np.zeros(1, int))
        return carried_on(context, Pose.chained([still, drawn]), 2, fps, FADE)

    return piece


def readable(segment: Segment) -> "Program":
    """A segment as the rules read it.

    Raises:
        InputError: They can read nothing; the message gives the nearest request.
    """
    from handx_gen.procedural.performance import known
    from handx_gen.procedural.reader import read_plan

    return known(read_plan(Plan((segment,))))


def _restraint(
    norm: WristRelative, given: Given, fps: float, centre: np.ndarray, device: str
) -> "Restraint":
    """What is given as the network sees it."""
    frames = np.arange(len(given.joints))
    values = Values("context", frames, given.joints, given.mask)
    window = Window(0, len(frames), len(frames))
    wanted = Constraints(len(frames), (values,), fps=fps)
    return restrain(norm, wanted, [window], centre, device)


def _given(pose: Pose, frames: int) -> Given:
    """A pose as what is given of the first of so many frames."""
    joints = np.zeros((frames, 2, 21, 3), np.float32)
    mask = np.zeros((frames, 2, 21), bool)
    joints[: len(pose)], mask[: len(pose)] = pose.joints(), True
    rotation = np.broadcast_to(np.eye(3), (frames, 2, 3, 3))
    return Given(joints, mask, rotation, np.zeros((frames, 2), bool))
