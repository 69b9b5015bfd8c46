import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from avm_otio.formats.xml_text import REPLACEMENT, escaped, is_sayable


@given(st.text(st.characters(exclude_characters="\r"), max_size=20))
def test_a_reader_finds_the_text_again(text: str) -> None:
    found = ElementTree.fromstring(f"<a>{escaped(text)}</a>").text or ""
    if is_sayable(text):
        assert found == text
    else:
        assert REPLACEMENT in found


@given(st.text(max_size=20))
def test_any_text_fits_an_attribute(text: str) -> None:
    node = ElementTree.fromstring(f'<a b="{escaped(text, one_line=True)}"/>')
    assert len(node.attrib["b"]) == len(text)


def test_control_characters_and_lone_surrogates_cannot_be_said() -> None:
    assert not is_sayable("a\x00b")
    assert not is_sayable("a\ud800b")
    assert escaped("a\x07\ud800") == f"a{REPLACEMENT * 2}"


def test_the_end_of_a_cdata_section_is_harmless() -> None:
    assert escaped("]]>") == "]]&gt;"
