"""Check digits hold for made-up identifiers and break with any one digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_pipeline.text.pii import identifiers as checksums


@given(
    st.sampled_from(sorted(checksums.PROVINCES - {"71", "81", "82", "83"})),
    st.dates(min_value=__import__("datetime").date(1900, 1, 1)).filter(lambda d: d.year < 2029),
    st.integers(1, 999),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_one_changed_digit_breaks_a_resident_id(province, born, sequence, place, shift):
    """MOD 11-2 notices every single wrong digit."""
    first = f"{province}0101{born:%Y%m%d}{sequence:03}"
    value = first + checksums.ric_check_digit(first)
    assert checksums.resident_id(value)
    wrong = value[:place] + str((int(value[place]) + shift) % 10) + value[place + 1 :]
    assert not checksums.resident_id(wrong)


@given(st.text(alphabet="0123456789", min_size=12, max_size=18))
def test_exactly_one_check_digit_satisfies_luhn(digits):
    """Of the ten possible last digits one holds."""
    assert sum(checksums.luhn(digits + str(last)) for last in range(10)) == 1


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (checksums.resident_id, "000101190001010014"),
        (checksums.resident_id, "１１０１０１１９０００１０１００１４"),
        (checksums.resident_id_15, "11010100010100"),
        (checksums.credit_code, "91110000MI00000077"),
        (checksums.organisation_code, "ma0000007"),
        (checksums.hong_kong_id, "A12345(3)"),
        (checksums.taiwan_id, "a100000001"),
        (checksums.vehicle_number, "LSVAA0000I0000001"),
        (checksums.luhn, ""),
    ],
)
def test_malformed_values_are_refused_without_an_error(check, value):
    """A value of the wrong shape is no identifier; it is no exception either."""
    assert value == "" or not check(value)


@given(st.text(max_size=20))
def test_no_text_raises(text):
    """Any text may be asked about."""
    for check in (
        checksums.resident_id,
        checksums.resident_id_15,
        checksums.credit_code,
        checksums.organisation_code,
        checksums.hong_kong_id,
        checksums.taiwan_id,
        checksums.vehicle_number,
        checksums.luhn,
    ):
        assert check(text) in {True, False}
