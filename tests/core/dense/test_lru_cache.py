"""A bounded memory, also of values that take none themselves."""

from __future__ import annotations

from core.dense.lru_cache import ENTRY_BYTES, LruCache


def test_what_was_unused_for_longest_goes_first():
    recent: LruCache[str, int] = LruCache(3 * (ENTRY_BYTES + 1000), lambda value: value)
    for name in "abc":
        recent.put(name, 1000)
    assert recent.get("a") == 1000
    recent.put("d", 1000)
    assert [name for name in "abcd" if name in recent] == ["a", "c", "d"]


def test_entries_without_a_size_of_their_own_are_bounded_too():
    recent: LruCache[int, int] = LruCache(10 * ENTRY_BYTES, lambda value: 0)
    for number in range(1000):
        recent.put(number, 0)
    assert sum(number in recent for number in range(1000)) == 10


def test_one_value_is_kept_whatever_its_size():
    recent: LruCache[str, int] = LruCache(1, lambda value: value)
    recent.put("large", 10**9)
    assert "large" in recent
