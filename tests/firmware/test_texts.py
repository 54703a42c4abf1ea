from __future__ import annotations

from elftools.elf.elffile import ELFFile

from pytest_arielml.firmware import Image
from pytest_arielml.firmware.texts import Texts


def test_a_sentence_is_found_where_it_begins(image: Image) -> None:
    texts = image.texts
    start = texts._bytes.index(b"\0no such import\0") + 1
    assert texts(start) == "no such import"


def test_a_number_that_no_sentence_begins_at_is_shown_as_such(image: Image) -> None:
    texts = image.texts
    start = texts._bytes.index(b"\0no such import\0") + 1
    for wrong in (0, start + 1, len(texts._bytes), -1, 1 << 31):
        assert "no sentence for" in texts(wrong)
        assert f"{wrong:#x}" in texts(wrong)


def test_sentences_take_no_flash(image: Image) -> None:
    # Had they been loaded, they would show among the names of the image.
    assert b"no such import" not in _loaded(image)
    assert Texts(image.elf)._bytes.count(b"\0") > 100


def _loaded(image: Image) -> bytes:
    with image.elf.open("rb") as stream:
        return b"".join(
            segment.data()
            for segment in ELFFile(stream).iter_segments()
            if segment["p_type"] == "PT_LOAD"
        )
