"""CSV and TSV: a row is a document, one stray quote costs one line."""

import csv
import io

import pytest
from reading import read_all


def table(tmp_path, data: bytes | str, name: str = "a.csv", **options):
    (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return read_all(tmp_path / name, **options)


def test_rows_with_every_kind_of_quoting(tmp_path):
    """Quoted newlines, delimiters and quotes come back as they were written."""
    texts = ['一,"二"', "一\n\n二", "", '"', "末 "] * 20
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "TEXT", "url"])
    writer.writerows([i, text, "u"] for i, text in enumerate(texts))
    found = table(tmp_path, out.getvalue(), batch_bytes=2000)
    assert found.texts == [text.replace("\r\n", "\n") for text in texts]
    assert found.docs.get_column("source_id").to_list() == [str(i) for i in range(100)]
    assert found.reasons == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encoding_is_found(tmp_path, encoding):
    """UTF-8 with and without mark, GB18030 and what a spreadsheet calls Unicode."""
    found = table(tmp_path, "text\tlabel\r\n春眠不觉晓\t1\r\n".encode(encoding), "a.tsv")
    assert found.texts == ["春眠不觉晓"]


def test_bad_rows_cost_themselves(tmp_path):
    """Ragged rows and bad bytes are quarantined one by one."""
    data = "text,n\n一,1\n二\n三,3,3\n".encode() + b"\xe5\xff,4\n" + "五,5\n\n".encode()
    found = table(tmp_path, data)
    assert found.texts == ["一", "五"]
    assert found.reasons == ["ragged_row", "ragged_row", "bad_utf8"]


@pytest.mark.parametrize("tail", ["", 'x,"引文\n两行"\n'])
def test_a_stray_quote_costs_one_line(tmp_path, tail):
    """The rows after it are read, whether or not another quote follows."""
    rows = "".join(f"{i},第{i}行\n" for i in range(50))
    found = table(tmp_path, f'id,text\n7,"没有结束\n{rows}{tail}')
    assert found.texts == [f"第{i}行" for i in range(50)] + (["引文\n两行"] if tail else [])
    assert len(found.reasons) == 1


def test_columns_may_be_named_by_the_options(tmp_path):
    """A table without a header; a table without a text column is one clear record."""
    found = table(tmp_path, "1;一\n2;二\n", csv_columns=["id", "text"])
    assert found.texts == ["一", "二"]
    found = table(tmp_path, "a,b\n1,2\n")
    assert (found.docs.height, found.reasons) == (0, ["no_text"])
    assert "among 2 (known: none)" in found.bad.item(0, "detail")


def test_a_single_column_is_the_text(tmp_path):
    """Whatever its header says."""
    assert table(tmp_path, "评论\n好\n坏\n").texts == ["好", "坏"]


def test_a_large_row_is_quarantined(tmp_path):
    """A text over the limit, and a line far over it."""
    found = table(tmp_path, f"text,n\n{'a' * 2000},1\n{'b' * 2_000_000},2\nc,3\n",
                  max_document_bytes=1000)  # fmt: skip
    assert found.texts == ["c"]
    assert found.reasons == ["document_too_large"] * 2


def test_a_real_table_is_read(data_dir):
    """COLDataset: every row has a text."""
    found = read_all(data_dir / "toxic" / "cold_dev.csv.zst")
    assert (found.docs.height, found.reasons) == (6431, [])
