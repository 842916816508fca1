"""How sure a network is: the two measures, their fit, and the file."""

import numpy as np
import pytest

from handx_gen.abstention import FILE, Abstention, agreement, pooled
from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import synthesize
from handx_gen.procedural.reader import read
from handx_gen.text import load_encoder
from training.evaluation.abstention import area_under_curve, fitted, outside


def motions(*seeds):
    return [BimanualMotion(synthesize(seed, "val").joints) for seed in seeds]


def test_the_same_motion_agrees_with_itself_and_others_less():
    same, other = motions(1, 1), motions(1, 2, 3, 4)
    assert agreement(same) == 1.0
    assert agreement(other) < 0.8
    with pytest.raises(ValueError, match="two"):
        agreement(same[:1])


def test_a_taught_sentence_is_most_alike_to_itself():
    encoder = load_encoder("hashed-32")
    known = Abstention(pooled(encoder, ["clap twice", "make a fist"]), np.zeros(3))
    likeness = known.likeness(encoder, ["clap twice", "peel a banana"])
    assert likeness[0] == pytest.approx(1.0, abs=1e-6)
    assert likeness[1] < 0.7


def test_the_fit_tells_two_clouds_apart():
    random = np.random.default_rng(0)
    known = np.c_[np.ones(200), random.normal([0.9, 0.8], 0.1, (200, 2))]
    unknown = np.c_[np.ones(200), random.normal([0.5, 0.5], 0.1, (200, 2))]
    rows = np.concatenate([known, unknown])
    weights = fitted(rows, np.r_[np.ones(200), np.zeros(200)])
    model = Abstention(np.eye(2), weights)
    chances = [model.known(a, b) for _, a, b in rows]
    assert min(weights[1:]) > 0
    assert area_under_curve(chances[:200], chances[200:]) > 0.97


def test_area_under_curve_against_counting_by_hand():
    assert area_under_curve([1.0, 3.0], [2.0, 0.0]) == 0.75
    assert area_under_curve([1.0], [1.0]) == 0.5


def test_it_comes_back_from_its_file_and_a_damaged_one_is_refused(tmp_path):
    assert Abstention.load(tmp_path) is None
    reference = pooled(load_encoder("hashed-32"), ["clap"])
    Abstention(reference, np.array([1.0, 2.0, 3.0])).save(tmp_path)
    found = Abstention.load(tmp_path)
    assert found is not None
    assert found.known(0.3, 0.2) == pytest.approx(1 / (1 + np.exp(-2.2)))
    np.testing.assert_allclose(found.reference, reference, atol=1e-3)
    (tmp_path / FILE).write_bytes(b"no")
    with pytest.raises(InputError, match="abstention"):
        Abstention.load(tmp_path)


def test_no_request_from_outside_is_read_as_known():
    requests = [text for texts in outside().values() for text in texts]
    assert len(requests) == len(set(requests)) == 200
    assert not [text for text in requests if read(text).requested.understood]
