"""The tool that writes a WARC of any number of pages."""

import gzip
import io
import sys
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.make_big_warc import page_of, records

TITLED = '<html><head><TITLE lang="zh">新闻</TITLE></head><p>正文。</p></html>'.encode("gb18030")
BARE = "<p>没有标题的页面。</p>".encode()


def test_every_member_is_a_record_of_its_own():
    """The file is read by another library: as many records as asked for, all different."""
    pages = [page_of(TITLED, "gb2312"), page_of(BARE, None)]
    archive = b"".join(member for member, _ in records(pages, 7))
    found = [
        (record.headers["WARC-Target-URI"], record.record_id, record.reader.read())
        for record in ArchiveIterator(io.BytesIO(archive), record_types=WarcRecordType.response)
    ]

    assert len(found) == 7
    assert len({url for url, _, _ in found}) == len({number for _, number, _ in found}) == 7
    assert found[4][2] == TITLED.replace(b'"zh">', b'"zh">4 ')
    assert found[5][2] == b"5 " + BARE


def test_the_sizes_are_those_of_the_records():
    """The size beside a member is the record's before compression, head and tail included."""
    for member, size in records([page_of(TITLED, "gb2312")], 3):
        record = gzip.decompress(member)

        assert len(record) == size
        assert record.startswith(b"WARC/1.1\r\n")
        assert record.endswith(b"</html>\r\n\r\n")
