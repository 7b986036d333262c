"""Text in lists, in several fields, and in the formats that many share."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError
from reading import read_all

from corpus_pipeline.io.readers.base import Fields, IngestOptions
from corpus_pipeline.io.readers.mappings import ALL, MAPPINGS, PLAIN
from corpus_pipeline.io.readers.paths import TextPath

TURNS = [{"from": "human", "value": "你好"}, {"from": "gpt", "value": "您好，有什么可以帮您？"}]
MESSAGES = [
    {"role": "system", "content": "你是助手。"},
    {"role": "user", "content": "看图"},
    {"role": "assistant", "content": None, "tool_calls": []},
]
PARTS = [{"type": "text", "text": "看图："}, {"type": "image_url", "image_url": {"url": "u"}}]
KNOWN = [
    ({"文件名": "a", "段落": [{"行号": 1, "内容": "一"}, {"行号": 2, "内容": "二"}]}, "一\n二"),
    ({"ID": 1, "主题": "题", "回复": [{"楼ID": "1", "回复": "甲"}, {"回复": "乙"}]}, "题\n甲\n乙"),
    ({"id": 1, "问": "几点？", "答": "三点。", "来源": "x"}, "几点？\n三点。"),
    ({"conversations": TURNS}, "你好\n您好，有什么可以帮您？"),
    ({"conversations": [{"role": "user", "content": "你好"}]}, "你好"),
    ({"conversation": [{"human": "问", "assistant": "答"}] * 2}, "问\n答\n问\n答"),
    ({"messages": MESSAGES}, "你是助手。\n看图"),
    ({"messages": [{"role": "user", "content": PARTS}]}, "看图："),
    ({"instruction": "翻译", "input": "水", "output": "water"}, "翻译\n水\nwater"),
    ({"instruction": "写诗", "input": "", "output": "春眠"}, "写诗\n春眠"),
    ({"instruction": "写诗", "output": "春眠"}, "写诗\n春眠"),
    ({"question": "几？", "answer": 3}, "几？\n3"),
    ({"question": "几？", "answer": ["三", "叁"]}, "几？\n三\n叁"),
    ({"prompt": "问", "response": "答"}, "问\n答"),
    ({"department": "内科", "title": "头疼", "ask": "怎么办", "answer": "休息"}, "怎么办\n休息"),
    (
        {"title": "静夜思", "paragraphs": ["床前明月光，", "疑是地上霜。"]},
        "床前明月光，\n疑是地上霜。",
    ),
    ({"text": ["一", "二"]}, "一\n二"),
    ({"text": [["一"], ["二"]]}, "一\n二"),
    ({"text": []}, ""),
    ({"段落": []}, ""),
    # What was a text before is the same text.
    ({"text": "正文", "conversations": TURNS}, "正文"),
    ({"content": "正文", "question": "一", "answer": "二"}, "正文"),
    ({"text": None, "question": "一", "answer": "二"}, "一\n二"),
    ({"a+b": "x", "question": "一", "answer": "二"}, "一\n二"),
    ({"data": {"text": "正文"}}, "正文"),
    # What is none stays none.
    ({"question": "几？"}, None),
    ({"段落": [{"行号": 1}], "x": 1}, None),
    ({"段落": "字"}, "字"),
    ({"conversations": "你好"}, None),
    ({"messages": [{"content": [{"a": 1}]}]}, None),
    ({"text": 5}, None),
    ({"text": [1, 2]}, None),
    ({"text": ["a", 2]}, None),
    ({"question": 1, "answer": [2]}, None),
    ({"x": ["a"]}, None),
]


@pytest.mark.parametrize(("row", "text"), KNOWN)
def test_text_is_found_without_a_setting(tmp_path, row, text):
    """The formats that many share, as JSON lines and as JSON; where there is no text it is said."""
    (tmp_path / "a.jsonl").write_text(json.dumps(row, ensure_ascii=False), "utf-8")
    (tmp_path / "b.json").write_text(json.dumps([row], ensure_ascii=False, indent=1), "utf-8")
    for name in ("a.jsonl", "b.json"):
        found = read_all(tmp_path / name)
        if text is None:
            assert (found.texts, found.reasons) == ([], ["no_text"])
        else:
            assert (found.texts, found.reasons) == ([text], [])


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": 1, "text": ["一", "二"]}, {"id": 2, "text": None}],
        [{"段落": [{"内容": "一", "行号": 1}, {"内容": "二", "行号": 2}]}, {"段落": None}],
        [{"conversations": [{"from": "h", "value": "一"}, {"from": "g", "value": "二"}]}, {}],
        [{"question": "一", "answer": "二"}, {"question": "一", "answer": None}],
        [{"messages": [{"role": "u", "content": "一"}, {"role": "a", "content": "二"}]}, {}],
        [{"instruction": "一", "input": "", "output": "二"}, {"instruction": "x"}],
        [{"data": {"text": "一\n二"}}, {"data": None}],
    ],
)
def test_lists_in_parquet(tmp_path, rows):
    """Lists of strings and of objects, and joined columns; a null is one quarantined record."""
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(tmp_path / "a.parquet")
    found = read_all(tmp_path)
    assert (found.texts, found.reasons) == (["一\n二"], ["no_text"])


def test_a_list_of_numbers_in_parquet_is_no_text(tmp_path):
    """A column `text` of numbers, of lists of numbers or of objects is one clear record."""
    for number, value in enumerate([5, [1, 2], {"a": "b"}]):
        pl.DataFrame({"text": [value]}).write_parquet(tmp_path / f"{number}.parquet")
    found = read_all(tmp_path)
    assert (found.texts, found.reasons) == ([], ["no_text"] * 3)


def test_columns_are_joined_in_tables(tmp_path):
    """Questions and answers of a table, whatever the case of the header."""
    (tmp_path / "a.csv").write_text("Question,Answer,n\n一,二,1\n三,,2\n", "utf-8")
    assert read_all(tmp_path).texts == ["一\n二", "三"]


def test_a_mapping_can_be_named(tmp_path):
    """A ready mapping takes the place of the candidates; the joiner is chosen."""
    row = {"text": "短", "conversations": TURNS, "问": "一", "答": "二"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row), "utf-8")
    assert read_all(tmp_path).texts == ["短"]
    chat = read_all(tmp_path, fields={"mapping": "sharegpt", "joiner": "||"})
    assert chat.texts == ["你好||您好，有什么可以帮您？"]
    assert read_all(tmp_path, fields={"mapping": "mnbvc"}).texts == ["一\n二"]
    assert read_all(tmp_path, fields={"mapping": "openai"}).reasons == ["no_text"]
    assert read_all(tmp_path, fields={"text": "conversations[].from"}).texts == ["human\ngpt"]
    with pytest.raises(ValidationError):
        IngestOptions(fields={"mapping": "mine"})


def test_every_mapping_is_tried_by_default():
    """Plain names come first, then all mappings; the default is nothing else."""
    assert Fields().texts == ALL
    assert set(ALL) == {*PLAIN, *(path for paths in MAPPINGS.values() for path in paths)}
    assert ALL[: len(PLAIN)] == PLAIN


@pytest.mark.parametrize(
    ("path", "row", "text"),
    [
        ("a", {"a": "x"}, "x"),
        ("a.b", {"a": {"b": "x"}}, "x"),
        ("a.b", {"a.b": "y", "a": {"b": "x"}}, "y"),
        ("a[].b[].c", {"a": [{"b": [{"c": "x"}, {"c": "y"}]}, {"b": [{"c": "z"}]}]}, "x|y|z"),
        ("a[]", {"a": ["x", None, "", "y"]}, "x|y"),
        ("a[].b", {"a": {"b": "x"}}, None),
        ("a+b", {"a": "x"}, None),
        ("a+b", {"a": "x", "b": ""}, "x"),
        ("a + b", {"a": "x", "b": "y"}, "x|y"),
        ("a[].(b+c)", {"a": [{"b": "x", "c": "y"}, {"c": "z"}]}, "x|y|z"),
        ("a[]+b.c", {"a": ["x"], "b": {"c": "y"}}, "x|y"),
        ("C++", {"C++": "x"}, "x"),
        ("..", {"..": "x"}, "x"),
        ("", {"": "x"}, "x"),
        ("text(zh)", {"text(zh)": "x"}, "x"),
    ],
)
def test_the_grammar_of_paths(path, row, text):
    """Objects, lists, lists of lists, joined fields, groups; a field of that very name wins."""
    assert TextPath(path, "|").of(row) == text


def test_the_page_lists_the_mappings():
    """docs/inputs.md has the paths of each mapping as the package has them."""
    page = (Path(__file__).parents[2] / "docs" / "inputs.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z]+)` \| (`.*) \|$", page, re.MULTILINE))
    assert {
        name: tuple(re.findall(r"`([^`]+)`", paths)) for name, paths in rows.items()
    } == MAPPINGS
