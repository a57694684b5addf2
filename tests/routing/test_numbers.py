"""Numbers as trunks, phones and spreadsheets write them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from callrouter.routing.numbers import LONGEST, mask, read

MOBILE = "+79161234567"
CITY = "+74951234567"


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        ("+79161234567", MOBILE),
        ("79161234567", MOBILE),
        ("89161234567", MOBILE),
        ("9161234567", MOBILE),
        ("+89161234567", MOBILE),
        ("0079161234567", MOBILE),
        ("81079161234567", MOBILE),
        ("  8 (916) 123-45-67 ", MOBILE),
        ("8\u00a0916\u2009123\u201345\u201167", MOBILE),
        ("\u202a+7 916 123 45 67\u202c", MOBILE),
        ("+7.916.123.45.67", MOBILE),
        ("sip:+79161234567@trunk.example;user=phone", MOBILE),
        ("SIPS:89161234567@[::1]:5061", MOBILE),
        ("tel:+7-916-123-45-67;phone-context=example.com", MOBILE),
        ("84951234567", CITY),
        ("4951234567", CITY),
        ("8 495 123-45-67 доб. 101", CITY),
        ("8 495 123-45-67 доб101", CITY),
        ("84951234567 ext. 101", CITY),
        ("84951234567x101", CITY),
        ("84951234567 х 101", CITY),
        ("84951234567,,101", CITY),
        ("84951234567#101", CITY),
        ("+74951234567;ext=101", CITY),
        ("8-800-200-06-00", "+78002000600"),
        ("810442079460958", "+442079460958"),
        ("00442079460958", "+442079460958"),
        ("442079460958", "+442079460958"),
        ("375291234567", "+375291234567"),
        ("+375 29 123-45-67", "+375291234567"),
        ("77012345678", "+77012345678"),
    ],
)
def test_a_number_is_made_e164_however_it_is_written(raw: str, e164: str) -> None:
    """Every usual spelling of a number is the same number."""
    number = read(raw, "RU")
    assert (number.e164, number.short, number.known) == (e164, None, e164)


@pytest.mark.parametrize(
    ("raw", "country", "e164"),
    [
        ("0301234567", "DE", "+49301234567"),
        ("49301234567", "DE", "+49301234567"),
        ("0049301234567", "DE", "+49301234567"),
        ("2125550123", "US", "+12125550123"),
        ("79161234567", "US", MOBILE),
        ("+89161234567", "ES", None),
        ("+89161234567", "XX", None),
        ("9161234567", "XX", None),
    ],
)
def test_the_scheme_says_which_country_is_meant(raw: str, country: str, e164: str | None) -> None:
    """A number without a country code belongs to the scheme's country; an unknown country gives no number."""
    assert read(raw, country).e164 == e164


@pytest.mark.parametrize("raw", ["10", "101", "112", "1234", "100200", " 101 ", "sip:100", "sip:100@192.0.2.1"])
def test_two_to_six_digits_are_an_internal_number(raw: str) -> None:
    """A short number is never mistaken for the tail of a long one."""
    number = read(raw, "RU")
    assert number.e164 is None
    assert number.short == number.known == "".join(sign for sign in raw.split("@", maxsplit=1)[0] if sign.isdigit())


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "anonymous",
        "Anonymous",
        "sip:anonymous@anonymous.invalid",
        "unknown",
        "restricted",
        "unavailable",
        "скрыт",
        "asterisk",
        "s",
        "7",
        "0",
        "00",
        "000000",
        "0000000000",
        "+",
        "+123",
        "1234567",
        "12345678901234567890123",
        "+7916123456",
        "+7+9161234567",
        "79161234567,79161234568",
        "79161234567 79161234568",
        "1-800-FLOWERS",
        "101,5",
        "*8",
        "#31#",
        "٧٩١٦١٢٣٤٥٦٧",
        "+7916123456\u0667",
        "8916' OR 1=1 --",
        "${EXTEN}",
        "79161234567&PJSIP/102",
        "79161234567\x00",
        "\ud800",
        "9" * 1000,
    ],
)
def test_what_is_not_a_number_is_nobody(raw: str) -> None:
    """Withheld, mistyped and hostile numbers identify nobody."""
    number = read(raw, "RU")
    assert (number.e164, number.short, number.known) == (None, None, None)


def test_the_characters_are_kept_in_a_form_that_can_be_stored() -> None:
    """What was written stays, without control characters and not endlessly."""
    assert read("8 (916) 123-45-67", "RU").raw == "8 (916) 123-45-67"
    assert read("a\x00b\nc\ud800", "RU").raw == "a\ufffdb\ufffdc\ufffd"
    assert read("1" * 500, "RU").raw == "1" * LONGEST


@given(st.text(), st.sampled_from(["RU", "DE", "US", "XX", ""]))
def test_no_text_is_too_strange_to_read(raw: str, country: str) -> None:
    """Whatever arrives, reading it gives a storable value with at most one meaning."""
    number = read(raw, country)
    assert number.e164 is None or number.short is None
    assert number.raw.encode().decode() == number.raw
    assert number.e164 is None or read(number.e164, country).e164 == number.e164


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        (None, "anonymous"),
        ("", "anonymous"),
        ("101", "101"),
        ("123456", "123456"),
        ("1234567", "12***67"),
        ("+79161234567", "+7916*****67"),
        ("+442079460958", "+4420******58"),
        ("sip:ivan@example.com", "sip:i*************om"),
    ],
)
def test_the_log_does_not_tell_who_called(number: str | None, masked: str) -> None:
    """A long number keeps its head and its last two digits; an internal one is nobody's secret."""
    assert mask(number) == masked
