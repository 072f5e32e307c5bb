"""Occurrences go into blocks and come out as they went in; trigram bitmaps never deny what is there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from xref.index import packing
from xref.index import trigrams

_SYMBOLS = st.integers(1, 2**31 - 1)
_ROW = st.tuples(
    st.sampled_from([1, 2, 3, 250, 260, 70_000, 2**31 - 1]),  # symbol
    st.integers(0, 2**31 - 1),  # blob
    st.integers(1, 300_000),  # line
    st.integers(1, 60_000_000),  # column
    st.integers(0, 7),  # kind
    st.integers(0, 2**31 - 1),  # scope
)


def _sorted(rows):
    table = np.array(sorted(rows), np.int32).reshape(-1, 6)
    return table[:, 0], table[:, 1:]


@given(st.lists(_ROW, max_size=60))
def test_what_is_packed_comes_out(rows):
    symbol, columns = _sorted(rows)
    blocks = list(packing.pack(symbol, columns))
    symbols, tables = [np.zeros(0, np.int32)], [np.zeros((0, 5), np.int32)]
    for block in blocks:
        opened = packing.Unpacked(block.first, block.data)
        some, table = opened.everything()
        assert (some[0], some[-1]) == (block.first, block.last)
        symbols.append(some)
        tables.append(table)
    assert np.concatenate(symbols).tolist() == symbol.tolist()
    assert np.concatenate(tables).tolist() == columns.tolist()


@given(st.lists(_ROW, min_size=1, max_size=40))
def test_each_symbol_is_found_alone(rows):
    symbol, columns = _sorted(rows)
    opened = [packing.Unpacked(block.first, block.data) for block in packing.pack(symbol, columns)]
    for wanted in {*symbol.tolist(), 4, 2**31 - 2}:
        found = [uses for block in opened if (uses := block.uses(wanted)) is not None]
        rows_out = [row for uses in found for row in np.stack(uses, axis=1).tolist()]
        assert rows_out == columns[symbol == wanted].tolist()


@settings(max_examples=10)
@given(st.integers(1, 4 * packing.BLOCK), st.integers(1, 6))
def test_blocks_are_cut_between_symbols_alone(count, different):
    symbol = np.sort(np.arange(count, dtype=np.int32) % different)
    columns = np.zeros((count, 5), np.int32)
    columns[:, 0] = np.arange(count)
    columns = columns[np.lexsort((columns[:, 0], symbol))]
    blocks = list(packing.pack(symbol, columns))
    assert [block.first for block in blocks] == sorted({block.first for block in blocks})
    assert all(one.last < other.first for one, other in pairwise(blocks))
    total = sum(len(packing.Unpacked(block.first, block.data).everything()[0]) for block in blocks)
    assert total == count


def _rows_with(bitmaps: list[bytes], literal: bytes) -> list[int]:
    """The shards that can hold this string, as text.py asks for them."""
    bands = dict(trigrams.bands(bitmaps))
    bits = np.full((len(bitmaps) + 7) // 8, 255, np.uint8)
    for number in trigrams.hashes(literal).tolist():
        bits &= trigrams.rows_of(bands[number // trigrams.BAND])[number % trigrams.BAND]
    return np.flatnonzero(np.unpackbits(bits)[: len(bitmaps)]).tolist()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=10), st.data())
def test_no_substring_is_denied(texts, data):
    bitmaps = [trigrams.bitmap([text]) for text in texts]
    place = data.draw(st.integers(0, len(texts) - 1))
    text = texts[place]
    start = data.draw(st.integers(0, len(text)))
    part = text[start : data.draw(st.integers(start, len(text)))]
    assert place in _rows_with(bitmaps, part)
    assert place in _rows_with(bitmaps, part.swapcase())


@given(st.binary(max_size=200), st.integers(0, 190), st.integers(0, 190))
def test_a_part_has_no_trigram_that_the_whole_lacks(text, low, high):
    part = text[low:high]
    assert set(trigrams.hashes(part).tolist()) <= set(trigrams.hashes(text).tolist())


def test_nothing_has_no_bands():
    assert list(trigrams.bands([])) == []
    assert trigrams.hashes(b"ab").tolist() == []
