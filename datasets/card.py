"""The data card: README.md of a pushed set, written from what lies in its folder and from the run that made it.

Its YAML names splits, columns, languages and licence for the Hub; its text says for people what the set holds, how it
was made, whose letters it is made of, and what their licences allow.
"""

import re
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
from datasets.info import DatasetInfosDict
from datasets.splits import SplitDict, SplitInfo
from huggingface_hub import DatasetCardData

import stackmix
from stackmix.datasets import licences
from stackmix.statistics import Count, together

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**18, "n>1M"))
SCRIPTS = {"ru": "а-яё", "kk": "әғқңөұүһі", "en": "a-z"}  # the letters that a language is told by
SHARE = 0.01  # of all letters that must be of a script
USUAL = {  # options of `generate` that are named where they are not these
    "paper": "white",
    "ink": "black",
    "hand": "one",
    "choice": "units",
    "temperature": "1.0",
    "format": "imagefolder",
    "blots": "0.0",
}
PREVIEW, PLOTS = "assets/preview.png", "assets/statistics.png"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card is written from. name: user/name. counts: by split. columns: of parquet shards, None for imagefolder.

    sizes: (bytes in memory, bytes of files) of each split's shards.
    """

    name: str
    folder: Path
    counts: dict[str, Count]
    sources: list[str]
    columns: datasets.Features | None
    sizes: dict[str, tuple[int, int]]


def write(facts: Facts) -> str:
    """README.md."""
    parts = [_title(facts), _splits(facts), _characters(facts), _made(facts), _sources(facts), _columns(facts)]
    return f"---\n{_yaml(facts)}\n---\n\n" + "\n\n".join(filter(None, parts)) + "\n"


def _yaml(facts: Facts) -> str:
    total = sum(one.samples for one in facts.counts.values())
    where = "data/{}-*" if facts.columns else "{}/**"
    about = DatasetCardData(
        language=languages(together(facts.counts.values()).characters, facts.sources) or None,
        license=licences.licence(facts.sources),
        task_categories=["image-to-text"],
        tags=["handwriting", "handwriting-recognition", "ocr", "stackmix"],
        size_categories=next(name for most, name in SIZES if total < most),
        pretty_name=facts.name.split("/")[-1],
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": where.format(split)} for split in facts.counts],
            }
        ],
    )
    if facts.columns:
        DatasetInfosDict({"default": _info(facts)}).to_dataset_card_data(about)
    return about.to_yaml()


def _info(facts: Facts) -> datasets.DatasetInfo:
    """Columns and sizes, so that a program knows them before it downloads."""
    splits = SplitDict()
    for split, (in_memory, _) in facts.sizes.items():
        splits.add(SplitInfo(split, num_bytes=in_memory, num_examples=facts.counts[split].samples))
    in_files = sum(size for _, size in facts.sizes.values())
    in_memory = sum(size for size, _ in facts.sizes.values())
    return datasets.DatasetInfo(features=facts.columns, splits=splits, download_size=in_files, dataset_size=in_memory)


def languages(characters: Counter[str], sources: list[str]) -> list[str]:
    """ISO 639-1 codes of the languages whose letters occur, among those of the sources where all are known."""
    letters = sum(n for c, n in characters.items() if c.isalpha())
    found = []
    for language, script in SCRIPTS.items():
        own = sum(n for c, n in characters.items() if re.match(f"[{script}]", c, re.IGNORECASE))
        # a few Kazakh letters make a text Kazakh, most of whose letters are Russian ones
        if own > SHARE * letters * (0.1 if language == "kk" else 1):
            found.append(language)
    known = [about.languages for source in sources if (about := licences.known(source))]
    if known and len(known) == len(sources):
        found = [language for language in found if any(language in one for one in known)] or found
    return found


def _title(facts: Facts) -> str:
    whole = together(facts.counts.values())
    total, what = whole.samples, "lines" if whole.spans["length"][1] > 20 else "words"
    kind = "Stacked handwriting" if licences.run_of(facts.folder) else "Handwriting"
    return (
        f"# {facts.name.split('/')[-1]}\n\n{kind}: {total:,} pictures of {what} with their texts.\n\n"
        f"![samples with their texts and letter borders]({PREVIEW})\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        f'print(load_dataset("{facts.name}")["{next(iter(facts.counts))}"][0])\n```'
    )


def _splits(facts: Facts) -> str:
    rows = ["| split | pictures | writers | characters | width | height |", "|---|---:|---:|---:|---:|---:|"]
    for split, one in facts.counts.items():
        spans = (one.spans["width"], one.spans["height"])
        sizes = " | ".join(str(low) if low == high else f"{low}-{high}" for low, _, high in spans)
        writers = f"{len(one.writers):,}" if one.writers else "unknown"
        rows.append(f"| {split} | {one.samples:,} | {writers} | {one.characters.total():,} | {sizes} |")
    return "## Splits\n\n" + "\n".join(rows) + f"\n\n![characters, lengths, sizes, writers, splits]({PLOTS})"


def _characters(facts: Facts) -> str:
    found = sorted(together(facts.counts.values()).characters)
    signs = "".join(c for c in found if not c.isspace())
    fence = "`" * (max((len(run) for run in re.findall("`+", signs)), default=0) + 3)
    many = f"{len(found)} different ones, space included where it occurs:"
    return f"## Characters\n\n{many}\n\n{fence}text\n{signs}\n{fence}"


def _made(facts: Facts) -> str:
    """How the set was made: the run's own account, or what the folder's README says."""
    if run := licences.run_of(facts.folder):
        return "## How it was made\n\n" + _run(run)
    own = facts.folder / "README.md"
    text = own.read_text(encoding="utf-8") if own.is_file() else ""
    body = re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL).strip()
    body = re.sub(r"\A# .*", "", body).strip()
    made = f"Prepared with stackmix {stackmix.__version__}."
    return "## How it was made\n\n" + (f"{made}\n\n{_quoted(body)}" if body else made)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _run(run: dict[str, Any]) -> str:
    library = run["library"]
    command = run.get("command") or _command(run)
    facts = {
        "letters": f"library `{library.get('name', '')}` (sha256 `{library.get('sha256', '')}`), "
        f"cut from the {library.get('split', 'unknown')} split of {', '.join(library['sources'])}",
        "corpus": f"{run['corpus']['items']:,} items, sha256 `{run['corpus']['sha256']}`" if "corpus" in run else "",
        "photos of paper": ", ".join(
            f"`{paper['folder']}` (sha256 `{paper['sha256']}`)"
            for paper in run.get("paper") or []
            if isinstance(paper, dict)
        ),
        "letters never stacked": f"{run['rejects']['letters']:,}, sha256 `{run['rejects']['sha256']}`"
        if run.get("rejects")
        else "",
        "seed": str(run.get("seed", "")),
        "version": f"stackmix {run.get('stackmix', stackmix.__version__)}",
        "signs replaced": ", ".join(f"{pair}: {n:,}" for pair, n in (run.get("replaced") or {}).items()),
        "items left out": f"{run['skipped_items']:,}" if run.get("skipped_items") else "",
    }
    rows = "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)
    return f"Stacked from single letters of real or drawn handwriting:\n\n```sh\n{command}\n```\n\n{rows}"


def _command(run: dict[str, Any]) -> str:
    """The command line of a run, by the options that it has kept; it hasn't kept where its corpus lay."""
    words = ["stackmix generate --corpus CORPUS", f"--library {shlex.quote(str(run['library'].get('name', '')))}"]
    words += [f"--{name} {run[name]}" for name in ("unit", "count", "seed", "height") if run.get(name) is not None]
    for name, usual in USUAL.items():
        value = run.get(name, usual)
        value = ",".join(map(_paper, value)) if isinstance(value, list) else str(value)
        if value != usual:
            words.append(f"--{name} {shlex.quote(value)}")
    words += ["--balance"] if run.get("balanced") else []
    words += ["--skip-missing"] if run.get("skipped_items") else []
    return " ".join([*words, *(["--rejects REJECTS"] if run.get("rejects") else [])])


