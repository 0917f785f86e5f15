"""Accounts from the environment and from gh."""

from pathlib import Path

from gis.collector.github.accounts import find_accounts


def test_accounts_come_from_the_environment(tmp_path: Path) -> None:
    accounts = find_accounts(
        {"GITHUB_TOKEN": "aaaaaaaaaaaa1111, bbbbbbbbbbbb2222", "GH_TOKEN": "aaaaaaaaaaaa1111", "PATH": ""}
    )
    assert [str(account) for account in accounts] == ["the token that ends in 1111", "the token that ends in 2222"]
    gh = tmp_path / "gh"
    gh.write_text("#!/bin/sh\necho token-of-gh-3333\n", encoding="utf-8")
    gh.chmod(0o755)
    assert [str(account) for account in find_accounts({"PATH": str(tmp_path)})] == ["the token that ends in 3333"]
    assert find_accounts({"PATH": ""}) == []
