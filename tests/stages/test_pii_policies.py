"""What `pii` puts in place of a value is what the policy of its type says, nothing of the key."""

import pytest
from frames import docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.model import PipelineError

KEY = "0123456789abcdef-of-a-test"
TEXT = "电话138-0000-0000，＋86 13800000000，邮箱zhang@example.com，身份证110101190001010014"
TYPES = ("mobile", "email", "resident_id", "bank_card", "qq", "wechat", "plate", "landline")
PIECES = [
    *("电话", "卡号", "身份证", "微信号:", "QQ", "，", " ", "-", "/", "****", "138", "<手机号>"),
    *("13800000000", "138 0000 0000", "110101190001010014", "6222000000000000004", "a@example.com"),
    *("abc_000000", "100000000", "沪A12345", "010-62000000", "联系人：张三", "0", "x"),
]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    """A key in an environment variable."""
    monkeypatch.setenv("TEST_PII_KEY", KEY)


def under(policy, text=TEXT, **options):
    return stage("pii", policy=dict.fromkeys(TYPES, policy), **options)(docs_of([text]))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("tag", TEXT),
        ("review", TEXT),
        ("keep", TEXT),
        ("redact", "电话<手机号>，<手机号>，邮箱<邮箱>，身份证<身份证号>"),
        ("drop", "电话<手机号>，<手机号>，邮箱<邮箱>，身份证<身份证号>"),
        ("mask", "电话138****0000，138****0000，邮箱z****@example.com，身份证110101****0014"),
    ],
)
def test_each_policy_writes_what_it_says(policy, expected):
    """Two writings of one number come out alike; only `keep` records nothing."""
    out = under(policy)
    assert out["text"][0] == expected
    assert out["pii_spans"].list.len()[0] == (0 if policy == "keep" else 4)


def test_a_pseudonym_is_one_for_all_writings_and_another_under_another_key(monkeypatch):
    """Every writing of a number has one code; another key gives another; the key is nowhere."""
    text = "电话138-0000-0000、１３８００００００００、幺三八零零零零零零零零，另13900000000"
    first = under("pseudonym", text, key_env="TEST_PII_KEY")["text"][0]
    codes = [part.partition(">")[0] for part in first.split("<手机号:")[1:]]
    assert len(codes) == 4
    assert len(set(codes)) == 2
    assert KEY not in first
    monkeypatch.setenv("TEST_PII_KEY", KEY[::-1])
    second = under("pseudonym", text, key_env="TEST_PII_KEY")["text"][0]
    assert not [code for code in codes if code in second]


def test_a_key_may_stand_in_a_file(tmp_path):
    """The same key gives the same codes, from a file as from the environment."""
    (tmp_path / "key").write_text(KEY + "\n")
    from_file = under("pseudonym", key_file=str(tmp_path / "key"))["text"][0]
    assert from_file == under("pseudonym", key_env="TEST_PII_KEY")["text"][0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "needs key_file or key_env"),
        ({"key_env": "TEST_PII_NO_KEY"}, "variable TEST_PII_NO_KEY holds no key"),
        ({"key_env": "TEST_PII_SHORT"}, "a key that is too short"),
        ({"key_file": "/absent/key"}, "the key file key cannot be read"),
        ({"key_env": "TEST_PII_KEY", "key_file": "key"}, "not both"),
    ],
)
def test_a_missing_key_is_one_clear_line(options, said, monkeypatch):
    """No key, a short one and two of them are refused before anything runs; no key is repeated."""
    monkeypatch.setenv("TEST_PII_SHORT", "abc")
    with pytest.raises(PipelineError, match=said) as refused:
        stage("pii", policy={"mobile": "pseudonym"}, **options)
    assert "\n" not in str(refused.value)
    assert KEY not in str(refused.value)


def test_drop_gives_a_verdict_without_the_value():
    """The document goes with its type as evidence; one that went before keeps its verdict."""
    docs = docs_of([TEXT, "平常的句子", TEXT], dropped_by=[None, None, "langid"])
    out = stage("pii", policy={"resident_id": "drop"})(docs)
    assert out["dropped_by"].to_list() == ["pii", None, "langid"]
    assert out["drop_rule"].to_list() == ["personal_resident_id", None, None]
    assert out["drop_evidence"][0] == "types=resident_id"
    assert not [text for text in out["text"] if "110101190001010014" in text]


def test_sensitivity_is_told_by_standard():
    """Cards are sensitive under both, identity numbers under one; a title counts as the text."""
    texts = ["卡号6222000000000000004", "身份证110101190001010014", "电话13800000000", "无", "无"]
    titles = [None, None, None, "卡号6222000000000000004", None]
    out = stage("pii")(docs_of(texts, title=titles))
    assert out["pii_sensitive_35273"].to_list() == [True, True, False, True, False]
    assert out["pii_sensitive_45574"].to_list() == [True, False, False, True, False]


def test_names_and_addresses_are_found_beside_a_number_alone():
    """A name and the street down to the door go with a number; alone, and in news, they stay."""
    out = stage("pii")(
        docs_of(
            [
                "收件人：张三，13800000000，浙江省杭州市西湖区文三路00号0幢000室",
                "张三在文三路开会。",
                "联系人：张三",
                "记者张三报道：热线010-62000000",
            ]
        )
    )
    assert out["text"].to_list() == [
        "收件人：<姓名>，<手机号>，浙江省杭州市西湖区<地址>",
        "张三在文三路开会。",
        "联系人：张三",
        "记者张三报道：热线<电话号码>",
    ]


def test_names_stay_where_the_policy_says_so():
    """`keep` switches linked names off, `tag` only records them."""
    text = "联系人：张三，电话13800000000"
    kept = stage("pii", policy={"name": "keep"})(docs_of([text]))
    told = stage("pii", policy={"name": "tag"})(docs_of([text]))
    assert kept["text"][0] == told["text"][0] == "联系人：张三，电话<手机号>"
    assert [len(row) for row in (kept["pii_spans"][0], told["pii_spans"][0])] == [1, 2]


@pytest.mark.parametrize("policy", ["mask", "pseudonym"])
def test_what_was_replaced_is_found_by_nobody_again(policy):
    """Running the stage on its own output changes nothing, whatever stands beside the values."""
    once = stage("pii", policy=dict.fromkeys(TYPES, policy), key_env="TEST_PII_KEY")

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
    def again(text):
        first = once(docs_of([text]))["text"].to_list()
        assert once(docs_of(first))["text"].to_list() == first

    again()
