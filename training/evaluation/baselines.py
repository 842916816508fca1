"""What the network is compared with: the rules, a look-up, and two ways of knowing nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from handx_gen.errors import HandxError
from handx_gen.generator import Generator
from handx_gen.prompt import Plan, Prompt
from handx_gen.skeleton import mirror
from handx_gen.text import TextEncoder
from training.data.store import Shard, shard_paths

Model = Callable[[Sequence[str], int], list[np.ndarray | None]]
"""(sentences, seed) → a motion (T, 2, 21, 3) [m] per sentence, None for a refusal."""

BATCH = 50


def network(generator: Generator) -> Model:
    """The network: the raw sentence is encoded, no rule reads it."""

    def run(sentences: Sequence[str], seed: int) -> list[np.ndarray | None]:
        clips: list[np.ndarray | None] = []
        for start in range(0, len(sentences), BATCH):
            part = sentences[start : start + BATCH]
            prompts = [Prompt(sentence=text) for text in part]
            clips += list(
                generator.clips(prompts, [seed + start + i for i in range(len(part))])
            )
        return clips

    return run


def shuffled(model: Model) -> Model:
    """The model fed with the sentence of another item: what chance gives."""

    def run(sentences: Sequence[str], seed: int) -> list[np.ndarray | None]:
        return model([*sentences[1:], *sentences[:1]], seed)

    return run


def zeroed(generator: Generator) -> Model:
    """The same network with all weights zero: what the mean hand gives."""
    from copy import deepcopy

    blank = deepcopy(generator.denoiser)
    for weight in blank.parameters():
        weight.zero_()
    return network(Generator(blank, generator.config, generator.encoder))


def program(sentences: Sequence[str], seed: int) -> list[np.ndarray | None]:
    """The procedural mode; a sentence that its rules cannot read is a refusal."""
    from handx_gen.procedural import perform

    motions: list[np.ndarray | None] = []
    for i, text in enumerate(sentences):
        try:
            motions.append(perform(Plan.from_text(text), seed=seed + i).joints)
        except HandxError:
            motions.append(None)
    return motions


def retrieval(encoder: TextEncoder, data: Path, limit: int = 40_000) -> Model:
    """The training clip whose sentence is nearest (cosine of mean token states)."""
    shards = [Shard.load(path) for path in shard_paths(data)]
    keys, rows = [], []
    for number, shard in enumerate(shards):
        tokens = np.asarray(shard.tokens, np.float32)
        sums = np.add.reduceat(tokens, shard.offsets[:-1], axis=0)
        means = _unit(sums)
        for variant in np.flatnonzero(shard.text_ids[:, 0] >= 0):
            keys.append(means[shard.text_ids[variant, 0]])
            rows.append((number, variant))
        if len(keys) > limit:
            break
    table = np.stack(keys)

    def run(sentences: Sequence[str], seed: int) -> list[np.ndarray | None]:
        means = _unit(np.stack([s.sum(0) for s in encoder.tokens(list(sentences))]))
        clips: list[np.ndarray | None] = []
        for best in (means @ table.T).argmax(1):
            number, variant = rows[best]
            shard = shards[number]
            clip = np.asarray(shard.joints[shard.clip[variant]])
            clips.append(mirror(clip) if shard.mirrored[variant] else clip)
        return clips

    return run


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)
