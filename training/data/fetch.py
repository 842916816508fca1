"""Data sets from the Hugging Face hub, with a record of what came from where.

Files are fetched through huggingface_hub and resumed where they broke off. Beside them
stands `fetch.json`: repository, revision, licence, and the checksum of every file.
Importers put revision and licence into every clip.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from handx_gen import npz
from handx_gen.errors import InputError, MissingExtra

RECORD = "fetch.json"
PARTIAL = ".partial"
"""Folder for files that are not whole yet, named by their checksums."""

PARALLEL = 4
"""Files fetched at a time."""

UNSTATED = "not stated by the repository"


@dataclass(frozen=True)
class Remote:
    """A data set whose layout is known.

    Attributes:
        repository: Its name on the hub.
        source: Format to import it as.
        files: Patterns of the files that are fetched.
        missing: What its publisher had to withhold: (name, where to ask, source).
    """

    repository: str
    source: str
    files: tuple[str, ...]
    missing: tuple[tuple[str, str, str], ...] = ()


REMOTES = {
    "handx": Remote(
        "alexzhang598/HandX",
        "handx",
        ("*.npz", "*.json", "*.md", "LICENSE*", "*.txt"),
        (
            ("ARCTIC", "https://arctic.is.tue.mpg.de", "arctic"),
            ("H2O", "https://taeinkwon.com/projects/h2o", "h2o"),
        ),
    ),
}
"""Short name → data set."""


@dataclass(frozen=True)
class Fetched:
    """What was fetched.

    Attributes:
        folder: Where the files are.
        repository, revision: Name and commit on the hub.
        licence: As its card states it.
        files: Name → sha256.
        size: Of all files [bytes].
        remote: The known layout, or None.
    """

    folder: Path
    repository: str
    revision: str
    licence: str
    files: dict[str, str]
    size: int
    remote: Remote | None


def repository_of(name: str) -> tuple[str, Remote | None]:
    """A short name or OWNER/NAME → the repository and its layout, if known.

    Raises:
        InputError: Neither of the two.
    """
    if name in REMOTES:
        return REMOTES[name].repository, REMOTES[name]
    if name.count("/") != 1 or not all(name.split("/")):
        raise InputError(
            "NAME", "", f"unknown data set {name!r}",
            f"choose of {sorted(REMOTES)} or give OWNER/NAME of a data set on the hub",
        )  # fmt: skip
    known = [remote for remote in REMOTES.values() if remote.repository == name]
    return name, known[0] if known else None


def fetch(
    name: str,
    folder: Path,
    revision: str = "main",
    only: Sequence[str] = (),
    accept: Callable[[str, str], None] = lambda licence, revision: None,
) -> Fetched:
    """Fetch a data set, or the rest of it, and verify every file.

    Args:
        name: Short name or OWNER/NAME.
        folder: Where to; files that are there and whole are not fetched again.
        revision: Branch, tag or commit.
        only: Patterns of files; by default the layout's, or all.
        accept: Called with licence and commit before any data is fetched; raises to
            stop.

    Raises:
        InputError: Unknown data set, no access, no network, a file that does not match
            its checksum, or a folder that holds another revision.
    """
    try:
        import huggingface_hub as hub
    except ModuleNotFoundError as error:
        raise MissingExtra("fetching", "train", "huggingface_hub") from error
    repository, remote = repository_of(name)
    api = hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    info = _asked(repository, lambda: api.dataset_info(
        repository, revision=revision, files_metadata=True
    ))  # fmt: skip
    commit, licence = str(info.sha), _licence(info)
    _same_revision(folder, repository, commit)
    accept(licence, commit)
    patterns = list(only or (remote.files if remote else ())) or None
    chosen = list(hub.utils.filter_repo_objects(
        info.siblings or [], allow_patterns=patterns, key=lambda s: s.rfilename
    ))  # fmt: skip
    if not chosen:
        raise InputError(
            repository, "", f"no file matches {patterns}", "name others with --only"
        )
    files = {}
    try:
        (folder / PARTIAL).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            folder, "--out", f"cannot write here ({error.strerror})",
            "choose a folder that you may write to",
        ) from error  # fmt: skip
    with ThreadPoolExecutor(PARALLEL) as pool:
        url = partial(
            hub.hf_hub_url, repository, repo_type="dataset", revision=commit,
            endpoint=api.endpoint,
        )  # fmt: skip
        work = [
            pool.submit(_file, repository, url(one.rfilename), folder, one)
            for one in chosen
        ]
        try:
            for one, done in zip(chosen, work):
                files[one.rfilename] = done.result()
        finally:
            pool.shutdown(cancel_futures=True)
            with contextlib.suppress(OSError):  # parts of broken downloads stay
                (folder / PARTIAL).rmdir()
    size = sum((folder / name).stat().st_size for name in files)
    record = {
        "repository": repository,
        "revision": commit,
        "licence": licence,
        "files": files,
    }
    npz.write_text(folder / RECORD, json.dumps(record, indent=1))
    return Fetched(folder, repository, commit, licence, files, size, remote)


def origin_of(path: Path) -> dict[str, Any]:
    """Repository, revision and licence of fetched files; {} for others.

    Args:
        path: A file or folder; the record may lie in it or in a folder above.
    """
    start = path.resolve()
    for folder in (start, *start.parents):
        record = folder / RECORD
        if record.is_file():
            try:
                found = json.loads(record.read_text(encoding="utf-8"))
                names = ("repository", "revision", "licence")
                return {name: str(found[name]) for name in names}
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise InputError(
                    record, "", f"damaged ({error})", "fetch again"
                ) from error
    return {}


def _asked(repository: str, question: Callable[[], Any]) -> Any:
    """Ask the hub; its refusals become one line each."""
    import huggingface_hub.errors as refusal

    try:
        return question()
    except refusal.GatedRepoError as error:
        raise InputError(
            repository, "", "access has to be asked for on its page",
            "accept its terms there, then `hf auth login`",
        ) from error  # fmt: skip
    except refusal.RevisionNotFoundError as error:
        raise InputError(repository, "--revision", "no such revision") from error
    except refusal.RepositoryNotFoundError as error:
        raise InputError(
            repository, "", "no such data set on the hub, or it is private",
            "check the name, or `hf auth login`",
        ) from error  # fmt: skip
    except Exception as error:
        # The errors of the HTTP library pass through; which one it is depends on the
        # version of huggingface_hub (requests, httpx, httpx2).
        library = type(error).__module__.split(".")[0]
        if not isinstance(error, OSError) and not library.startswith(
            ("httpx", "requests", "huggingface_hub")
        ):
            raise
        raise InputError(
            repository, "", f"the hub did not answer as hoped ({error})",
            "check the network and run the same command again: it resumes",
        ) from error  # fmt: skip


def _licence(info: Any) -> str:
    """The licence in a repository's card, or in its tags."""
    card = info.card_data
    stated = card.get("license") if card is not None else None
    if stated is None:
        tags = [t.removeprefix("license:") for t in info.tags or () if "license:" in t]
        stated = tags[0] if tags else None
    if isinstance(stated, list):
        stated = ", ".join(map(str, stated))
    name = card.get("license_name") if card is not None else None
    return f"{stated} ({name})" if stated and name else str(stated or UNSTATED)


