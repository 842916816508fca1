"""`MotionStream`: frames of two hands, one after another, while the plan may change.

    stream = MotionStream(seed=3)
    stream.say("clap twice")
    for frame in stream:              # never ends; paced by whoever reads
        send(frame.joints)            # (2, 21, 3) [m]

What was said reaches the motion `lead` frames later, at a frame that depends on nothing
but the frame that was read last: the same words at the same frames give the same bytes,
however fast or loaded the machine is. In the meantime a worker draws. A reader who
comes for a frame that is not drawn yet waits for it (`waited` adds it up); to be in time
the worker has `lead / fps` seconds for new words and a whole piece for what was planned.

Nothing can grow without bound: one piece is drawn ahead at a time, at most
`MAX_PENDING` segments wait, and of the past only what a network is shown is kept. When
nothing is left to do the hands come to rest and stay.
"""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from handx_gen.control.pose import Pose
from handx_gen.errors import HandxError, InputError
from handx_gen.hand_model import DEFAULT_SHAPE
from handx_gen.live.junction import held, settled
from handx_gen.live.pieces import (
    CONTEXT,
    Source,
    at_rest,
    network_source,
    program_source,
    readable,
)
from handx_gen.motion import BimanualMotion
from handx_gen.prompt import Plan, Prompt, Segment
from handx_gen.skeleton import SIDES

if TYPE_CHECKING:
    from handx_gen.generator import Generator

LEAD = 8
"""Frames from hearing new words to the first frame that follows them."""

MAX_PENDING = 64
"""Segments that may wait to be drawn."""

FPS = 30.0
FPS_TOLERANCE = 1e-3

STILL = 1e-5
"""A change per frame that is none [m, rad]."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of the motion.

    Attributes:
        index: From 0, one more every frame.
        joints: (2, 21, 3) float32 [m], as in `BimanualMotion.joints`.
        text: What is being done; "" while the hands rest.
        request: Which call asked for it: 1 for the first, 0 while nothing was.
    """

    index: int
    joints: np.ndarray
    text: str = ""
    request: int = 0


@dataclass(frozen=True)
class _Asked:
    """A segment that waits, and the call that it came with."""

    segment: Segment
    request: int


@dataclass(frozen=True)
class _Drawing:
    """A piece that a worker makes, and the frame that it begins at."""

    asked: _Asked
    junction: int
    pose: "Future[Pose]"


@dataclass(frozen=True)
class _Span:
    """What is done in frames start ≤ f < stop."""

    start: int
    stop: int
    asked: _Asked


