"""Hashes of values and files."""

import hashlib
from pathlib import Path

import pytest

from gis.hashes import sha256_of, sha256_of_file

ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1


def test_equal_values_hash_alike_whatever_the_order_of_keys() -> None:
    assert sha256_of({"a": 1, "b": [1, {"x": "é", "y": None}]}) == sha256_of({"b": [1, {"y": None, "x": "é"}], "a": 1})


def test_the_hash_of_a_value_is_that_of_its_compact_json() -> None:
    assert sha256_of({"b": "é", "a": [1, True]}) == hashlib.sha256(b'{"a":[1,true],"b":"\\u00e9"}').hexdigest()


@pytest.mark.parametrize(("one", "other"), [([1, 2], [2, 1]), ({"a": 1}, {"a": "1"}), ("", None), (["ab"], ["a", "b"])])
def test_different_values_have_different_hashes(one: object, other: object) -> None:
    assert sha256_of(one) != sha256_of(other)


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"abc")
        assert sha256_of_file(tmp_path / name) == ABC_SHA256