def _paper(name: Any) -> str:
    """A paper or an ink as the command line has it; of a folder of photos the run keeps its name and its hash."""
    return str(name["folder"]) if isinstance(name, dict) else str(name)


def _sources(facts: Facts) -> str:
    rows = ["| source | licence | may be published |", "|---|---|---|"]
    for source in facts.sources:
        about = licences.known(source)
        if about:
            free = "yes" if about.redistribute else "**no**"
            rows.append(f"| [{about.title}]({about.url}) | {about.licence} | {free} |")
        else:
            name = source or "unnamed"
            rows.append(f"| {name} | not known to stackmix: the publisher's own | the publisher says so |")
    return "## Sources and licences\n\n" + "\n".join(rows) + _warning(facts.sources)


def _warning(sources: list[str]) -> str:
    why = licences.refusal(sources)
    return f"\n\nThis set {why}. Who published it said to have the right to." if why else ""


MEANING = {
    "image": "the picture, as it was encoded",
    "text": "what is written, in NFC",
    "id": "unique in the set",
    "writer": "whose hand it is; of a stacked word, whose hand most pieces are",
    "source": "the data set it comes from; `stackmix` for a stacked one",
    "borders": "L+1 pixel columns of a text of L characters: character k covers columns borders[k] to borders[k+1]",
    "scores": "how sure each character's borders are, 0 to 1",
    "polygons": "the corners of each word's ink, in pixels",
    "page": "the page that it was cut from",
    "pieces": "of a stacked word: the source sample, the first character, how many, and the writer of each",
}


def _columns(facts: Facts) -> str:
    names = list(facts.columns) if facts.columns else []
    rows = [f"- `{name}`: {MEANING[name]}" for name in names if name in MEANING]
    return "## Columns\n\n" + "\n".join(rows) if rows else ""
