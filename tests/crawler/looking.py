"""Looks at addresses in processes of their own, warm like those of tests.crawler.crawling."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from crawler.proposal.look import Looked, look, looking_source
from tests.crawler.crawling import NOW, PROCESSES, USER_AGENT, FileSink


def look_at(url: str, folder: Path, *, local: bool = True) -> Looked:
    """Return what a look at `url` gives; what it stores, which is nothing, would be in `folder`."""
    receiving, sending = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_look, args=(url, folder, local, sending))
    process.start()
    sending.close()
    looked: Looked = receiving.recv()
    process.join(30)
    return looked


def _look(url: str, folder: Path, local: bool, pipe: Connection) -> None:
    source = looking_source(url, local=local)
    pipe.send(look(source, FileSink(folder / "none.json"), user_agent=USER_AGENT, now=NOW))
