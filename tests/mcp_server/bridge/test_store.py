"""Where tokens are kept, and from whom."""

import asyncio
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_server.bridge import vaults
from mcp_server.bridge.authorization import Grant
from mcp_server.bridge.store import Store, servers_kept
from mcp_server.bridge.trouble import StoreRefused

ORIGIN = "https://movmo.example"
GRANT = Grant("bridge-1", "access", "refresh", 1_900_000_000.5, frozenset({"flights:read"}))


@pytest.fixture
def file(tmp_path: Path) -> vaults.File:
    return vaults.File(tmp_path / vaults.file_name(ORIGIN))


@pytest.fixture
def store(file: vaults.File, tmp_path: Path) -> Store:
    return Store(file, tmp_path, ORIGIN)


class Ring:
    """A keyring; `broken` makes it refuse, as one that is locked does."""

    def __init__(self, *, broken: bool = False) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.broken = broken

    def get_keyring(self) -> Any:
        return SimpleNamespace(name="a ring", priority=5)

    def get_password(self, service: str, name: str) -> str | None:
        return self.held.get((service, name))

    def set_password(self, service: str, name: str, text: str) -> None:
        if self.broken:
            raise RuntimeError("locked\nfor good")
        self.held[service, name] = text

    def delete_password(self, service: str, name: str) -> None:
        del self.held[service, name]


def test_what_is_kept_comes_back(store: Store) -> None:
    async def conversation() -> list[Grant | None]:
        nothing = await store.read()
        await store.write(GRANT)
        kept = await store.read()
        await store.delete()
        await store.delete()
        return [nothing, kept, await store.read()]

    assert asyncio.run(conversation()) == [None, GRANT, None]


def test_a_file_is_its_owners_from_the_first_byte(file: vaults.File, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file.write("secret")
    finally:
        os.umask(before)
    [path] = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name == "https_movmo.example.json"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_can_open_is_refused_with_a_mend(file: vaults.File, mode: int) -> None:
    file.write("secret")
    path = Path(file.name)
    path.chmod(mode)
    with pytest.raises(StoreRefused, match="chmod 600"):
        file.read()
    path.chmod(0o600)
    assert file.read() == "secret"


def test_a_link_in_the_place_of_the_file_is_not_followed(file: vaults.File, tmp_path: Path) -> None:
    target = tmp_path / "somebody-elses"
    target.write_text("secret")
    target.chmod(0o600)
    Path(file.name).symlink_to(target)
    with pytest.raises(StoreRefused):
        file.read()
    file.write("mine")
    assert target.read_text() == "secret"
    assert file.read() == "mine"


def test_something_else_in_the_place_of_the_file_does_not_hang(file: vaults.File) -> None:
    os.mkfifo(file.name, 0o600)
    with pytest.raises(StoreRefused, match="no plain file"):
        file.read()


def test_a_folder_that_others_can_look_into_is_refused_with_a_mend(tmp_path: Path) -> None:
    place = tmp_path / "a" / "movmo-mcp"
    vaults.prepare(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    place.chmod(0o755)
    with pytest.raises(StoreRefused, match="chmod 700"):
        vaults.prepare(place)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreRefused, match="XDG_CONFIG_HOME"):
        vaults.prepare(tmp_path / "file" / "movmo-mcp")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"client_id": 1}', '{"expires_at": "soon"}', "\x00" * 70_000])
def test_what_cannot_be_read_counts_as_signed_out(store: Store, file: vaults.File, text: str) -> None:
    file.write(text)
    assert asyncio.run(store.read()) is None


def test_a_writer_that_fails_leaves_the_old_text_and_nothing_else(
    file: vaults.File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreRefused, match="No space left"):
        file.write("new")
    assert file.read() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_one_lock_is_held_by_one(store: Store) -> None:
    """By two openings of the same file, which is what two processes have."""
    order: list[str] = []

    async def one(name: str) -> None:
        async with store.alone("tokens"):
            order.append(f"{name} in")
            await asyncio.sleep(0.01)
            order.append(f"{name} out")

    async def all_of_them() -> None:
        async with store.alone("sign-in"):  # the other lock is another lock
            await asyncio.gather(*[one(name) for name in "abc"])

    asyncio.run(all_of_them())
    assert [step.split()[1] for step in order] == ["in", "out"] * 3


def test_a_lock_goes_with_whoever_fails(store: Store) -> None:
    async def fail() -> None:
        async with store.alone("tokens"):
            raise ValueError

    async def then() -> None:
        with pytest.raises(ValueError):
            await fail()
        async with asyncio.timeout(1), store.alone("tokens"):
            pass

    asyncio.run(then())


def test_a_keyring_comes_first_and_the_file_is_left_empty(tmp_path: Path) -> None:
    ring = Ring()
    vaults.File(tmp_path / vaults.file_name(ORIGIN)).write("older")
    vault = vaults.vault(ORIGIN, tmp_path, keyring=ring)
    assert vault.name == "the keyring (a ring)"
    assert vault.read() == "older"
    vault.write("text")
    assert ring.held == {("movmo-mcp", ORIGIN): "text"}
    assert list(tmp_path.iterdir()) == []
    assert vault.read() == "text"
    vault.delete()
    vault.delete()
    assert vault.read() is None


def test_a_keyring_that_takes_nothing_leaves_it_to_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ring = Ring()
    vault = vaults.vault(ORIGIN, tmp_path, keyring=ring)
    vault.write("old")
    ring.broken = True
    vault.write("new")
    assert vault.read() == "new"
    assert ring.held == {}
    assert "(RuntimeError: locked for good); a file keeps them" in capfd.readouterr().err


@pytest.mark.parametrize("origin", ["https://movmo.example", "https://movmo.example:8443", "http://[::1]:8000"])
def test_what_is_kept_is_found_again_in_a_keyring_too(tmp_path: Path, origin: str) -> None:
    ring = Ring()

    async def conversation() -> list[list[str]]:
        store = Store(vaults.vault(origin, tmp_path, keyring=ring), tmp_path, origin)
        async with store.alone("tokens"):
            await store.write(GRANT)
        kept = servers_kept(tmp_path, ring)
        await store.delete()
        return [[server.origin for server in one] for one in (kept, servers_kept(tmp_path, ring))]

    assert asyncio.run(conversation()) == [[origin], []]


@pytest.mark.parametrize(
    ("variables", "platform", "expected"),
    [
        ({"XDG_CONFIG_HOME": "/c"}, "linux", "/c/movmo-mcp"),
        ({"HOME": "/h"}, "linux", "/h/.config/movmo-mcp"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Application Support/movmo-mcp"),
    ],
)
def test_the_folder_is_where_the_platform_keeps_settings(
    variables: dict[str, str], platform: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert str(vaults.folder()) == expected
