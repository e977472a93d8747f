"""Push a sample folder to the Hugging Face Hub, so that after a cut connection only what is missing is sent again.

Every file is known by its hash. Those that the repository has are left alone; shards are uploaded one by one before
anything is committed (`preupload_lfs_files`), and the Hub keeps what it got. README.md, which names them all, goes up
in the last commit: nobody loads half a data set.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import datasets
import numpy as np
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import HFValidationError, validate_repo_id

from stackmix import images, inspection, plots, samples, statistics, tables
from stackmix.datasets import card, licences, shards
from stackmix.types import DataError

NETWORK = HfHubHTTPError.__mro__[1]  # every error of the HTTP library that huggingface_hub uses, whichever that is
TOGETHER = 1000  # single files in one commit
LOGIN = (
    "log in with `hf auth login`, or set HF_TOKEN to a token with write access (https://huggingface.co/settings/tokens)"
)
SHARDS = re.compile(r"data/[\w.]+-\d{5}-of-\d{5}\.parquet")
PICTURES = re.compile(r"[\w.]+/(metadata\.jsonl|\d{4}/[^/]+)")  # as sample folders have them
PREVIEWED = 40  # samples in the card's picture


@dataclass(slots=True)
class Push:
    """One push: what is in the repository already, and what became of each file.

    there: hash of each file in the repository. sent, kept: names of files sent now, and of those that were there.
    """

    api: HfApi
    repo: str
    there: dict[str, str]
    sent: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def missing(self, name: str, content: bytes | Path) -> bool:
        """Whether the repository lacks a file of this name and content."""
        known = self.there.get(name)
        same = known is not None and known == _hash(content, git=len(known) == 40)
        (self.kept if same else self.sent).append(name)
        return not same


def valid_name(repo: str) -> str:
    """The name of a data set on the Hub, as it is; DataError for one that the Hub doesn't take."""
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise DataError(f"{repo!r} is no name of a data set: {str(error).splitlines()[0]}") from None
    if repo.count("/") != 1:
        raise DataError(f"{repo!r} is no name of a data set: write it as user/name")
    return repo


def push(
    folder: Path,
    repo: str,
    *,
    private: bool = False,
    parquet: bool = True,
    shard_size: int = shards.SHARD,
    i_have_the_right: bool = False,
    tick: Callable[[int], object] = lambda n: None,
) -> Push:
    """Publish a sample folder as the data set `repo`, "user/name"; tick(n) is called for n samples that are done.

    Raises DataError for a folder that its sources' licences forbid to publish, for a missing token or right, and for a
    connection that breaks.
    """
    valid_name(repo)
    sources = licences.sources_of(folder)
    if (why := licences.refusal(sources)) and not i_have_the_right:
        raise DataError(f"{folder} {why}: it is not published, unless you add --i-have-the-right")
    if get_token() is None:
        raise DataError(f"no Hugging Face token was found: {LOGIN}")
    if not parquet and tables.shards(folder):
        raise DataError(f"{folder} is made of parquet shards, which hold no files: leave --format imagefolder out")
    planned = shards.plan(folder, shard_size)
    counts = {split: one for split, one in statistics.count(folder).items() if one.samples}
    with _one_line(repo), tempfile.TemporaryDirectory(prefix="stackmix-push-") as place:
        work = _open(repo, private)
        made = _shards(work, planned, Path(place), tick) if parquet else _files(work, planned, folder, tick)
        facts = card.Facts(repo, folder, counts, sources, made.columns, made.sizes)
        _finish(work, made.additions, facts, folder)
    return work


@dataclass(slots=True)
class Made:
    """What was uploaded and waits for the last commit; columns and sizes of shards as the card wants them."""

    additions: list[CommitOperationAdd]
    columns: datasets.Features | None = None
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)


def _open(repo: str, private: bool) -> Push:
    """Make the repository where there is none, and see what it holds."""
    api = HfApi()
    api.create_repo(repo, repo_type="dataset", private=private or None, exist_ok=True)
    if private and not api.repo_info(repo, repo_type="dataset").private:
        raise DataError(f"{repo} is there already and public: make it private in its settings, or leave --private out")
    found = api.list_repo_tree(repo, recursive=True, repo_type="dataset")
    files = (entry for entry in found if isinstance(entry, RepoFile))
    return Push(api, repo, {file.path: file.lfs.sha256 if file.lfs else file.blob_id for file in files})


