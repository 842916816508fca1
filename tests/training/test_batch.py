from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from handx_gen.errors import InputError  # noqa: E402
from handx_gen.procedural.vocabulary import PRIMITIVES  # noqa: E402
from handx_gen.text import HashedEncoder  # noqa: E402
from training.data.batch import (  # noqa: E402
    HARD,
    HARD_WEIGHT,
    TEXT_BUCKET,
    Loader,
    balance,
)
from training.data.resident import ResidentLoader  # noqa: E402
from training.data.synthetic import make_shard  # noqa: E402


def test_batches_follow_the_seed_and_the_step_and_fit_the_bucket(data):
    a, b = (Loader(data, seed=7).draw(3, 9) for _ in range(2))
    assert a.x.shape == (9, 2, 60, 63)
    assert a.states.shape[1] % TEXT_BUCKET == 0
    assert a.mask.any(1).all()
    for name, value in vars(a).items():
        np.testing.assert_array_equal(value, getattr(b, name))
    assert not torch.equal(a.x, Loader(data, seed=7).draw(4, 9).x)
    assert not torch.equal(a.x, Loader(data, seed=8).draw(3, 9).x)


def test_parts_of_a_batch_put_together_are_the_batch(data):
    loader = Loader(data)
    whole = loader.draw(5, 12)
    parts = [loader.draw(5, 12, part, 3) for part in range(3)]
    for name, value in vars(whole).items():
        joined = torch.cat([getattr(part, name) for part in parts])
        torch.testing.assert_close(joined, value, rtol=0, atol=0)


def chosen(loader: Loader, epochs: int) -> list[list[int]]:
    """Rows of a one-shard loader, epoch by epoch."""
    n = loader.clips
    return [[row for _, row in loader._choose(e, n)] for e in range(epochs)]


def test_an_epoch_has_every_clip_about_as_often_as_its_weight_says(data):
    loader = Loader(data)
    weights = balance(loader.shards[0].primitives)
    for rows in chosen(loader, 3):
        counts = Counter(loader.shards[0].clip[rows].tolist())
        for clip, weight in enumerate(weights):
            assert abs(counts[clip] - weight) < 1


def test_a_clip_that_comes_back_is_asked_for_in_other_words(data):
    loader = Loader(data)
    shard = loader.shards[0]
    every = Counter(shard.clip.tolist())
    ways: dict[int, list[int]] = {}
    for rows in chosen(loader, 40):
        for row in rows:
            ways.setdefault(int(shard.clip[row]), []).append(row)
    for clip, rows in ways.items():
        assert len(set(rows)) == every[clip]
        assert max(Counter(rows).values()) <= 0.3 * len(rows)  # nobody's favourite
    free = np.mean([shard.text_ids[r, 0] >= 0 for rows in ways.values() for r in rows])
    assert 0.7 < free < 0.9


def test_new_shards_are_found(teacher, tmp_path):
    make_shard(0, 3, HashedEncoder(16), teacher).save(tmp_path, 0)
    loader = Loader(tmp_path)
    make_shard(3, 4, HashedEncoder(16), teacher).save(tmp_path, 3)
    assert loader.clips == 3
    loader.refresh(loader.found())
    assert loader.clips == 7
    assert {shard for shard, _ in loader._choose(0, 7)} == {0, 1}


def test_empty_folder_says_how_to_make_data(tmp_path):
    with pytest.raises(InputError, match=r"python -m training.data.synthetic"):
        Loader(tmp_path)


def test_rare_primitives_are_drawn_more_often_but_not_as_often_as_common_ones():
    weights = balance((("still",), *[("bend", "turn")] * 39))
    share = weights[0] / weights.sum()
    assert 1 / 40 < share < 1 / 2
    assert np.ptp(weights[1:]) == 0


def test_clips_without_primitives_count_once():
    np.testing.assert_array_equal(balance([()] * 5), np.ones(5))


@pytest.mark.parametrize("part", [(0, 1), (1, 3)])
def test_data_on_the_device_give_the_same_batches(data, part):
    loader = Loader(data, seed=3)
    resident = ResidentLoader(data, loader.norm, 3, "cpu")
    for step in range(4):
        plain, quick = (each.draw(step, 12, *part) for each in (loader, resident))
        for name, value in vars(plain).items():
            torch.testing.assert_close(getattr(quick, name), value, rtol=0, atol=2e-6)


def test_new_shards_reach_the_device(teacher, tmp_path):
    make_shard(0, 3, HashedEncoder(16), teacher).save(tmp_path, 0)
    resident = ResidentLoader(tmp_path, None, 0, "cpu")
    make_shard(3, 4, HashedEncoder(16), teacher).save(tmp_path, 3)
    resident.refresh(resident.found())
    plain = Loader(tmp_path, resident.norm).draw(0, 7)
    torch.testing.assert_close(resident.draw(0, 7).x, plain.x, rtol=0, atol=2e-6)


def test_clips_with_a_hard_movement_are_drawn_more_often():
    """Beside one as rare that is not hard, and however many others it is mixed with."""
    hard, plain = sorted(HARD)[0], "bend"
    weights = balance(((hard,), (plain,), (hard, plain), (plain, "turn"), ("turn",)))
    np.testing.assert_allclose(weights[0] / weights[4], HARD_WEIGHT)
    np.testing.assert_allclose(weights[2] / weights[4], HARD_WEIGHT)
    assert set(PRIMITIVES) >= HARD
