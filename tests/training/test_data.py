import numpy as np
import pytest

from handx_gen.kinematics.contacts import PAIRS, contact_track
from handx_gen.skeleton import mirror
from handx_gen.text import HashedEncoder
from handx_gen.text.encoder import BRANCHES

pytest.importorskip("torch")

from training.data.batch import Loader
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
