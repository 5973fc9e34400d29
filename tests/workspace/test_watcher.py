from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstral_ls.workspace.watcher import Watcher

GENEROUS = 20.0  # seconds; what is waited for comes within milliseconds


class Changes:
    """What a watcher told, to be awaited."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Path] = asyncio.Queue()
        self.watcher = Watcher(self.queue.put_nowait)

    async def next(self) -> Path:
        return await asyncio.wait_for(self.queue.get(), GENEROUS)

    async def until(self, path: Path) -> None:
        while await self.next() != path:
            pass


@pytest.fixture
async def changes() -> Iterator[Changes]:  # type: ignore[misc]
    changes = Changes()
    yield changes
    changes.watcher.close()


def _write(path: Path) -> None:
    path.write_text("new")


def _replace(path: Path) -> None:
    path.with_name("temporary").write_text("new")
    path.with_name("temporary").replace(path)


def _remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [_write, _replace, _remove])
async def test_a_change_of_a_watched_file_is_told(
    tmp_path: Path, changes: Changes, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "a.py"
    path.write_text("old")
    changes.watcher.watch(path)
    change(path)
    assert await changes.next() == path


async def test_a_file_that_comes_into_being_is_told(tmp_path: Path, changes: Changes) -> None:
    changes.watcher.watch(tmp_path / "new.py")
    (tmp_path / "new.py").write_text("")
    assert await changes.next() == tmp_path / "new.py"


async def test_neighbours_are_not_told_and_an_unwatched_file_no_more(tmp_path: Path, changes: Changes) -> None:
    one, two, last = tmp_path / "one", tmp_path / "two", tmp_path / "last"
    for path in (one, two, last):
        changes.watcher.watch(path)
    changes.watcher.unwatch(two)
    (tmp_path / "neighbour").write_text("")
    two.write_text("")
    last.write_text("")
    assert await changes.next() == last
    changes.watcher.unwatch(last)
    one.write_text("")
    await changes.until(one)


async def test_a_file_behind_a_symlink_is_told_by_the_name_it_was_watched_under(
    tmp_path: Path, changes: Changes
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    changes.watcher.watch(tmp_path / "link" / "a.py")
    (tmp_path / "real" / "a.py").write_text("")
    assert await changes.next() == tmp_path / "link" / "a.py"


async def test_a_directory_that_is_not_there_is_logged_and_can_be_watched_later(
    tmp_path: Path, changes: Changes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "later" / "a.py"
    changes.watcher.watch(path)
    assert "not watched" in caplog.text
    path.parent.mkdir()
    changes.watcher.watch(path)
    path.write_text("")
    assert await changes.next() == path


async def test_a_directory_that_went_away_and_came_back_can_be_watched_again(tmp_path: Path, changes: Changes) -> None:
    path = tmp_path / "folder" / "a.py"
    path.parent.mkdir()
    path.write_text("")
    changes.watcher.watch(path)
    path.unlink()
    assert await changes.next() == path
    path.parent.rmdir()
    while not path.parent.exists() or changes.queue.empty():
        path.parent.mkdir(exist_ok=True)
        changes.watcher.watch(path)
        path.write_text("back")
        await asyncio.sleep(0)
    assert await changes.next() == path


async def test_closing_twice_and_unwatching_the_unknown_are_harmless(tmp_path: Path, changes: Changes) -> None:
    changes.watcher.unwatch(tmp_path / "never")
    changes.watcher.watch(tmp_path / "a")
    changes.watcher.close()
    changes.watcher.close()
    changes.watcher.unwatch(tmp_path / "a")


REFUSED = """
import asyncio, logging, os, resource, sys
from pathlib import Path
import watchdog.observers, watchdog.events
from devstral_ls.workspace.watcher import Watcher

async def main():
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stdout)
    watcher = Watcher(print)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))
    held = []
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        pass
    watcher.watch(Path(sys.argv[1]))
    watcher.unwatch(Path(sys.argv[1]))
    watcher.close()
    print("still here")

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="takes inotify its file descriptors away")
def test_a_system_that_refuses_to_watch_is_logged_and_survived(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", REFUSED, str(tmp_path / "a")], capture_output=True, text=True, check=False
    )
    assert ran.stdout.splitlines()[-1:] == ["still here"], ran.stderr
    assert f"WARNING {tmp_path / 'a'} is not watched for changes on disk: " in ran.stdout
    assert ran.stderr == ""
