"""A text and constraints → motions, by any model.

A network draws with the constraints before its eyes (`control.sampling`); several
segments are drawn at once, in windows that overlap and agree there in every step. Any
other model draws freely. In both cases the result is brought to real hands and bent to
hold the constraints (`control.solve`).
"""

from typing import TYPE_CHECKING

import numpy as np

from handx_gen.control.body import PALM
from handx_gen.control.constraints import Constraints, Given
from handx_gen.control.pose import MIRROR, mirrored, own_palm
from handx_gen.control.solve import bend, pull_of
from handx_gen.control.timing import Window, windows, within
from handx_gen.errors import InputError
from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints
from handx_gen.motion import BimanualMotion
from handx_gen.prompt import Plan
from handx_gen.representation import WristRelative

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from handx_gen.control.sampling import Aim, Restraint
    from handx_gen.generator import Generator


def draw(
    generator: "Generator",
    plan: Plan,
    constraints: Constraints,
    seeds: list[int],
    paper: bool = False,
) -> list[BimanualMotion]:
    """Motions of a network that hold the constraints, one per seed.

    Args:
        generator: The network.
        plan: What is asked in words.
        constraints: What must hold, and how long the motion is.
        seeds: Same seed, same motion.
        paper: The paper's soft blending instead, which holds nothing exactly.

    Raises:
        InputError: The constraints cannot hold together, or were made for another rate.
    """
    config = generator.config
    if abs(config.fps - constraints.fps) > 1e-3:
        raise InputError(
            "constraints", "fps", f"{constraints.fps:g} Hz, {config.name} draws "
            f"{config.fps:g} Hz", f"resample to {config.fps:g} Hz",
        )  # fmt: skip
    parts = windows(plan, constraints, config.denoiser["frames"])
    about = {
        "text": plan.text, "model": config.name, "steps": config.steps,
        "source": "network trained on synthetic motion",
        "control": "the paper's blending" if paper else "exact",
    }  # fmt: skip
    motions = []
    for seed in seeds:
        joints = _drawn(generator, plan, constraints, parts, seed, paper)
        if not paper:
            joints = held(joints, constraints, parts)
        about = {**about, "seed": seed, "segments": spans(plan, parts, constraints)}
        motions.append(BimanualMotion(joints, constraints.fps, provenance=about))
    return motions


