import pytest

from avm_otio.errors import TimelineError
from avm_otio.formats.xml_in import element_text, parsed


def test_a_doctype_alone_is_fine():
    assert parsed(b"<!DOCTYPE xmeml>\n<xmeml/>", "it").tag == "xmeml"


def test_an_element_is_written_as_it_stood():
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
def test_what_is_broken_or_declares_entities_is_refused(document):
    with pytest.raises(TimelineError, match="it "):
        parsed(document, "it")
