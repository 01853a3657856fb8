"""Rule files: one YAML file, one rule. A broken one is reported and never stops the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from alerts.deadlines import DEFAULT_DEADLINES, Deadlines, load_deadlines
from alerts.own_rules import OWN_RULES
from alerts.rule_types import RULE_MODELS, OverdueRule, Rule, RuleType
from alerts.yaml_file import FileError, YamlFile
from crawler.masking import find
from records.errors import ConfigurationError, nearest

DEFAULT_RULES = Path(__file__).parent / "default_rules"
DEADLINES_FILE = "deadlines.yaml"
# What a rule says of itself, for all to read.
_SAID = ("name", "title", "description", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules that can be used, by name, and the files that cannot, with the reason.

    `files` is name → file of the rules that were read from one.
    """

    rules: tuple[Rule, ...]
    errors: tuple[FileError, ...]
    deadlines: Deadlines
    files: Mapping[str, Path] = field(default_factory=dict)


def load_rules(folder: Path, *, every: timedelta = timedelta(0)) -> RuleSet:
    """Return the rules of every *.yaml file of `folder`, by name; one that cannot be used is in `errors`.

    `every` is the time between two rounds: a rule that looks back less far would leave gaps.

    The folder's deadlines.yaml takes the place of the shipped presets. Raises ConfigurationError where there
    is no such folder, or the presets cannot be read.
    """
    if not folder.is_dir():
        raise ConfigurationError(f'rules "{folder}": no such folder (make it, or copy the shipped rules)')
    own = folder / DEADLINES_FILE
    deadlines = load_deadlines(own if own.exists() else DEFAULT_DEADLINES)
    rules: dict[str, Rule] = {}
    files: dict[str, Path] = {}
    errors: list[FileError] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name == DEADLINES_FILE:
            continue
        try:
            file = YamlFile(path)
            rule = _read(file, deadlines, every=every)
        except FileError as err:
            errors.append(err)
            continue
        if rule.name in files:
            message = f"has the name of the rule in {files[rule.name].name} (rename one)"
            errors.append(FileError(path, file.line_of(["name"]), message, name=rule.name))
        else:
            rules[rule.name], files[rule.name] = rule, path
    return RuleSet(
        rules=tuple(rules[name] for name in sorted(rules)),
        errors=tuple(errors),
        deadlines=deadlines,
        files=files,
    )


def load_rule(path: Path, deadlines: Deadlines, *, every: timedelta = timedelta(0)) -> Rule:
    """Return the rule of one file. Raises FileError with its line, the value and the fix."""
    return _read(YamlFile(path), deadlines, every=every)


def _read(file: YamlFile, deadlines: Deadlines, *, every: timedelta) -> Rule:
    stated = file.data if isinstance(file.data, dict) else {}
    name = stated.get("name") if isinstance(stated.get("name"), str) else None

    def wrong(key: str, message: str) -> FileError:
        return FileError(file.path, file.line_of([key]), message, name=name)

    kind = stated.get("type")
    if not isinstance(kind, str) or kind not in set(RuleType):
        hint = nearest(str(kind), RuleType) or f" (known: {', '.join(RuleType)})"
        message = f'type: "{kind}" is no type of rule' if "type" in stated else '"type" is missing'
        raise wrong("type", message + hint)
    model = RULE_MODELS[RuleType(kind)]
    rule: Rule = file.validate(model, known=model.model_fields, name=name)
    if rule.name in OWN_RULES:
        raise wrong("name", "is the name of a rule that watches over the others (choose another)")
    for key in _SAID:
        if find(getattr(rule, key)):
            raise wrong(key, f"{key}: holds a personal detail (leave it out; the register is public)")
    if rule.timeframe < every:
        message = (
            f"timeframe: shorter than the {every.total_seconds():g} s between two rounds; reports in between "
            "would not be seen (lengthen it, or lower rules_every_s)"
        )
        raise wrong("timeframe", message)
    if isinstance(rule, OverdueRule) and rule.preset not in deadlines.presets:
        hint = nearest(rule.preset, deadlines.presets) or f" (known: {', '.join(deadlines.presets)})"
        raise wrong("preset", f'preset: there is no "{rule.preset}"{hint}')
    return rule
