"""From options to a run: the data found or made ready, the preset, the start."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from handx_gen.checkpoint import ASSETS, GeneratorConfig
from handx_gen.diffusion.denoiser import DenoiserConfig
from handx_gen.errors import InputError
from handx_gen.text import load_encoder
from training.configs import CONFIGS, TrainConfig
from training.data.batch import Loader
from training.data.resident import ResidentLoader, fits
from training.loop import Run


@dataclass(frozen=True)
class Options:
    """What may be asked of a run; None leaves it to the preset.

    Attributes:
        data: Folder of shards, or a store.
        out: Folder of the run.
        preset: Name in `CONFIGS`.
        init: A shipped checkpoint's name or a folder, to start from its weights.
        minutes: Training time.
        steps: Training steps.
        batch: Clips per step, of all processes.
        learning_rate: The highest.
        validate: Minutes between scorings.
        encoder: Text encoder, for a store that is not yet encoded.
        seed: Decides weights, order and noise.
        device: Torch device.
        threads: CPU threads of each process.
        compile: Whether to compile the network.
    """

    data: Path
    out: Path
    preset: str = "cpu"
    init: str | None = None
    minutes: float | None = None
    steps: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    validate: float | None = None
    encoder: str = "minilm"
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    compile: bool | None = None


def _checkpoint(name: str) -> Path:
    return ASSETS / name if (ASSETS / name).is_dir() else Path(name)


def configure(options: Options) -> TrainConfig:
    """The preset with what was asked put in.

    Raises:
        InputError: No such preset, an option that cannot be, a checkpoint of another
            make.
    """
    if options.preset not in CONFIGS:
        raise InputError(
            "--preset", "", f"{options.preset!r} is not known",
            f"one of {', '.join(CONFIGS)}",
        )  # fmt: skip
    for name in ("minutes", "steps", "batch", "learning_rate", "validate"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            option = "--" + name.replace("_", "-")
            raise InputError(option, "", f"{value}", "give a positive number")
    config = replace(
        CONFIGS[options.preset], seed=options.seed, encoder=options.encoder
    )
    if options.steps is not None:
        config = replace(config, steps=options.steps, minutes=None)
    given = {
        "minutes": options.minutes,
        "batch": options.batch,
        "learning_rate": options.learning_rate,
        "validate_minutes": options.validate,
        "compile": options.compile,
    }
    config = replace(config, **{k: v for k, v in given.items() if v is not None})
    if options.init:
        if not isinstance(config.denoiser, DenoiserConfig):
            raise InputError(
                "--init", "", f"the preset {options.preset} is another network",
                "start it from no weights",
            )  # fmt: skip
        theirs = GeneratorConfig.load(_checkpoint(options.init))
        shape = DenoiserConfig(**theirs.denoiser)
        config = replace(config, denoiser=shape, encoder=theirs.encoder)
    return config


def shards_of(
    options: Options, config: TrainConfig, report: Callable[[int], None]
) -> Path:
    """The folder of shards; those of a store are made first, by one process.

    Raises:
        InputError: The store cannot be used.
        MissingExtra: What reads stores is not installed.
    """
    if not (options.data / "store.json").is_file():
        return options.data
    import fcntl

    from training.data.corpus import Store
    from training.data.prepare import prepare

    store = Store(options.data)
    hidden = options.data / ".training"
    hidden.mkdir(exist_ok=True)
    with open(hidden / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = load_encoder(config.encoder, options.device)
        return prepare(store, text, report=report).folder


def begin(options: Options, report: Callable[[int], None] = lambda clips: None) -> Run:
    """Set up a run: resumed if its folder holds a state, else from weights or none.

    Args:
        options: What was asked.
        report: Called with the number of clips made ready.

    Raises:
        InputError: An option or the data cannot be used.
    """
    torch.set_num_threads(options.threads)
    config = configure(options)
    device = options.device
    if device == "cuda" and "LOCAL_RANK" in os.environ:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            raise InputError(
                "--device", "", "no CUDA device here", "leave it out, or say cpu"
            )
        torch.cuda.set_device(torch.device(device))
        # What is not bfloat16 (the losses) may use the tensor cores too.
        torch.set_float32_matmul_precision("high")
    norm = None
    if options.init:
        norm = GeneratorConfig.load(_checkpoint(options.init)).norm
    loader = Loader(shards_of(options, config, report), norm, config.seed)
    if loader.encoder not in ("", config.encoder):
        raise InputError(
            loader.folder, "encoder", f"{loader.encoder}, not {config.encoder}",
            "encode the data with the encoder of the run",
        )  # fmt: skip
    if not options.init:
        shape = {"text_width": loader.text_width}
        if isinstance(config.denoiser, DenoiserConfig):
            shape["frames"] = loader.frames
        config = replace(config, denoiser=replace(config.denoiser, **shape))
    if device.startswith("cuda") and fits(loader, device):
        loader = ResidentLoader(loader.folder, loader.norm, config.seed, device)
    run = Run(config, loader, options.out, device)
    if (options.out / "state.pt").is_file():
        run.resume()
    elif options.init:
        run.begin_from(_checkpoint(options.init))
    return run
