"""The rules of an installation as people change them: checked, tried out on the past, each version kept.

A change goes live only after a backtest of just that content, unless forced. Whoever edits a file in place
has forced it; the next round notices, and keeps that version too.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import unified_diff
from pathlib import Path

from alerts.reasons import checked_reason
from alerts.rule_types import Rule
from alerts.rules import RuleSet, load_rule, load_rules
from alerts.trials import Trial
from alerts.yaml_file import FileError
from records.errors import ConfigurationError, Rejected
from records.files import placed
from records.rule_version import RuleTrial, RuleVersion
from records.run import AuditEntry
from storage.database import Database

# Who changed a file in place is not known.
FILE = "file"
_LOCK, _LOCK_WAIT_S = "rule versions", 30.0


def fingerprint(rule: Rule) -> str:
    """Return what tells one content of a rule from another, however its file is written."""
    return hashlib.sha256(rule.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """The rule files of `folder` and their versions. `every` is the time between two rounds of rules."""

    folder: Path
    database: Database
    every: timedelta

    def live(self, name: str) -> Rule | None:
        """Return the rule of this name that is in force."""
        return next((rule for rule in self.load().rules if rule.name == name), None)

    def load(self) -> RuleSet:
        """Return the rules, and what is wrong with those that cannot be used."""
        return load_rules(self.folder, every=self.every)

    def read(self, text: str, *, file_name: str = "rule.yaml") -> Rule:
        """Return the rule that `text` states. Raises Rejected("bad_rule") with line, value and fix."""
        present = self.load()
        with tempfile.TemporaryDirectory() as apart:
            draft = Path(apart) / file_name
            draft.write_text(text, encoding="utf-8")
            try:
                return load_rule(draft, present.deadlines, every=self.every)
            except FileError as err:
                raise Rejected("bad_rule", str(err)) from err

    def note_trial(self, trial: Trial, *, by: str, now: datetime) -> None:
        """Keep that the versions, as they are, were tried out over the period."""
        for rule, alerts in zip(trial.versions, trial.alerts, strict=True):
            self.database.rule_versions.note_trial(
                RuleTrial(
                    digest=fingerprint(rule),
                    period=trial.period,
                    alerts=len(alerts),
                    tried_at=now,
                    tried_by=by,
                )
            )

    def trial(self, rule: Rule) -> RuleTrial | None:
        """Return the newest backtest of the rule as it is."""
        return self.database.rule_versions.trial(fingerprint(rule))

    def change(
        self,
        text: str,
        *,
        reason: str,
        by: str,
        now: datetime,
        forced: bool = False,
        file_name: str = "rule.yaml",
        must_be_new: bool = False,
    ) -> RuleVersion:
        """Return the version that is live now; the next round of rules runs it.

        Raises Rejected: bad_rule, bad_reason, unchanged, not_tried, name_taken. Then nothing is written.
        """
        text = text.replace("\r\n", "\n").rstrip() + "\n"
        rule = self.read(text, file_name=file_name)
        try:
            why = checked_reason(reason)
        except ValueError as err:
            raise Rejected("bad_reason", f'rule "{rule.name}": {err}') from err
        trial = self.trial(rule)
        if trial is None and not forced:
            raise Rejected(
                "not_tried",
                f'rule "{rule.name}": not tried out on the past as it is now (run `huiying rules backtest`, '
                "or force it)",
            )
        with self.database.lock(_LOCK, wait_s=_LOCK_WAIT_S):
            found = self.load()
            self._keep_changes(found, now)
            path = _file_of(rule.name, found)
            if path is not None and must_be_new:
                raise _taken(rule.name, self.folder)
            if path is not None and _text_of(path).rstrip() == text.rstrip():
                raise Rejected("unchanged", f'rule "{rule.name}": is so already (change something first)')
            self._place(text, path or self.folder / _file_name(rule.name), must_be_new=path is None)
            return self._keep(rule.name, text, at=now, by=by, reason=why, trial=trial)

    def restore(
        self, name: str, number: int, *, reason: str, by: str, now: datetime, forced: bool = False
    ) -> RuleVersion:
        """Return the new version that has the text of version `number`. Raises Rejected as `change` does."""
        text = self.text_of(name, number)
        return self.change(
            text, reason=reason, by=by, now=now, forced=forced, file_name=f"{_file_name(name)}@{number}"
        )

    def text_of(self, name: str, number: int) -> str:
        """Return the YAML of a version. Raises Rejected: unknown_version, taken_away."""
        text = self.database.rule_versions.get(name, number).text
        if not text:
            raise Rejected("taken_away", f'rule "{name}": version {number} is that it was taken away')
        return text

    def notice(self, found: RuleSet, *, now: datetime) -> None:
        """Keep what was changed in the files since the last version: by whom is not known, nor why."""
        if _changed(found, self.database.rule_versions.newest()):
            with self.database.lock(_LOCK, wait_s=_LOCK_WAIT_S):
                self._keep_changes(found, now)

    def _keep_changes(self, found: RuleSet, now: datetime) -> None:
        rules = {rule.name: rule for rule in found.rules}
        for name, text in _changed(found, self.database.rule_versions.newest()).items():
            trial = self.trial(rules[name]) if text else None
            self._keep(name, text, at=now, by=FILE, reason="", trial=trial)

    def _keep(
        self, name: str, text: str, *, at: datetime, by: str, reason: str, trial: RuleTrial | None
    ) -> RuleVersion:
        made = self.database.rule_versions.add(name, text, at=at, changed_by=by, reason=reason, trial=trial)
        said = f"version {made.number}, {said_of_trial(made)}" + (f": {reason}" if reason else "")
        self.database.audit.record(
            AuditEntry(at=at, actor=by, action="change_rule", subject=f"rule/{name}", detail=said)
        )
        return made

    def _place(self, text: str, path: Path, *, must_be_new: bool) -> None:
        try:
            with placed(path, must_be_new=must_be_new) as file:
                file.write(text.encode())
        except FileExistsError as err:
            raise _taken(path.name, self.folder) from err
        except OSError as err:
            raise ConfigurationError(
                f'rules "{self.folder}": {err.strerror} (make the folder writable)'
            ) from err


def differences(first: RuleVersion, second: RuleVersion) -> list[str]:
    """Return the unified difference of two versions, a line each; empty where they are the same."""
    return list(
        unified_diff(
            first.text.splitlines(),
            second.text.splitlines(),
            f"{first.rule} {first.number}",
            f"{second.rule} {second.number}",
            lineterm="",
        )
    )


def said_of_trial(version: RuleVersion) -> str:
    """Return how the version came to be live, for the audit log."""
    if not version.text:
        return "taken away"
    if version.tried is None:
        return "forced, without a backtest"
    first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in (version.tried.start, version.tried.end))
    return f"after a backtest of {first} to {last} with {version.tried_alerts} alerts"


def _changed(found: RuleSet, newest: Mapping[str, RuleVersion]) -> dict[str, str]:
    """Return name → text of what the files have otherwise than the newest versions; "" is taken away."""
    texts = {name: _text_of(path) for name, path in found.files.items()}
    changed = {name: text for name, text in texts.items() if name not in newest or newest[name].text != text}
    broken = {error.name for error in found.errors}
    if None in broken:
        # A file that does not even say its name may be any of those that are missing.
        return changed
    gone = (name for name, version in newest.items() if version.text and name not in {*texts, *broken})
    return changed | dict.fromkeys(gone, "")


def _file_of(name: str, found: RuleSet) -> Path | None:
    """Return the file of the rule, be it one that cannot be used."""
    broken: Iterable[Path] = (error.path for error in found.errors if error.name == name)
    return found.files.get(name) or next(iter(broken), None)


def _file_name(name: str) -> str:
    return "rule_" + re.sub(r"[^\w-]+", "_", name)[:60] + ".yaml"


def _text_of(path: Path) -> str:
    return path.read_text("utf-8-sig")


def _taken(name: str, folder: Path) -> Rejected:
    return Rejected("name_taken", f'rule "{name}": there is one already in {folder} (choose another name)')
