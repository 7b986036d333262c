"""Where a bucket is reached and by which rules: presets, the environment, keys, creating once."""

import re

import pytest
from s3 import KEY, SECRET, Fault, fault_proxy

from corpus_pipeline.io.fs import credentials, settings
from corpus_pipeline.io.fs.presets import presets, recognised
from corpus_pipeline.io.fs.settings import SCHEMES, client, connection, put_new, put_over
from corpus_pipeline.model import PipelineError

CLEAN = ("AWS_", "OSS_", "COS_", "OBS_", "TOS_", "CORPUS_PIPELINE_STORE")


@pytest.fixture
def env(monkeypatch, tmp_path):
    """An environment without stores, in which a test sets its own."""
    import os

    for name in list(os.environ):
        if name.startswith(CLEAN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    def use(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings._opened.cache_clear()

    use()
    yield use
    settings._opened.cache_clear()


@pytest.mark.parametrize(
    ("url", "variables", "preset", "address"),
    [
        ("s3://books", {}, "aws", "https://books.s3.us-east-1.amazonaws.com"),
        (
            "s3://books",
            {"AWS_REGION": "cn-north-1"},
            "aws_cn",
            "https://books.s3.cn-north-1.amazonaws.com.cn",
        ),
        (
            "oss://books",
            {"AWS_REGION": "cn-hangzhou"},
            "oss",
            "https://books.s3.oss-cn-hangzhou.aliyuncs.com",
        ),
        (
            "s3://books",
            {"AWS_ENDPOINT_URL": "https://oss-cn-beijing.aliyuncs.com"},
            "oss",
            "https://books.oss-cn-beijing.aliyuncs.com",
        ),
        (
            "cos://books-1250000000",
            {"AWS_REGION": "ap-beijing"},
            "cos",
            "https://books-1250000000.cos.ap-beijing.myqcloud.com",
        ),
        (
            "obs://books",
            {"AWS_REGION": "cn-north-4"},
            "obs",
            "https://books.obs.cn-north-4.myhuaweicloud.com",
        ),
        (
            "tos://books",
            {"AWS_REGION": "cn-beijing"},
            "tos",
            "https://books.tos-s3-cn-beijing.volces.com",
        ),
        (
            "s3://books",
            {"AWS_ENDPOINT_URL_S3": "https://store.example.org:9000"},
            "minio",
            "https://store.example.org:9000",
        ),
    ],
)
def test_a_preset_puts_the_bucket_where_the_cloud_wants_it(env, url, variables, preset, address):
    """Scheme, region or the endpoint's host choose the preset, which forms the address."""
    env(**variables)

    found = connection(*url.split("://"))

    assert (found.preset.name, found.address) == (preset, address)


def test_the_host_names_the_region(env):
    """A region in the endpoint wins over the one of the environment: signatures need it."""
    env(AWS_ENDPOINT_URL="https://oss-cn-beijing.aliyuncs.com", AWS_REGION="us-east-1")

    assert connection("s3", "books").region == "cn-beijing"


def test_two_presets_do_not_know_the_same_host():
    """The hosts that one preset shows as its own are known to no other."""
    for preset in presets().values():
        assert {recognised(host).name for host in preset.hits} == {preset.name}


def test_every_scheme_has_a_preset():
    """A scheme that `place` lets through has a connection."""
    assert set(SCHEMES) - {"s3", "gs"} <= set(presets())


@pytest.mark.parametrize(
    ("stores", "said"),
    [
        ("[{url: s3://books, preset: ozz}]", "no preset 'ozz'"),
        ("[{url: s3://books, secret: abc-0000}]", "'secret' is unknown"),
        ("[{url: s3://books, endpoint: store.example.org}]", "no URL such as"),
        ("[{url: s3://books, preset: oss}]", "set AWS_REGION"),
        ("[{url: s3://books, preset: minio}]", "set AWS_ENDPOINT_URL_S3"),
        ("/nowhere/stores.yaml", "cannot be read: No such file"),
        ("[{url: s3://books", "no list of stores"),
        ("- 7", "unknown, missing or no text"),
    ],
)
def test_settings_that_cannot_be_are_one_line(env, stores, said):
    """A fault in `CORPUS_PIPELINE_STORES` names a key or a variable, and tells no value."""
    env(CORPUS_PIPELINE_STORES=stores)

    with pytest.raises(PipelineError, match=re.escape(said)) as caught:
        connection("s3", "books")

    assert "abc-0000" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_stores_is_read(env, tmp_path):
    """`CORPUS_PIPELINE_STORES` may be the path of the YAML."""
    path = tmp_path / "stores.yaml"
    path.write_text("- {url: 's3://books', preset: oss, region: cn-hangzhou}\n", "utf-8")
    env(CORPUS_PIPELINE_STORES=str(path))

    assert connection("s3", "books").preset.name == "oss"
    assert connection("s3", "others").preset.name == "aws"


def test_keys_of_a_site_come_by_its_prefix(env, s3):
    """Two stores with different keys in one process; a token of the others' is not sent along."""
    bucket = s3.new_bucket()
    store = f"{{url: 's3://{bucket}', endpoint: '{s3.endpoint}', credentials: SITE_A}}"
    env(CORPUS_PIPELINE_STORES=f"[{store}]", AWS_SESSION_TOKEN="0" * 16)
    env(SITE_A_ACCESS_KEY_ID=KEY, SITE_A_SECRET_ACCESS_KEY=SECRET)

    assert put_new("s3", bucket, "a", b"1")


def test_missing_keys_are_named(env):
    """The variables to set are named: the site's, or the cloud's own."""
    env(CORPUS_PIPELINE_STORES="[{url: 's3://books', credentials: SITE_B}]", AWS_REGION="x")

    with pytest.raises(PipelineError, match="SITE_B_ACCESS_KEY_ID and SITE_B_SECRET_ACCESS_KEY"):
        client("s3", "books")
    with pytest.raises(PipelineError, match="OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET"):
        client("oss", "books")


@pytest.mark.usefixtures("env")
def test_a_profile_needs_boto3(tmp_path, monkeypatch):
    """A file of profiles without the library that reads it is said, not passed over."""
    (tmp_path / "none").write_text("[default]\n", "utf-8")
    monkeypatch.setattr(credentials.importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(PipelineError, match="need boto3"):
        client("s3", "books")


def test_the_first_creates_and_the_second_learns_it(env, s3):
    """`put_new` writes once: the same bytes a second time are no creation either."""
    bucket = s3.new_bucket()
    env(**s3.environment)

    assert [put_new("s3", bucket, "标记", data) for data in (b"1", b"1", b"2")] == [
        True,
        False,
        False,
    ]


def test_a_lost_answer_to_a_creation_is_no_refusal(env, s3):
    """The PUT got through, its answer did not, and the retry finds our own object: created."""
    bucket = s3.new_bucket()
    with fault_proxy(s3, Fault("lost", method="PUT")) as proxy:
        env(**proxy.environment)
        created = put_new("s3", bucket, "marker", b"ours")

    assert created
    assert proxy.struck() == ["lost"]


def test_a_lost_answer_does_not_claim_what_another_wrote(env, s3):
    """After a retry, an object with other bytes is another's."""
    bucket = s3.new_bucket()
    env(**s3.environment)
    put_new("s3", bucket, "marker", b"theirs")
    with fault_proxy(s3, Fault("lost", method="PUT")) as proxy:
        env(**proxy.environment)
        created = put_new("s3", bucket, "marker", b"ours")

    assert not created


def test_the_header_of_a_cloud_makes_a_put_create_only(env, s3):
    """The preset's own header is on the PUT that creates, and on no other request."""
    bucket = s3.new_bucket()
    with fault_proxy(s3) as proxy:
        store = f"{{url: 's3://{bucket}', preset: cos, endpoint: '{proxy.endpoint}', region: x}}"
        env(**s3.environment, CORPUS_PIPELINE_STORES=f"[{store}]")
        put_new("s3", bucket, "marker", b"1")
        client("s3", bucket).put("other", b"1")

    sent = [headers.get("x-cos-forbid-overwrite") for headers in proxy.headers]
    assert sent == ["true", None]


@pytest.mark.parametrize("preset", ["minio", "obs"])
def test_an_object_is_replaced_only_as_it_was_seen(env, s3, preset):
    """With `If-Match` and without: the tag of what stands replaces it, an old one does not."""
    bucket = s3.new_bucket()
    store = f"{{url: 's3://{bucket}', preset: {preset}, endpoint: '{s3.endpoint}', region: x}}"
    env(**s3.environment, CORPUS_PIPELINE_STORES=f"[{store}]")
    put_new("s3", bucket, "lock", b"1")
    old = client("s3", bucket).head("lock")["e_tag"]

    assert put_over("s3", bucket, "lock", b"2", old)
    assert not put_over("s3", bucket, "lock", b"3", old)
    assert not put_over("s3", bucket, "absent", b"3", old)
    assert bytes(client("s3", bucket).get("lock").bytes()) == b"2"
