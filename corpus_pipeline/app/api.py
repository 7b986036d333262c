"""The public functions: what the command line does, for Python.

Enters: configs (a path, a mapping or a `Config`), paths, options.  Leaves: finished runs, plans,
findings, and stages to call on frames.  Nothing is printed.  What a user can mend is raised as
`corpus_pipeline.PipelineError`, in one clear line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_pipeline.app import execute
from corpus_pipeline.app.config import Config, load
from corpus_pipeline.app.config_errors import nearest
from corpus_pipeline.app.execute import quiet
from corpus_pipeline.app.how import How
from corpus_pipeline.app.plan import preview
from corpus_pipeline.app.results import IndexSummary, Run, open_run
from corpus_pipeline.io.fs import place
from corpus_pipeline.model import PipelineError
from corpus_pipeline.stages import STAGES
from corpus_pipeline.tasks.base import OnDone

if TYPE_CHECKING:
    from corpus_pipeline.app.frames import FrameStage
    from corpus_pipeline.products.audit.result import AuditResult
    from corpus_pipeline.products.verify.chain import Finding

__all__ = ["IndexSummary", "Run", "audit", "index", "open_run", "plan", "run", "stage", "verify"]

ConfigLike = str | Path | Mapping[str, Any] | Config
Paths = str | Path | Sequence[str | Path]
Settings = Mapping[str, Any] | Sequence[str]


def run(
    config: ConfigLike,
    *,
    inputs: Paths,
    output: str | Path,
    settings: Settings = (),
    engine: str = "ray",
    workers: int | None = None,
    address: str | None = None,
    against: Paths = (),
    overwrite: bool = False,
    export: bool = True,
    on_done: OnDone = quiet,
) -> Run:
    r"""Run a whole pipeline; an interrupted one continues where it stopped.

    `config`: a YAML file, a mapping or a `Config`; `settings`: values over it by dotted key.
    `inputs`: files, folders, globs or @lists; `output`: the folder to write.
    `engine`: `ray` with `workers` tasks at once (or the cluster at `address`), or `local`.
    `against`: indexes; what they hold is dropped.  `export`: write the dataset as well.
    `on_done`: called as tasks finish: phase, tasks done, tasks in all, result.

    >>> import json, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> home = Path(folder.name)
    >>> line = json.dumps({"text": "今天的新闻说，城市治理要靠数据，也要靠常识。"}) + "\n"
    >>> _ = (home / "in.jsonl").write_text(line * 2)
    >>> config = {"stages": ["langid", "exact_dedup"]}
    >>> finished = run(config, inputs=home / "in.jsonl", output=home / "out", engine="local")
    >>> finished.counts["kept"], finished.counts["by_rule"]
    (1, {'exact_dedup/exact_duplicate': 1})
    >>> finished.verify()
    []
    >>> folder.cleanup()
    """
    return execute.run_pipeline(
        load(config, settings),
        _paths(inputs),
        place(output),
        How(engine, workers, address, overwrite),
        against=[place(path) for path in _paths(against)],
        exports=export,
        on_done=on_done,
    )


def plan(config: ConfigLike, *, inputs: Paths, settings: Settings = ()) -> dict[str, Any]:
    """What a run would read, do and cost: splits, stages, assets, disk, memory, core-hours.

    Sizes are in MB (10⁶ bytes).  The inputs are read once, to measure them; nothing is written.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "in.jsonl"
    >>> _ = path.write_text('{"text": "路灯"}')
    >>> figures = plan({"stages": ["langid", "pii"]}, inputs=path)
    >>> figures["stages"], figures["splits"]
    (['langid', 'pii'], 1)
    >>> folder.cleanup()
    """
    return preview(load(config, settings), _paths(inputs))


def index(
    inputs: Paths,
    *,
    output: str | Path,
    config: ConfigLike | None = None,
    settings: Settings = (),
    engine: str | None = None,
    workers: int | None = None,
    address: str | None = None,
    overwrite: bool = False,
    on_done: OnDone = quiet,
) -> IndexSummary:
    """Index what earlier runs kept, for `run(…, against=…)`: later deliveries drop what is in it.

    `inputs`: folders of finished runs.  `config` must have the options of the runs to come.
    Or folders of indexes: they are merged into one, and one alone is compacted.
    """
    how = How(engine, workers, address, overwrite)
    asked = load(config, settings) if config is not None or settings else None
    return execute.make_index(asked, _paths(inputs), place(output), how, on_done=on_done)


def verify(
    path: str | Path, inputs: str | Path | None = None, *, keys: Paths = ()
) -> list[Finding]:
    """Recompute every digest and count of a run, an index or a dataset; an empty list = clean.

    `inputs`: a folder whose files are hashed as well; `keys`: files of public keys, one of which
    must have signed (`corpus-pipeline sign`).
    """
    from corpus_pipeline.products.verify.chain import verify as verify_folder

    given = None if inputs is None else place(inputs)
    return verify_folder(place(path), given, [place(key) for key in _paths(keys)])


def audit(
    path: str | Path,
    profile: str | Path = "house",
    *,
    results: Sequence[str | Path] = (),
    documents: str | Path | None = None,
    waivers: str | Path | None = None,
    baseline: str | Path | None = None,
    fail_on: str = "required",
    day: str | None = None,
    supervision: str | None = None,
    plan: str | Path | None = None,
    register: str | Path | None = None,
) -> AuditResult:
    """Check a finished run against a profile: a packaged one by name, or a YAML file.

    `results`: files of what people found in samples; `documents`: an index of documents;
    `waivers`: waivers and statements; `baseline`: an earlier audit; `fail_on`: the least binding
    level that counts; `day`: the day on which documents and waivers must be in force (today).
    `supervision`: `pilot`, with its `plan`, or `release`; `register`: the register in which such an
    audit is entered, which needs a `day`.
    `result.exit_code` is 0 where every clause that counts is met (`result.passed`), 1 where one is
    not, 3 where one was not checked; `result.clauses` says which and why.
    """
    from corpus_pipeline.products.audit.run import audit as audit_run
    from corpus_pipeline.products.audit.run import options_of

    papers = {"documents": documents, "waivers": waivers, "baseline": baseline, "plan": plan}
    files = {name: None if file is None else place(file) for name, file in papers.items()}
    options = options_of(fail_on, day, [place(file) for file in results], files, supervision)
    if register is None:
        return audit_run(place(path), profile, options)
    from corpus_pipeline.products.audit.register import entered, fit

    entry = fit(place(register), place(path), supervision, day)
    return entered(entry, audit_run(place(path), profile, options))


def stage(name: str, **options: Any) -> FrameStage:
    """One stage with its options, to be called on any Polars frame with a column `text`.

    The result has the same rows in the same order: all your columns, the text as the stage leaves
    it, the columns of the stage, and a verdict that is null where the document is kept.

    >>> import polars as pl
    >>> frame = pl.DataFrame({"my_id": [7], "text": ["联系邮箱zhangsan@example.cn，谢谢。"]})
    >>> out = stage("pii")(frame)
    >>> out.columns[:3]
    ['my_id', 'text', 'pii_spans']
    >>> out["text"].item()
    '联系邮箱<邮箱>，谢谢。'
    >>> twice = pl.DataFrame({"text": ["同样的一段话。", "另一段话。", "同樣的一段話"]})
    >>> stage("exact_dedup")(twice).select("dropped_by", "drop_evidence").rows()
    [(None, None), (None, None), ('exact_dedup', 'of=0')]
    """
    from corpus_pipeline.app.frames import FrameStage

    key = name.replace("-", "_")
    if key not in STAGES:
        raise PipelineError(f"unknown stage {name!r}{nearest(key, STAGES)}")
    return FrameStage(load({key: options}, only=key).spec(key))


def _paths(paths: Paths) -> list[str]:
    """One path or several as a list of strings, as a user would type them."""
    several = [paths] if isinstance(paths, str | Path) else paths
    return [str(path) for path in several]
