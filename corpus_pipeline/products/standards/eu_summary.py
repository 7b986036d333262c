"""The public summary of training content that art. 53 (1) (d) of the EU AI Act asks for.

Enters: a release, and what the provider of a model says (`eu_summary` of the publisher config).
Leaves: the sections of the Commission's template (C(2025) 8311) with answers, as JSON and as HTML.
An answer that nobody gave is null, and `not stated` on the page; `no` is said only where every
document has a source of a recorded kind.  The summary is of a model: this covers what one release
gives to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from corpus_pipeline.products.standards.release import Release

_TEMPLATE = Path(__file__).parent / "templates" / "eu_summary.html.j2"
#: The bands of the template; one token is a byte at least, so that bytes bound their number.
_BANDS = ((1_000_000_000, "less than 1 billion"), (10_000_000_000_000, "1 billion to 10 trillion"))
_LARGEST = "more than 10 trillion"

Answer = str | list[str] | None
#: Questions with their answers; a section is those with its number and title.
Entries = list[tuple[str, Answer]]
Section = tuple[str, str, Entries]


def describe(release: Release) -> dict[str, Any]:
    """The summary as a value."""
    return {
        "template": "Explanatory Notice and Template, C(2025) 8311",
        "title": f"Summary of training content: {release.name}",
        "release": release.urn,
        "sections": [
            {"number": number, "title": title, "answers": [_answer(*one) for one in answers]}
            for number, title, answers in _sections(release)
        ],
    }


def _answer(question: str, answer: Answer) -> dict[str, Any]:
    return {"question": question, "answer": answer if answer not in ([], "") else None}


def render_json(release: Release) -> bytes:
    """The bytes of the JSON."""
    return (json.dumps(describe(release), ensure_ascii=False, indent=1) + "\n").encode()


def render_page(release: Release) -> bytes:
    """The bytes of the page."""
    return _template().render(summary=describe(release)).encode()


def _sections(release: Release) -> Iterable[Section]:
    yield from _general(release)
    yield "1.3", "Modalities, overall training data size and other characteristics", _size(release)
    yield "2", "List of data sources", []
    yield "2.1", "Publicly available datasets", _public(release)
    private = "Private non-publicly available datasets obtained from third parties"
    yield "2.2", private, _bought(release)
    yield "2.3", "Data crawled and scraped from online sources", _crawled(release)
    yield from _others(release)
    yield "3", "Data processing aspects", []
    yield from _processing(release)


def _general(release: Release) -> Iterable[Section]:
    said = release.publisher.eu_summary
    day, placed = said.last_update, said.placed_on_market
    version: Entries = [
        ("Version of the summary", said.summary_version),
        ("Last update", day.isoformat() if day else None),
    ]
    yield "1", "General information", version
    provider: Entries = [
        ("Provider name and contact details", said.provider),
        ("Authorised representative name and contact details", said.representative),
    ]
    yield "1.1", "Provider identification", provider
    model: Entries = [
        ("Versioned model names", list(said.models)),
        ("Model dependencies", said.dependencies),
        ("Date of placement on the Union market", placed.isoformat() if placed else None),
    ]
    yield "1.2", "Model identification", model


def _others(release: Release) -> Iterable[Section]:
    """Sources that are neither published, bought nor crawled."""
    users: Entries = [
        ("Was data from user interactions used?", _any(release, "user_input")),
        ("Services it was collected by", _of(release, "user_input", "service")),
    ]
    yield "2.4", "User data", users
    generated = "Was synthetic AI-generated data created by the provider or on their behalf used?"
    synthetic: Entries = [
        (generated, _any(release, "synthetic")),
        ("Models that generated it", _of(release, "synthetic", "aigc_model")),
    ]
    yield "2.5", "Synthetic data", synthetic
    rest: Entries = [
        ("Were other sources used?", _any(release, "public_data")),
        ("Description", _listed(release, "public_data")),
    ]
    yield "2.6", "Other sources of data", rest


def _size(release: Release) -> Entries:
    said = release.publisher.eu_summary
    return [
        ("Modality", "text"),
        ("Training data size (tokens)", _band(release)),
        ("Size that was counted", f"{release.rows} documents, {release.text_bytes} bytes of text"),
        ("Types of content", said.content_types),
        ("Latest date of data acquisition", max(release.collected, default=None)),
        (
            "Linguistic characteristics",
            [f"{name}: {number} documents" for name, number in sorted(release.by_language.items())],
        ),
        ("Additional comments", said.comments),
    ]


def _band(release: Release) -> str | None:
    """The band that the provider's count is in, or the one that bytes leave open."""
    tokens = release.publisher.eu_summary.tokens
    if tokens is None:
        known = release.text_bytes < _BANDS[0][0]
        return f"{_BANDS[0][1]} (a token being a byte at least)" if known else None
    return next((words for limit, words in _BANDS if tokens < limit), _LARGEST)


