"""The stream of frames: in time, smooth, the same every time, and never without an answer."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handx_gen import generator as generators
from handx_gen.control.pose import Pose
from handx_gen.errors import InputError
from handx_gen.generator import Generator
from handx_gen.live import MotionStream
from handx_gen.live.junction import SETTLE, fading, played_at, read_at
from handx_gen.live.pieces import CONTEXT
from handx_gen.live.stream import LEAD, MAX_PENDING
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform
from handx_gen.prompt import Plan, Prompt, Segment
from handx_gen.skeleton import bone_lengths
from tests.gen.small_network import small_network

CLAP = perform("clap twice", seed=1, seconds=2)


@pytest.fixture(scope="module")
def network() -> Generator:
    return small_network(CLAP.joints)


@pytest.fixture
def streamed(network, monkeypatch) -> Callable[..., MotionStream]:
    """Streams of the small network, whose weights are random."""
    monkeypatch.setattr(generators, "load_generator", lambda *_: network)
    return lambda **options: MotionStream("small", **options)


def joints_of(stream: MotionStream, frames: int) -> np.ndarray:
    return np.stack([next(stream).joints for _ in range(frames)]).astype(float)


def test_before_anything_is_said_the_hands_rest():
    with MotionStream("program") as stream:
        joints = joints_of(stream, 40)
        assert np.ptp(joints, axis=0).max() == 0
        assert stream.resting
        assert next(stream).text == ""


def test_a_streamed_sentence_is_the_performed_one():
    with MotionStream("program") as stream:
        stream.say("pinch the right index finger twice")
        offline = perform("pinch the right index finger twice")
        joints = joints_of(stream, LEAD + len(offline) - 1)
        assert np.allclose(joints[LEAD:], offline.joints[1:], atol=2e-5)


def test_a_plan_up_front_is_read_alike_in_one_go_and_frame_by_frame(streamed):
    plan = Plan(tuple(Segment(Prompt(sentence=s), 0.6) for s in ("clap", "wave", "x")))
    with streamed(seed=4) as stream:
        stream.set_plan(plan)
        whole = stream.take(100)
        assert isinstance(whole, BimanualMotion)
    with streamed(seed=4) as stream:
        stream.set_plan(plan)
        for n, wanted in enumerate(whole.joints):
            if n % 7 == 0:
                time.sleep(0.004)
            assert np.array_equal(next(stream).joints, wanted)
    with streamed(seed=5) as stream:
        stream.set_plan(plan)
        assert not np.array_equal(stream.take(100).joints, whole.joints)


@pytest.mark.parametrize("at", [12, 30, 64])
def test_new_words_change_nothing_before_the_lead_and_something_right_after(
    streamed, at
):
    def read(new: bool) -> np.ndarray:
        with streamed(seed=2) as stream:
            stream.say("clap twice", seconds=3)
            first = joints_of(stream, at)
            if new:
                assert stream.say("wave") == 2
            return np.concatenate([first, joints_of(stream, 40)])

    same, other = read(False), read(True)
    off = np.abs(same - other).max((1, 2, 3))
    assert off[: at + LEAD].max() == 0
    assert off[at + LEAD] > 0
    assert off[at : at + 9].max() > 1e-6  # within 0.3 s
    assert LEAD / 30 < 0.3


def test_frames_say_what_is_done(streamed):
    with streamed() as stream:
        stream.set_plan(Plan((Segment(Prompt(sentence="one"), 0.5),)))
        stream.then("two")
        told = [(f.text, f.request) for f in (next(stream) for _ in range(LEAD + 16))]
    assert told[:LEAD] == [("", 0)] * LEAD
    assert told[LEAD:-1] == [("one", 1)] * 15
    assert told[-1] == ("two", 2)


COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(["say", "then", "stop", "read"]),
        st.sampled_from(
            ["clap twice", "make a fist with both hands", "wave with the right hand",
             "spread the fingers of the left hand", "move both hands up"]
        ),
        st.integers(1, 50),
    ),
    min_size=2,
    max_size=7,
)  # fmt: skip


@settings(max_examples=12)
@given(COMMANDS)
def test_whatever_is_said_whenever_the_motion_goes_on_smoothly(commands):
    """Velocity is continuous: it changes by no more than forceful hands change it."""
    with MotionStream("program") as stream:
        frames = [next(stream)]
        for command, text, count in commands:
            if command == "stop":
                stream.stop()
            elif command != "read":
                getattr(stream, command)(text)
            frames += [next(stream) for _ in range(count)]
    joints = np.stack([f.joints for f in frames]).astype(float)
    assert [f.index for f in frames] == list(range(len(frames)))
    assert np.isfinite(joints).all()
    lengths = bone_lengths(joints)
    assert (np.ptp(lengths, axis=0) / lengths.mean(0)).max() < 1e-5
    steps = np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1)
    assert steps.max(initial=0) * 900 < 120  # [m/s²]; a missed junction makes thousands


def test_stop_comes_to_rest_at_once_and_forgets_the_rest():
    with MotionStream("program") as stream:
        stream.say("wave with the right hand")
        stream.then("clap twice")
        before = joints_of(stream, 40)
        stream.stop()
        after = joints_of(stream, SETTLE + 30)
        assert np.ptp(after[SETTLE + 15 :], axis=0).max() == 0
        assert stream.resting
    steps = np.linalg.norm(np.diff(np.concatenate([before, after]), axis=0), axis=-1)
    assert steps[40:].max() <= steps[38].max() * 1.1


def test_a_sentence_in_the_middle_of_another_starts_from_where_the_hands_are():
    with MotionStream("program") as stream:
        stream.say("make a fist with the left hand")
        joints_of(stream, 60)
        stream.say("wave with the right hand")
        joints = joints_of(stream, 70)
        assert np.abs(joints[:, 0] - joints[0, 0]).max() < 1e-3  # the fist stays a fist


def test_a_motion_is_carried_on_with_its_own_hands():
    with MotionStream("program", start=CLAP) as stream:
        first = joints_of(stream, 1)[0]
        assert np.linalg.norm(first - CLAP.joints[-1], axis=-1).max() < 2e-3
        stream.say("clap twice")
        joints = joints_of(stream, 90)
        assert np.allclose(
            bone_lengths(joints),
            bone_lengths(CLAP.joints[-1:].astype(float)),
            atol=1e-5,
        )


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda s: s.say(""), "empty"),
        (lambda s: s.say("frobnicate the quux"), "nearest known|vocabulary"),
        (lambda s: s.then(Plan((Segment(Prompt(sentence="clap")),) * 65)), "at most 64"),
        (lambda s: MotionStream("program", lead=0), "lead"),
        (lambda s: MotionStream("no-such-model"), "no-such-model"),
        (lambda s: MotionStream("program", start=BimanualMotion(CLAP.joints, 60)), "60 Hz"),
        (
            lambda s: MotionStream(
                "program", start=BimanualMotion(CLAP.joints, present=[True, False])
            ),
            "no right hand",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_the_stream_goes_on(act, said):
    with MotionStream("program") as stream:
        stream.say("clap twice")
        joints_of(stream, 20)
        with pytest.raises(InputError, match=said):
            act(stream)
        assert next(stream).text == "clap twice"


def test_a_network_that_gives_nan_stops_the_hands_not_the_stream(network, streamed):
    weight = network.denoiser.out.bias
    with streamed() as stream:
        with torch.no_grad():
            weight += torch.nan
        try:
            stream.say("clap")
            frames = [next(stream) for _ in range(LEAD)]
            with pytest.raises(InputError, match="NaN"):
                next(stream)
        finally:
            torch.nn.init.zeros_(weight)
        frames += [next(stream) for _ in range(20)]
        assert np.isfinite([f.joints for f in frames]).all()
        stream.say("wave")
        assert [next(stream).text for _ in range(LEAD + 1)][-1] == "wave"


def test_queues_are_bounded_however_much_is_said(streamed):
    with streamed() as stream:
        for _ in range(MAX_PENDING):
            stream.then("clap")
        stream.then("clap")  # the first one is being drawn already
        with pytest.raises(InputError, match="64 segments wait"):
            stream.then("clap")
        for _ in range(200):
            stream.say("wave")
        joints_of(stream, 300)
        assert stream._workers._work_queue.qsize() == 0
        assert len(stream._track) < 300
        assert len(stream._spans) < 10


def test_it_may_be_asked_from_other_threads(streamed):
    with streamed() as stream:

        def ask() -> None:
            for _ in range(10):
                stream.say("wave")
                time.sleep(0.002)

        asking = threading.Thread(target=ask)
        asking.start()
        joints = joints_of(stream, 200)
        asking.join()
    assert np.isfinite(joints).all()


@given(st.floats(-1, 1), st.floats(-0.2, 0.2), st.integers(4, 40))
def test_a_fading_difference_begins_as_it_was_and_ends_in_nothing(value, slope, frames):
    off = fading(np.array([value]), np.array([slope]), frames)[:, 0]
    assert off[-1] == pytest.approx(0, abs=1e-9)
    line = [value - slope, value, *off]
    bends = np.abs(np.diff(line, 2))
    bound = 12 * (abs(value) / frames**2 + abs(slope) / frames)
    assert bends.max() <= bound


def test_a_pose_read_between_frames_is_a_pose():
    pose = Pose.fitted(CLAP.joints[:20].astype(float))
    again = read_at(pose, np.arange(20.0))
    assert np.allclose(again.joints(), pose.joints(), atol=1e-9)
    between = read_at(pose, np.arange(0.5, 19))
    determinant = np.linalg.det(between.rotation)
    assert np.allclose(determinant, 1)
    middle = 0.5 * (pose.joints()[1:] + pose.joints()[:-1])
    assert np.abs(between.joints() - middle).max() < 2e-3


@pytest.mark.parametrize("rate", [0.5, 1.0, 1.4])
def test_a_change_of_pace_is_smooth(rate):
    pose = Pose.fitted(CLAP.joints[:50].astype(float))
    played = played_at(pose, rate, 8).joints()
    whole = np.concatenate([pose.joints()[:1], played])
    assert np.allclose(played_at(pose, 1.0, 8).joints(), pose.joints()[1:], atol=1e-9)
    bends = np.linalg.norm(np.diff(whole, 2, axis=0), axis=-1).max()
    own = np.linalg.norm(np.diff(pose.joints(), 2, axis=0), axis=-1).max()
    assert bends < 2 * own
    assert len(played) == pytest.approx(49 / rate, abs=8)
    assert CONTEXT < 24