def _same_revision(folder: Path, repository: str, commit: str) -> None:
    """Refuse to mix two data sets or revisions in one folder."""
    if (folder / RECORD).exists():
        there = origin_of(folder)
        if (there["repository"], there["revision"]) != (repository, commit):
            raise InputError(
                folder, "--out",
                f"holds {there['repository']} at {there['revision'][:10]}, "
                f"not {repository} at {commit[:10]}",
                "choose another folder, or name that --revision",
            )  # fmt: skip


def _file(repository: str, url: str, folder: Path, sibling: Any) -> str:
    """Fetch one file, or what is missing of it, and verify it.

    huggingface_hub itself resumes within one run only: the part that a killed run had
    is kept under the checksum's name and handed to its transfer function.

    Returns:
        Its sha256.

    Raises:
        InputError: No answer, or not what the hub promised; then the file is removed.
    """
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    path = folder / sibling.rfilename
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(repository, sibling.rfilename, "a name outside the folder")
    mark = sibling.lfs.sha256 if sibling.lfs is not None else sibling.blob_id
    if not path.exists():
        part = folder / PARTIAL / str(mark)
        with open(part, "ab") as stream:
            _asked(repository, lambda: http_get(
                url, stream, resume_size=stream.tell(), headers=build_hf_headers(),
                expected_size=sibling.size, displayed_filename=sibling.rfilename,
            ))  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        part.replace(path)
    return _verified(path, sibling)


def _verified(path: Path, sibling: Any) -> str:
    """The sha256 of a fetched file.

    Raises:
        InputError: It is not what the hub promised; the file is removed.
    """
    digest, blob = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    size = path.stat().st_size
    blob.update(f"blob {size}\0".encode())
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            blob.update(chunk)
    lfs = sibling.lfs
    # Large files are named by their sha256, small ones by git's hash.
    whole = (
        lfs.sha256 == digest.hexdigest()
        if lfs is not None
        else sibling.blob_id in (None, blob.hexdigest())
    )
    if not whole:
        path.unlink()
        raise InputError(
            path, "", "does not match its checksum on the hub; it was removed",
            "run the same command again",
        )  # fmt: skip
    return digest.hexdigest()