class MotionStream(Iterator[Frame]):
    """Frames without end.

    Args:
        model: As `generate` takes it; the paper's network cannot be streamed.
        seed: Same seed, same words at the same frames: same bytes.
        start: The motion whose end is carried on, hands and all; None for two average
            hands at rest.
        lead: Frames from new words to the first frame that follows them.
        device: Where a network runs.

    Every method may be called from any thread.

    Raises:
        InputError: Unknown model, a start with one hand or of another rate.
        MissingEncoder, MissingExtra: As `generate`.
    """

    def __init__(
        self,
        model: str = "auto",
        seed: int = 0,
        start: BimanualMotion | None = None,
        lead: int = LEAD,
        device: str = "cpu",
    ) -> None:
        if not 1 <= lead <= 30:
            raise InputError("stream", "lead", f"{lead} frames", "give 1 to 30")
        network = _network(model, device)
        self.model = network.config.name if network else "program"
        self.fps = network.config.fps if network else FPS
        self.lead, self.seed = lead, seed
        self.waited = 0.0
        """Time that readers spent waiting for the worker [s]."""
        self._track = _beginning(start, self.fps)
        self._first = -len(self._track)  # frame number of the track's first frame
        self._source: Source = (
            network_source(network, self._track)
            if network
            else program_source(self.fps)
        )
        self._spans: deque[_Span] = deque()
        self._next = 0
        self._requests = 0
        self._pending: deque[_Asked] = deque()
        self._drawing: _Drawing | None = None
        self._lock = threading.RLock()
        # Two: new words need not wait for a piece that they made useless.
        self._workers = ThreadPoolExecutor(2, "handx-stream")

    def say(self, text: str, seconds: float | None = None) -> int:
        """Do this now, in place of all that was asked before.

        Args:
            text: What the hands should do.
            seconds: For how long; None for as long as it needs.

        Returns:
            The call's number, which its frames carry as `request`.

        Raises:
            InputError: The text is empty or too long, or, for the procedural mode,
                nothing of it is known. The stream goes on as if nothing was said.
        """
        return self.set_plan(Plan.from_text(text, seconds))

    def set_plan(self, plan: Plan | Prompt) -> int:
        """Do this plan now, in place of all that was asked before; as `say`."""
        segments = self._checked(plan)
        with self._lock:
            self._pending.clear()
            self._cut(self._next + self.lead)
            return self._ask(segments)

    def then(self, plan: Plan | Prompt | str) -> int:
        """Do this after all that was asked before; as `say`.

        Raises:
            InputError: More than `MAX_PENDING` segments would wait.
        """
        segments = self._checked(
            Plan.from_text(plan) if isinstance(plan, str) else plan
        )
        with self._lock:
            return self._ask(segments)

    def stop(self) -> None:
        """Forget the plan and come to rest, beginning with the next frame."""
        with self._lock:
            self._pending.clear()
            self._cut(self._next)
            self._append(settled(self._track))

    @property
    def resting(self) -> bool:
        """Whether nothing is asked, being drawn, or still moving."""
        with self._lock:
            busy = self._pending or self._drawing or self._end > self._next
            return not (busy or self._moving)

    def __next__(self) -> Frame:
        """The next frame; waits for the worker if it must.

        Raises:
            InputError: The network gave no motion. The hands come to rest; the stream can
                be read on.
        """
        while True:
            with self._lock:
                drawing = self._drawing
                if drawing is None or self._next < drawing.junction:
                    return self._emitted()
                if drawing.pose.done():
                    self._splice(drawing)
                    continue
            before = perf_counter()
            wait([drawing.pose])
            self.waited += perf_counter() - before

    def take(self, frames: int) -> BimanualMotion:
        """The next frames as a motion."""
        joints = np.stack([next(self).joints for _ in range(frames)])
        about = {"model": self.model, "seed": self.seed, "source": "stream"}
        return BimanualMotion(joints, self.fps, provenance=about)

    def close(self) -> None:
        """Let the worker go; nothing can be asked any more."""
        self._workers.shutdown(cancel_futures=True)

    def __enter__(self) -> "MotionStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(self, plan: Plan | Prompt) -> list[Segment]:
        segments = [Segment(plan)] if isinstance(plan, Prompt) else [*plan.segments]
        if len(segments) > MAX_PENDING:
            raise InputError(
                "stream", "plan", f"{len(segments)} segments, at most {MAX_PENDING}",
                "ask for the later ones when the first are done",
            )  # fmt: skip
        if self.model == "program":
            for segment in segments:
                readable(segment)
        return segments

    @property
    def _end(self) -> int:
        """The frame behind the track's last one."""
        return self._first + len(self._track)

    def _ask(self, segments: list[Segment]) -> int:
        if len(self._pending) + len(segments) > MAX_PENDING:
            raise InputError(
                "stream", "plan", f"{len(self._pending)} segments wait, at most "
                f"{MAX_PENDING}", "ask again when some are done",
            )  # fmt: skip
        self._requests += 1
        self._pending += [_Asked(segment, self._requests) for segment in segments]
        self._draw_ahead()
        return self._requests

    def _cut(self, frame: int) -> None:
        """What was to come from `frame` on is forgotten; the track reaches up to it."""
        if self._drawing is not None:
            self._drawing.pose.cancel()
            self._drawing = None
        while self._spans and self._spans[-1].stop > frame:
            span = self._spans.pop()
            if span.start < frame:
                self._spans.append(replace(span, stop=frame))
        if self._end < frame:
            if self._moving:
                self._append(settled(self._track))
            self._append(held(self._track, max(0, frame - self._end)))
        self._track = self._track.at(np.arange(frame - self._first))

    @property
    def _moving(self) -> bool:
        ends = self._track.at(np.arange(len(self._track) - 2, len(self._track)))
        step = ends.at(np.array([1])).minus(ends.at(np.array([0])))
        return bool(np.abs(step).max() > STILL)

    def _append(self, pose: Pose) -> None:
        if len(pose):
            self._track = Pose.chained([self._track, pose])

    def _draw_ahead(self) -> None:
        """Set the worker on what waits, if it has nothing to do."""
        if self._drawing is not None or not self._pending:
            return
        self._cut(max(self._end, self._next + self.lead))  # there must be time to draw
        asked, junction = self._pending.popleft(), self._end
        context = self._track.at(
            np.arange(len(self._track) - CONTEXT, len(self._track))
        )
        seed = int(np.random.SeedSequence([self.seed, junction]).generate_state(1)[0])
        work = partial(self._source, asked.segment, context, seed % 2**31)
        self._drawing = _Drawing(asked, junction, self._workers.submit(work))

    def _splice(self, drawing: _Drawing) -> None:
        """Put a finished piece at the track's end and go on with what waits."""
        self._drawing = None
        if (error := drawing.pose.exception()) is not None:
            self._pending.clear()
            self._append(settled(self._track))
            raise error
        self._append(drawing.pose.result())
        self._spans.append(_Span(drawing.junction, self._end, drawing.asked))
        self._draw_ahead()

    def _emitted(self) -> Frame:
        if self._next >= self._end:
            rest = settled(self._track) if self._moving else held(self._track, 1)
            self._append(rest)
        frame = self._next
        joints = self._track.at(np.array([frame - self._first])).joints()[0]
        while self._spans and self._spans[0].stop <= frame:
            self._spans.popleft()
        doing = self._spans and self._spans[0].start <= frame
        asked = self._spans[0].asked if doing else None
        self._next += 1
        spare = self._next - self._first - 2 * CONTEXT
        if spare > 60:
            self._track = self._track.at(np.arange(spare, len(self._track)))
            self._first += spare
        shown = joints.astype(np.float32)
        shown.flags.writeable = False
        if asked is None:
            return Frame(frame, shown)
        return Frame(frame, shown, asked.segment.prompt.text, asked.request)


def _beginning(start: BimanualMotion | None, fps: float) -> Pose:
    """The frames before the first one, `CONTEXT` of them."""
    if start is None:
        return held(at_rest((DEFAULT_SHAPE, DEFAULT_SHAPE), np.zeros(3)), CONTEXT)
    if not start.present.all():
        side = SIDES[int(start.present.argmin())]
        raise InputError("start", "present", f"no {side} hand", "give both hands")
    if abs(start.fps - fps) > FPS_TOLERANCE:
        raise InputError(
            "start", "fps", f"{start.fps:g} Hz, the stream has {fps:g} Hz",
            f"resample it to {fps:g} Hz",
        )  # fmt: skip
    end = Pose.fitted(start.joints[-CONTEXT:].astype(float))
    return Pose.chained([held(end.at(np.array([0])), CONTEXT - len(end)), end])


def _network(model: str, device: str) -> "Generator | None":
    """The network of that name; for "auto" none where it cannot be had."""
    from handx_gen.generator import DEFAULT_NETWORK, load_generator

    if model == "program":
        return None
    try:
        return load_generator(DEFAULT_NETWORK if model == "auto" else model, device)
    except HandxError:
        if model == "auto":
            return None
        raise