def _any(release: Release, *kinds: str) -> Answer:
    """Yes or no; nothing where the kind of a source is not recorded."""
    there = [str(one.get("kind", "unknown")) for one in release.sources]
    if any(kind in kinds for kind in there):
        return "yes"
    return None if "unknown" in there else "no"


def _of(release: Release, kind: str, key: str) -> list[str]:
    return sorted({str(s[key]) for s in release.sources if s.get("kind") == kind and key in s})


def _listed(release: Release, *kinds: str) -> list[str]:
    """Sources of these kinds with their names, addresses, licences and documents."""
    keys = ("organisation", "license", "url", "collected_at")
    return [
        "; ".join(
            [
                str(one.get("dataset") or one["name"]),
                *(f"{one[key]}" for key in keys if key in one),
                f"{release.by_source[str(one['name'])]} documents",
            ]
        )
        for one in release.sources
        if one.get("kind") in kinds
    ]


def _public(release: Release) -> Entries:
    said = release.publisher.eu_summary
    return [
        ("Were publicly available datasets used?", _any(release, "open")),
        ("Large datasets (over 3 % of all public text)", said.large_public_datasets),
        ("Datasets", _listed(release, "open")),
    ]


def _bought(release: Release) -> Entries:
    said = release.publisher.eu_summary
    return [
        (
            "Were datasets licensed by rightsholders or obtained from others?",
            _any(release, "commercial"),
        ),
        ("Which of them by transactional licences of rightsholders (2.2.1)", None),
        ("Other private datasets (2.2.2)", said.other_private_datasets),
        ("Datasets", _listed(release, "commercial")),
    ]


def _crawled(release: Release) -> Entries:
    said = release.publisher.eu_summary
    own = [one for one in release.sources if one.get("kind") == "self_collected"]
    tools = sorted({str(one["collection_tool"]) for one in own if "collection_tool" in one})
    used: Answer = _any(release, "self_collected")
    if used == "yes" and not tools and said.crawlers is None:
        used = None  # collected by the provider, but nobody recorded by what
    return [
        ("Were crawlers used by the provider or on their behalf?", used),
        ("Crawler names and identifiers", tools or said.crawlers),
        ("Behaviour of the crawlers", _of(release, "self_collected", "robots_review")),
        ("Period of data collection", _of(release, "self_collected", "collected_at")),
        ("Content and online sources", _listed(release, "self_collected")),
        ("Most relevant domain names (top 10 % by size)", said.domains),
    ]


def _reviews(release: Release, key: str) -> list[str]:
    """What records say of a review: its verdict with the day, or where it is kept."""
    found = []
    for source in release.sources:
        review = source.get(key)
        if isinstance(review, dict):
            what = f", {review['checked']}" if review.get("checked") else ""
            found.append(f"{source['name']}: {review['verdict']} ({review['date']}{what})")
        elif f"{key}_review" in source:
            found.append(f"{source['name']}: {source[f'{key}_review']}")
    return found


def _processing(release: Release) -> Iterable[Section]:
    said = release.publisher.eu_summary
    signed = {True: "yes", False: "no", None: None}[said.code_of_practice]
    yield (
        "3.1",
        "Respect of reservation of rights from text and data mining exception or limitation",
        [
            ("Signatory of the Code of Practice", signed),
            ("Measures before and during collection", said.opt_out_measures),
            ("Reviews of refusals on record", _reviews(release, "robots")),
            ("Reviews of opt-outs on record", _reviews(release, "opt_out")),
            ("Handling of requests to take out", sorted(set(release.each("refusals")))),
        ],
    )
    checks = [s for s in release.stages if s["name"] in {"compliance", "spam"}]
    yield (
        "3.2",
        "Removal of illegal content",
        [
            ("Measures", said.illegal_content_measures),
            (
                "Stages that look for it",
                [
                    f"{stage['name']} (version {stage['version']}): "
                    f"{release.dropped_by(str(stage['name']))} documents dropped"
                    for stage in checks
                ],
            ),
            (
                "Sources refused for their share of it",
                [str(one["source"]) for one in release.admission if one["verdict"] == "refused"],
            ),
        ],
    )
    yield (
        "3.3",
        "Other information (optional)",
        [
            ("Personal data", release.personal_data),
            (
                "Erasures on request",
                [f"{one['date']}: {one['documents']} documents" for one in release.erasures],
            ),
        ],
    )


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
