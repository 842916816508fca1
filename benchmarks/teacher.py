"""The procedural teacher: what it makes, what it rejects, in how many words, how fast.

    python -m benchmarks.teacher [programs]

Draws random programs for random people and prints what became of them, also by
primitive; the speed of finished clips on one core; and how many different clauses the
grammar says for its random steps, by sampling.
"""

import sys
import time
from collections import Counter, defaultdict

import numpy as np

from handx_gen.procedural import PRIMITIVES, Step, synthesize
from handx_gen.procedural.sample import SyntheticClip, attempted
from handx_gen.procedural.templates import TEMPLATES, WORDINGS, templates
from handx_gen.procedural.wording import say_step
from training.data.synthetic_store import row_of

DRAWS = 400
"""Clauses said of each primitive to count the different ones."""


def rejections(count: int) -> None:
    """What became of `count` programs, and of those with each primitive."""
    fates: Counter[str] = Counter()
    by_primitive: dict[str, Counter[str]] = defaultdict(Counter)
    for seed in range(count):
        made = attempted(seed, "train", 0)
        clip = isinstance(made, SyntheticClip)
        fate, program = ("kept", made.program) if clip else made
        fates[fate] += 1
        for name in {step.primitive for step in program.steps}:
            by_primitive[name][fate] += 1
    print(f"{count} random programs: {', '.join(f'{n} {k}' for k, n in fates.items())}")
    print("primitive        programs  kept   rejected")
    for name in sorted(PRIMITIVES, key=lambda n: _kept(by_primitive[n])):
        fate = by_primitive[name]
        tried = sum(n for why, n in fate.items() if why != "another split")
        other = {w: n for w, n in fate.items() if w not in ("kept", "another split")}
        why = ", ".join(f"{n} {w}" for w, n in other.items())
        print(f"{name:16s} {tried:8d} {100 * _kept(fate):4.0f} %  {why}")


def _kept(fate: Counter[str]) -> float:
    """Kept, of those that belong to the split."""
    tried = sum(n for why, n in fate.items() if why != "another split")
    return fate["kept"] / tried if tried else 1.0


def forms() -> None:
    """Templates, and different clauses heard when every primitive is said often."""
    for split, kinds in WORDINGS.items():
        every = [t for key in TEMPLATES for t in templates(key) if t.split in kinds]
        heard: set[str] = set()
        for name, entry in PRIMITIVES.items():
            for k in range(DRAWS):
                rng = np.random.default_rng([k, len(name)])
                hand = ("left", "right", "both")[int(rng.integers(3))]
                step = Step(name, "both" if entry.two_handed else hand)
                step = entry.draw(step, rng) if entry.draw else step
                heard.add(say_step(step, rng, split))
        print(
            f"{split}: {len(every)} templates with those that follow from them; "
            f"{len(heard):,} different clauses in {DRAWS * len(PRIMITIVES):,} draws"
        )


def rates(count: int) -> None:
    """Clips per CPU-second: as the teacher makes them, and as rows of a store."""
    for seed in range(count):  # people and durations are remembered from here on
        attempted(seed, "train", 0)
    making = captioning = 0.0
    for seed in range(count):
        start = time.process_time()
        clip = synthesize(seed)
        made = time.process_time()
        row_of(clip, "train", "")
        making += made - start
        captioning += time.process_time() - made
    print(f"synthesize: {count / making:.1f} clips per CPU-second")
    rate = count / (making + captioning)
    print(f"with captions of five levels: {rate:.1f} per CPU-second, "
          f"100,000 in {1e5 / rate / 120:.0f} minutes on two cores")  # fmt: skip


def main(count: int) -> None:
    """Print all of it."""
    print(f"{len(PRIMITIVES)} primitives")
    rejections(count)
    forms()
    rates(count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
