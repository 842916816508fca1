import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.kinematics.contacts import PAIRS, contact_track
from handx_gen.skeleton import mirror
from handx_gen.text import HashedEncoder
from handx_gen.text.encoder import BRANCHES

pytest.importorskip("torch")

from training.data.batch import TEXT_BUCKET, Loader, balance
from training.data.store import Shard, mirrored_pairs, shard_paths
from training.data.synthetic import make_shard, variants
from training.data.words import swap_sides


def test_mirrored_pairs_are_those_of_the_mirrored_motion():
    joints = np.random.default_rng(0).normal(0, 0.03, (5, 2, 21, 3))
    mask, mirrored = (contact_track(j).mask for j in (joints, mirror(joints)))
    assert mask.any()
    np.testing.assert_array_equal(mask[:, mirrored_pairs(PAIRS)], mirrored)


def test_a_shard_is_decided_by_its_seeds_and_comes_back_from_disk(teacher, tmp_path):
    encoder = HashedEncoder(8)
    first, again = (make_shard(5, 6, encoder, teacher) for _ in range(2))
    loaded = Shard.load(first.save(tmp_path, 5))
    for name in ("joints", "contact", "clip", "mirrored", "text_ids", "tokens"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        np.testing.assert_array_equal(getattr(first, name), getattr(loaded, name))
    assert loaded.texts == first.texts
    assert loaded.primitives == first.primitives


def test_every_variant_describes_its_clip_or_its_mirror_image(teacher):
    clip = teacher(3)
    for mirrored, texts in variants(clip):
        asked = dict(zip(BRANCHES, texts))
        if asked["sentence"]:
            source = swap_sides(asked["sentence"]) if mirrored else asked["sentence"]
            assert source in clip.sentences
        else:
            source = asked["right" if mirrored else "left"]
            assert source == clip.triple.left


def test_tokens_of_a_prompt_are_those_of_its_text(data):
    shard = Shard.load(shard_paths(data)[0])
    row = int(np.flatnonzero(shard.text_ids[:, 0] >= 0)[4])
    (branch, states), *rest = Loader._prompt(shard, row)
    assert (branch, rest) == (0, [])
    expected = HashedEncoder(16).tokens([shard.texts[shard.text_ids[row, 0]]])[0]
    np.testing.assert_allclose(states, expected, atol=2e-3)


def test_batches_follow_the_seed_and_fit_the_bucket(data):
    a, b = (Loader(data, seed=7).draw(9) for _ in range(2))
    assert a.x.shape == (9, 2, 60, 63)
    assert a.states.shape[1] % TEXT_BUCKET == 0
    assert a.mask.any(1).all()
    for name, value in vars(a).items():
        np.testing.assert_array_equal(value, getattr(b, name))


def test_new_shards_are_found(teacher, tmp_path):
    make_shard(0, 3, HashedEncoder(16), teacher).save(tmp_path, 0)
    loader = Loader(tmp_path)
    make_shard(3, 4, HashedEncoder(16), teacher).save(tmp_path, 3)
    loader.refresh()
    assert loader.clips == 7


def test_empty_folder_says_how_to_make_data(tmp_path):
    with pytest.raises(InputError, match=r"python -m training.data.synthetic"):
        Loader(tmp_path)


def test_rare_primitives_are_drawn_more_often_but_not_as_often_as_common_ones(data):
    from dataclasses import replace

    shard = Shard.load(shard_paths(data)[0])
    names = (("still",), *[("bend",)] * 39)
    weights = balance(replace(shard, primitives=names))
    share = weights[0] / weights.sum()
    assert 1 / 40 < share < 1 / 2
    assert np.ptp(weights[1:]) == 0
