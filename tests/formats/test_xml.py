import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.errors import TimelineError
from avm_otio.formats.xml import REPLACEMENT, can_hold, element_text, escaped, parsed


@given(st.text(st.characters(exclude_characters="\r"), max_size=20))
def test_a_reader_finds_the_text_again(text: str) -> None:
    found = ElementTree.fromstring(f"<a>{escaped(text)}</a>").text or ""
    if can_hold(text):
        assert found == text
    else:
        assert REPLACEMENT in found


@given(st.text(max_size=20))
def test_any_text_fits_an_attribute(text: str) -> None:
    node = ElementTree.fromstring(f'<a b="{escaped(text, one_line=True)}"/>')
    assert len(node.attrib["b"]) == len(text)


def test_control_characters_and_lone_surrogates_cannot_be_said() -> None:
    assert not can_hold("a\x00b")
    assert not can_hold("a\ud800b")
    assert escaped("a\x07\ud800") == f"a{REPLACEMENT * 2}"


def test_the_end_of_a_cdata_section_is_harmless() -> None:
    assert escaped("]]>") == "]]&gt;"


def test_a_doctype_alone_is_fine() -> None:
    assert parsed(b"<!DOCTYPE xmeml>\n<xmeml/>", "it").tag == "xmeml"


def test_an_element_is_written_as_it_stood() -> None:
    text = '<a b="1 &amp; 2">one&#13;two<c /></a>'
    assert element_text(parsed(f"<z>{text} </z>", "it")[0]) == text


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"),
        b"<a>",
        b"",
        b"\x00\x01",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>\xff</a>",
    ],
)
def test_what_is_broken_or_declares_entities_is_refused(document: bytes) -> None:
    with pytest.raises(TimelineError, match="it "):
        parsed(document, "it")
