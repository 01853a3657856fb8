"""The analyser of a process that runs for weeks: it has whatever models are in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nlp.analyser import Analyser
from nlp.model_shelf import ModelKind, ModelShelf
from records.analysis import Analysis
from records.post import Post


class LiveAnalyser:
    """Like an Analyser; looks at each call whether other models were promoted, and reads those then."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._promoted: Mapping[ModelKind, tuple[str, ...]] = {}
        self._analyser: Analyser | None = None

    @property
    def model_version(self) -> str:
        return self._current().model_version

    def analyse(self, posts: Sequence[Post]) -> list[Analysis]:
        """Return one Analysis for each post, in the same order."""
        return self._current().analyse(posts)

    def _current(self) -> Analyser:
        promoted = ModelShelf(self._models).promoted()
        if self._analyser is None or promoted != self._promoted:
            self._analyser, self._promoted = Analyser.load(self._models), promoted
        return self._analyser
