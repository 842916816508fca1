"""The procedural mode: every primitive does what it says, exactly, on every body."""

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.hand_model import LOWER, UPPER, finger_points, fit
from handx_gen.kinematics.contacts import PAD_RADIUS, contact_track
from handx_gen.kinematics.requests import match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import PRIMITIVES, Program, Step, perform, read, synthesize
from handx_gen.procedural.performance import (
    perform_program,
    sampled_stage,
    standard_stage,
)
from handx_gen.procedural.sample import (
    MAX_OVERLAP,
    SPLITS,
    overlap,
    sample_program,
    split_of,
)
from handx_gen.procedural.templates_one_hand import HELD_OUT, TRAIN
from handx_gen.procedural.timeline import rotation_exp, rotation_log
from handx_gen.procedural.wording import TEMPLATES, say
from handx_gen.skeleton import FINGERS, bone_lengths, mirror

EXAMPLES = [(p.name, text) for p in PRIMITIVES.values() for text in p.examples]
SEEDS = range(24)
RESERVED = ("heldout_combination", "heldout_sequence")


def test_the_vocabulary_has_at_least_twenty_primitives():
    assert len(PRIMITIVES) >= 20


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_every_example_is_read_performed_and_found(name, text):
    program = read(text)
    assert [step.primitive for step in program.steps] == [name]
    assert program.requested.understood
    result = match(perform(text), program.requested)
    assert result.answer == "yes", result.reasons


@pytest.mark.parametrize("seed", range(6))
def test_pinches_are_closed_on_every_body(seed):
    stage = sampled_stage(np.random.default_rng(seed))
    for body in stage.bodies:
        for k, finger in enumerate(FINGERS[1:], start=1):
            points, _ = finger_points(body.shape, body.pinches[finger])
            distance = np.linalg.norm(points[0, 3] - points[k, 3])
            assert abs(distance - 2 * PAD_RADIUS) < 1e-3


CONTACTS = [
    (Step("pinch", "both", FINGERS[1:]), "left.thumb_tip|left.{f}_tip", FINGERS[1:]),
    (
        Step("touch", "both", ("index",), "pinky"),
        "left.index_tip|right.pinky_tip",
        ("",),
    ),
    (
        Step("touch", "both", ("thumb",), "thumb"),
        "left.thumb_tip|right.thumb_tip",
        ("",),
    ),
    (Step("clap", "both", count=2), "left.palm|right.palm", ("",)),
    (Step("poke", "left", ("ring",)), "left.ring_tip|right.palm", ("",)),
    (Step("steeple", "both"), "left.{f}_tip|right.{f}_tip", FINGERS),
]


@pytest.mark.parametrize(("step", "pattern", "fingers"), CONTACTS)
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_contacts_are_exact_to_a_millimetre(step, pattern, fingers, seed):
    stage = (
        standard_stage() if seed is None else sampled_stage(np.random.default_rng(seed))
    )
    motion = perform_program(Program((step,)), stage=stage)
    track = contact_track(motion.joints)
    for finger in fingers:
        column = track.pairs.index(pattern.format(f=finger))
        assert abs(track.gap[:, column].min()) < 1e-3


@pytest.mark.parametrize("split", SPLITS)
def test_synthetic_clips_keep_their_promises(split):
    for seed in range(5):
        clip = synthesize(seed, split)
        assert clip.joints.shape == (60, 2, 21, 3)
        assert np.ptp(bone_lengths(clip.joints.astype(float)), axis=0).max() < 1e-6
        assert overlap(clip.joints, stride=1) < MAX_OVERLAP + 5e-4
        motion = BimanualMotion(clip.joints)
        assert match(motion, clip.requested).answer == "yes"
        for side in (0, 1):
            fitted = fit(clip.joints[:, side].astype(float), side)
            assert (fitted.angles > LOWER - 1e-9).all()
            assert (fitted.angles < UPPER + 1e-9).all()
            error = np.linalg.norm(fitted.joints() - clip.joints[:, side], axis=-1)
            assert np.quantile(error, 0.95) < 5e-3
        assert split_of(clip.program) == (split if split in RESERVED else "")


def test_same_seed_same_clip():
    one, two = synthesize(11), synthesize(11)
    np.testing.assert_array_equal(one.joints, two.joints)
    assert one.sentences == two.sentences


def test_held_out_wording_shares_no_template_with_training():
    for name, templates in TEMPLATES.items():
        assert not set(templates[TRAIN]) & set(templates[HELD_OUT]), name


def test_swapped_hands_and_other_requests_are_found_out():
    left = Program((Step("bend", "left", ("index",)),))
    right = Program((Step("bend", "right", ("index",)),))
    motion = perform_program(left)
    assert match(motion, left.requested).answer == "yes"
    assert match(motion, right.requested).answer == "no"
    swapped = BimanualMotion(mirror(motion.joints))
    assert match(swapped, right.requested).answer == "yes"
    assert match(swapped, left.requested).answer == "no"


def test_order_and_count_matter():
    fist, point = (
        Step("shape", "right", ()),
        Step("shape", "right", ("index",), order=1),
    )
    motion = perform_program(Program((fist, point)))
    reverse = Program(
        (Step("shape", "right", ("index",)), Step("shape", "right", (), order=1))
    )
    assert match(motion, reverse.requested).answer == "no"
    claps = perform_program(Program((Step("clap", "both", count=2),)))
    for count, answer in ((1, "no"), (2, "yes"), (3, "no")):
        wanted = Program((Step("clap", "both", count=count),)).requested
        assert match(claps, wanted).answer == answer


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reader_understands_the_grammar(seed):
    program = sample_program(np.random.default_rng(seed))
    text = say(program, np.random.default_rng(seed + 1000))
    back = read(text)
    assert not back.unread, text

    def key(p):
        return sorted(
            (
                s.primitive,
                s.hand,
                s.fingers,
                s.other_finger,
                s.direction,
                s.count,
                s.order,
            )
            for s in p.steps
        )

    assert key(back) == key(program), text


@pytest.mark.parametrize(
    "text",
    ["play the piano", "juggle three balls", "snap your fingers", "clap and sing",
     "write your name with the right hand"],
)  # fmt: skip
def test_what_is_outside_the_vocabulary_is_not_understood(text):
    program = read(text)
    assert not program.requested.understood
    assert program.nearest
    if program.steps:
        assert match(perform(text), program.requested).answer == "can't tell"
    else:
        with pytest.raises(InputError, match="vocabulary"):
            perform(text)


def test_then_and_while():
    then = read("make a fist with the left hand, then open it")
    assert [(s.primitive, s.hand, s.order) for s in then.steps] == [
        ("shape", "left", 0),
        ("shape", "left", 1),
    ]
    meanwhile = read("keep the left hand still while the right hand makes a fist")
    assert {s.order for s in meanwhile.steps} == {0}


def test_rotation_log_inverts_exp_also_near_half_a_turn():
    rng = np.random.default_rng(0)
    for angle in (0, 1e-9, 0.3, 2.0, np.pi - 1e-6):
        axis = rng.normal(size=3)
        vector = angle * axis / np.linalg.norm(axis)
        back = rotation_exp(rotation_log(rotation_exp(vector)))
        np.testing.assert_allclose(back, rotation_exp(vector), atol=1e-6)


def test_an_absent_hand_cannot_satisfy_its_request():
    motion = perform_program(Program((Step("bend", "left", ("index",)),)))
    alone = BimanualMotion(motion.joints, motion.fps, np.array([False, True]))
    wanted = Program((Step("bend", "left", ("index",)),)).requested
    assert match(alone, wanted).answer == "no"