def spans(plan: Plan, parts: list[Window], constraints: Constraints) -> list[dict]:
    """Which frames each segment of a plan has, for `provenance`: start ≤ f < stop."""
    edges = [0, *((a.stop + b.start) // 2 for a, b in zip(parts, parts[1:]))]
    edges.append(constraints.frames)
    return [
        {"text": segment.prompt.text, "start": start, "stop": stop}
        for segment, start, stop in zip(
            plan.segments, edges[:-1], edges[1:], strict=True
        )
    ]


def held(
    joints: np.ndarray, constraints: Constraints, parts: list[Window]
) -> np.ndarray:
    """A drawn motion with its constraints put in, (T, 2, 21, 3) float32.

    Outside the windows everything is given: there is nothing to bend.
    """
    start, stop = parts[0].start, parts[-1].stop
    result = constraints.given.joints.copy()
    inner = bend(joints[start:stop], within(constraints, start, stop))
    result[start:stop] = inner
    return result


def performed(
    motion: BimanualMotion, plan: Plan, constraints: Constraints
) -> BimanualMotion:
    """A motion that knew of no constraints, made to hold them.

    It is played in the time there is, moved as a whole to where the wrists shall be, and
    bent.
    """
    parts = windows(plan, constraints, len(motion))
    start, stop = parts[0].start, parts[-1].stop
    whole = Window(start, stop, len(motion))
    clip = np.einsum("tn,nsjc->tsjc", whole.to_motion(), motion.joints.astype(float))
    joints = np.zeros((constraints.frames, 2, 21, 3))
    joints[start:stop] = clip
    given = constraints.given.span(start, stop)
    wrist = given.mask[:, :, 0]
    if wrist.any():
        joints[start:stop] += (given.joints[:, :, 0] - clip[:, :, 0])[wrist].mean(0)
    joints = held(joints, constraints, parts)
    provenance = {**motion.provenance, "control": "exact"}
    return BimanualMotion(joints, constraints.fps, provenance=provenance)


def _drawn(
    generator: "Generator",
    plan: Plan,
    constraints: Constraints,
    parts: list[Window],
    seed: int,
    paper: bool,
) -> np.ndarray:
    """What the network makes of it, brought to real hands, (T, 2, 21, 3)."""
    from handx_gen.control.sampling import sample
    from handx_gen.diffusion.finish import finish
    from handx_gen.diffusion.sampler import draw_noise
    from handx_gen.generator import SEGMENT_SEED

    config = generator.config
    text, null = generator.read([segment.prompt for segment in plan.segments])
    seeds = [seed + SEGMENT_SEED * i for i in range(len(parts))]
    noise = draw_noise(seeds, config.denoiser["frames"], generator.device)
    centre = origin(constraints.given, config.norm, np.asarray(config.centre))
    restraint = restrain(config.norm, constraints, parts, centre, generator.device)
    x_0, contact = (
        value.cpu().numpy()
        for value in sample(
            generator.denoiser, text, noise, restraint, config.steps, config.shift,
            null, config.guidance, paper,
        )
    )  # fmt: skip
    if not np.isfinite(x_0).all():
        raise InputError(
            config.name, "weights", "they give NaN", "fetch the checkpoint again"
        )
    clips = config.norm.unpack(x_0, np.tile(centre, (len(x_0), 1))).astype(float)
    joints = overlaid(clips, parts, constraints.frames)
    touching = np.clip(overlaid(contact, parts, constraints.frames), 0, 1)
    start, stop = parts[0].start, parts[-1].stop
    joints[start:stop] = finish(joints[start:stop], touching[start:stop])
    return joints


def origin(given: Given, norm: WristRelative, usual: np.ndarray) -> np.ndarray:
    """Where the network's origin, the mean of both wrists, most likely is, (3,) [m].

    From every given wrist, or else joint, as far from the origin as that hand's mean.
    """
    still = norm.unpack(np.zeros((2, 1, 63), np.float32))[0].astype(float)  # (2, 21, 3)
    guesses = []
    for side in (0, 1):
        mask = given.mask[:, side]
        mask = mask[:, :1] if mask[:, 0].any() else mask
        off = given.joints[:, side, : mask.shape[1]] - still[side, : mask.shape[1]]
        if mask.any():
            guesses.append(off[mask].astype(float).mean(0))
    return np.mean(guesses, 0) if guesses else usual


def restrain(
    norm: WristRelative,
    constraints: Constraints,
    parts: list[Window],
    centre: np.ndarray,
    device: str,
) -> "Restraint":
    """The constraints as the network sees them, one clip per window."""
    import torch

    from handx_gen.control.sampling import Restraint

    given = _with_palms(constraints.given)
    joints, mask = zip(*(_shown(given, part) for part in parts))
    joints, mask = np.stack(joints), np.stack(mask)  # (B, N, 2, 21, ·)
    # A joint without its wrist is no value of the network's: it is aimed at.
    related = mask & mask[..., :1]
    x, own = norm.pack(joints - centre)
    shift = own[:, None, None] * np.stack([MIRROR, np.ones(3)])[:, None]
    x[..., :3] += shift / norm.wrist_std
    known = np.repeat(related.swapaxes(1, 2), 3, -1)  # (B, 2, N, 63)

    def tensor(array: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, dtype)

    return Restraint(
        tensor(x, torch.float32), tensor(known, torch.bool),
        tuple(_aims(constraints, parts, joints, mask & ~related, device)), norm,
        tensor(centre, torch.float32),
        _join(parts, constraints.frames) if len(parts) > 1 else None,
    )  # fmt: skip


def _with_palms(given: Given) -> Given:
    """Palms whose wrist and orientation are given, shown with an average hand's bones."""
    joints, mask = given.joints.copy(), given.mask.copy()
    flat, _ = finger_points(DEFAULT_SHAPE, np.zeros((5, 5)))
    bases = PALM[1:]
    for side in (0, 1):
        rotation = given.rotation[:, side]
        rotation = mirrored(rotation) if side == 0 else rotation
        rotation = rotation @ own_palm(DEFAULT_SHAPE).T
        wrist = joints[:, side, 0] * (MIRROR if side == 0 else 1)
        whole = to_joints(
            np.broadcast_to(flat, (len(joints), *flat.shape)), rotation, wrist, side
        )
        on = given.turned[:, side] & mask[:, side, 0]
        fresh = on[:, None] & ~mask[:, side][:, bases]
        joints[:, side, bases] = np.where(
            fresh[..., None], whole[:, bases], joints[:, side, bases]
        )
        mask[:, side, bases] |= fresh
    return Given(joints, mask, given.rotation, given.turned)


def _shown(given: Given, part: Window) -> tuple[np.ndarray, np.ndarray]:
    """Values at the clip's frames, (N, 2, 21, 3) and (N, 2, 21) bool."""
    low = np.clip(np.floor(part.times + 1e-9).astype(int), part.start, part.stop - 1)
    high = np.minimum(low + 1, part.stop - 1)
    s = np.clip(part.times - low, 0, 1)[:, None, None]
    exact = s < 1e-6
    mask = given.mask[low] & (given.mask[high] | exact)
    s = np.where(exact, 0, s)[..., None]
    joints = (1 - s) * given.joints[low] + s * given.joints[high]
    # A lone keyframe falls between two of the clip's frames: the nearer one shows it.
    frames = np.arange(part.start, part.stop)
    for frame, index in zip(frames, part.nearest(frames)):
        lone = given.mask[frame] & ~mask[index]
        joints[index][lone], mask[index] = given.joints[frame][lone], mask[index] | lone
    return np.where(mask[..., None], joints, 0), mask


def _aims(
    constraints: Constraints,
    parts: list[Window],
    joints: np.ndarray,
    loose: np.ndarray,
    device: str,
) -> "list[Aim]":
    """Relations, and joints given without their wrist, as distances to pull at."""
    import torch

    from handx_gen.control.points import Point
    from handx_gen.control.sampling import Aim
    from handx_gen.skeleton import JOINTS

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(device, torch.float32)

    aims = []
    shape = joints.shape[:2]
    for relation in constraints.relations:
        pull = pull_of(relation, constraints.frames)
        low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
        for k, part in enumerate(parts):
            frames = np.flatnonzero(pull.active)
            index = part.nearest(frames)
            inside = index >= 0
            low[k, index[inside]] = pull.low[frames[inside]]
            high[k, index[inside]] = pull.high[frames[inside]]
        aims.append(Aim(pull.first, pull.second, tensor(low), tensor(high)))
    for side, joint in np.argwhere(loose.any((0, 1))):
        on = loose[:, :, side, joint]
        low, high = np.where(on, 0, -np.inf), np.where(on, 0, np.inf)
        place = tensor(joints[:, :, side, joint])
        point = Point(int(side), JOINTS[joint])
        aims.append(Aim(point, None, tensor(low), tensor(high), place))
    return aims


def overlaid(clips: np.ndarray, parts: list[Window], frames: int) -> np.ndarray:
    """Clips (B, N, ...) laid over one another, (frames, ...); zero where there is none."""
    total = np.zeros((frames, *clips.shape[2:]))
    weight = np.zeros(frames)
    for clip, part, ramp in zip(clips, parts, _ramps(parts)):
        at = slice(part.start, part.stop)
        read = np.tensordot(part.to_motion(), clip, 1)
        total[at] += read * ramp.reshape(-1, *[1] * (read.ndim - 1))
        weight[at] += ramp
    return total / np.maximum(weight, 1e-9).reshape(-1, *[1] * (total.ndim - 1))


def _ramps(parts: list[Window]) -> list[np.ndarray]:
    """Each window's weight in its frames: full inside, straight ramps in the overlaps."""
    ramps = []
    for k, part in enumerate(parts):
        ramp = np.ones(part.stop - part.start)
        if k:
            shared = parts[k - 1].stop - part.start
            ramp[:shared] = (np.arange(shared) + 1) / (shared + 1)
        if k + 1 < len(parts):
            shared = part.stop - parts[k + 1].start
            ramp[-shared:] = np.minimum(
                ramp[-shared:], (np.arange(shared)[::-1] + 1) / (shared + 1)
            )
        ramps.append(ramp)
    return ramps


def _join(parts: list[Window], frames: int) -> "Callable[[Tensor], Tensor]":
    """Overlapping clips are brought to their weighted mean, as linear maps over time."""
    reads, backs = [], []
    weight = np.zeros(frames)
    for part, ramp in zip(parts, _ramps(parts)):
        weight[part.start : part.stop] += ramp
    for part, ramp in zip(parts, _ramps(parts)):
        at = slice(part.start, part.stop)
        reads.append(part.to_motion() * (ramp / weight[at])[:, None])
        backs.append(part.from_motion())

    def join(x: "Tensor") -> "Tensor":
        canvas = x.new_zeros(frames, 2, x.shape[-1])
        for clip, part, read in zip(x, parts, reads):
            at = slice(part.start, part.stop)
            canvas[at] += (x.new_tensor(read) @ clip).swapaxes(0, 1)
        result = x.clone()
        for k, (part, back) in enumerate(zip(parts, backs)):
            inside = canvas[part.start : part.stop]
            result[k] = x.new_tensor(back) @ inside.swapaxes(0, 1)
        return result

    return join
