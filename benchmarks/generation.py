"""How fast the network makes motion: `python benchmarks/generation.py [model]`.

Prints, per batch size, the time of the text encoder, of the sampling and of the last step
(hand fit and contacts), and seconds of motion per second of work. One thread.
"""

import sys
import time

import numpy as np
import torch

from handx_gen.diffusion.finish import finish
from handx_gen.generator import load_generator
from handx_gen.prompt import Prompt

REPEATS = 5


def fastest(work) -> float:
    """Least of `REPEATS` wall times [s]."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    generator = load_generator(sys.argv[1] if len(sys.argv) > 1 else "synth-v1")
    print(f"loading: {time.perf_counter() - start:.2f} s")
    print("batch | text [ms] | sampling [ms] | last step [ms] | motion / work")
    encode = getattr(generator.encoder, "encode", generator.encoder.tokens)
    for batch in (1, 8, 32):
        prompts = [
            Prompt(sentence=f"tap the left thumb to the right index {i} times")
            for i in range(batch)
        ]
        text = fastest(lambda prompts=prompts: encode([p.sentence for p in prompts]))
        seeds = list(range(batch))
        x_0, contact = generator.features(prompts, seeds)
        sampling = fastest(lambda p=prompts, s=seeds: generator.features(p, s))
        joints = generator.config.norm.unpack(x_0.numpy()).astype(float)
        touch = contact.numpy()
        last = fastest(lambda j=joints, c=touch: [finish(a, b) for a, b in zip(j, c)])
        seconds = batch * np.shape(joints)[1] / generator.config.fps
        whole = text + sampling + last
        print(
            f"{batch:5d} | {1e3 * text:9.1f} | {1e3 * sampling:13.1f} | "
            f"{1e3 * last:14.1f} | {seconds / whole:.1f}x"
        )


if __name__ == "__main__":
    main()