def _shards(work: Push, planned: list[shards.Shard], place: Path, tick: Callable[[int], object]) -> Made:
    """Build shard after shard and send those that are missing; no more than one lies on the disk at a time."""
    made = Made([], shards.features(planned))
    for shard in planned:
        path = place / Path(shard.name).name
        in_memory = shards.write(shard, made.columns, path)
        before = made.sizes.get(shard.split, (0, 0))
        made.sizes[shard.split] = before[0] + in_memory, before[1] + path.stat().st_size
        if work.missing(shard.name, path):
            addition = CommitOperationAdd(shard.name, str(path))
            work.api.preupload_lfs_files(work.repo, [addition], repo_type="dataset")
            made.additions.append(addition)
        if not made.additions or made.additions[-1].path_or_fileobj != str(path):
            path.unlink()  # what went up is not needed any more; a file that Git keeps itself goes with the commit
        tick(len(shard.rows))
    return made


def _files(work: Push, planned: list[shards.Shard], folder: Path, tick: Callable[[int], object]) -> Made:
    """Send the folder's own files, in commits of some each."""
    for shard in planned:
        names = [
            (f"{shard.split}/{row.values['file_name']}", samples.picture(folder, shard.split, row.values))
            for row in shard.rows
        ]
        for start in range(0, len(names), TOGETHER):
            some = names[start : start + TOGETHER]
            missing = [CommitOperationAdd(name, str(path)) for name, path in some if work.missing(name, path)]
            if missing:
                work.api.create_commit(work.repo, missing, commit_message="Pictures", repo_type="dataset")
            tick(len(some))
    tables = {f"{split}/{samples.METADATA}": folder / split / samples.METADATA for split in samples.splits_of(folder)}
    return Made([CommitOperationAdd(name, str(path)) for name, path in tables.items() if work.missing(name, path)])


def _finish(work: Push, additions: list[CommitOperationAdd], facts: card.Facts, folder: Path) -> None:
    """One commit: what waits for it, and the card with its pictures; what only an earlier push had is removed."""
    sheet = inspection.samples_sheet(folder, np.random.default_rng(0), PREVIEWED)
    own = {
        card.PREVIEW: images.encode(sheet, ".png"),
        card.PLOTS: images.encode(plots.sheet(facts.counts), ".png"),
        "README.md": card.write(facts).encode(),
    }
    additions += [CommitOperationAdd(name, content) for name, content in own.items() if work.missing(name, content)]
    kept = {*work.sent, *work.kept}
    old = [name for name in work.there if name not in kept and (SHARDS.fullmatch(name) or PICTURES.fullmatch(name))]
    operations: list[CommitOperationAdd | CommitOperationDelete] = [*additions, *map(CommitOperationDelete, old)]
    if operations:
        work.api.create_commit(work.repo, operations, commit_message="Data card", repo_type="dataset")


def _hash(content: bytes | Path, git: bool) -> str:
    """The sha256 of a file, or the hash that Git knows it by."""
    if not git and isinstance(content, Path):
        with content.open("rb") as file:  # a shard is large
            return hashlib.file_digest(file, "sha256").hexdigest()
    data = content if isinstance(content, bytes) else content.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() if git else hashlib.sha256(data).hexdigest()


@contextmanager
def _one_line(repo: str) -> Iterator[None]:
    """Errors of the Hub and of the network as one line with a cure."""
    try:
        yield
    except Exception as error:
        chain: BaseException | None = error
        while chain is not None and not isinstance(chain, NETWORK):  # an upload's error comes wrapped
            chain = chain.__cause__
        if chain is None:
            raise
        raise DataError(_told(chain, repo)) from None


def _told(error: BaseException, repo: str) -> str:
    response = getattr(error, "response", None)
    code = response.status_code if response is not None else None
    if code == 401 and not isinstance(error, RepositoryNotFoundError):
        return f"the Hub does not know this token: {LOGIN}"
    if code in (401, 403, 404):
        return f"{repo}: the token may not write there ({code}): take one with write access to {repo.split('/')[0]}"
    if code is not None and code < 500:
        return f"{repo}: the Hub refuses ({code}): {getattr(error, 'server_message', None) or error}".splitlines()[0]
    what = f"answers {code}" if code else f"is not reached ({str(error) or type(error).__name__})".replace("\n", " ")
    return f"{HfApi().endpoint} {what}: run the same command again, and only what is missing is sent"
