"""Rule files: one YAML file, one rule. A broken one is reported and never stops the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alerts.deadlines import DEFAULT_DEADLINES, Deadlines, load_deadlines
from alerts.own_rules import OWN_RULES
from alerts.rule_types import RULE_MODELS, OverdueRule, Rule, RuleType
from alerts.yaml_file import FileError, YamlFile
from records.errors import ConfigurationError, nearest

DEFAULT_RULES = Path(__file__).parent / "default_rules"
DEADLINES_FILE = "deadlines.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules that can be used, by name, and the files that cannot, with the reason."""

    rules: tuple[Rule, ...]
    errors: tuple[FileError, ...]
    deadlines: Deadlines


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
    rules: dict[str, tuple[Rule, Path]] = {}
    errors: list[FileError] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name == DEADLINES_FILE:
            continue
        try:
            rule = load_rule(path, deadlines, every=every)
        except FileError as err:
            errors.append(err)
            continue
        if rule.name in OWN_RULES:
            message = "is the name of a rule that watches over the others (choose another)"
            errors.append(FileError(path, 1, message, name=rule.name))
        elif rule.name in rules:
            first = rules[rule.name][1].name
            errors.append(
                FileError(path, 1, f"has the name of the rule in {first} (rename one)", name=rule.name)
            )
        else:
            rules[rule.name] = (rule, path)
    chosen = tuple(rules[name][0] for name in sorted(rules))
    return RuleSet(rules=chosen, errors=tuple(errors), deadlines=deadlines)


def load_rule(path: Path, deadlines: Deadlines, *, every: timedelta = timedelta(0)) -> Rule:
    """Return the rule of one file. Raises FileError with its line, the value and the fix."""
    file = YamlFile(path)
    stated = file.data if isinstance(file.data, dict) else {}
    name = stated.get("name") if isinstance(stated.get("name"), str) else None
    kind = stated.get("type")
    if kind not in set(RuleType):
        hint = nearest(str(kind), RuleType) or f" (known: {', '.join(RuleType)})"
        message = (
            f'type: "{kind}" is no type of rule{hint}' if "type" in stated else f'"type" is missing{hint}'
        )
        raise FileError(path, file.line_of(["type"]), message, name=name)
    model = RULE_MODELS[RuleType(kind)]
    rule: Rule = file.validate(model, known=model.model_fields, name=name)
    if rule.timeframe < every:
        message = (
            f"timeframe: shorter than the {every.total_seconds():g} s between two rounds; reports in between "
            "would not be seen (lengthen it, or lower rules_every_s)"
        )
        raise FileError(path, file.line_of(["timeframe"]), message, name=name)
    if isinstance(rule, OverdueRule) and rule.preset not in deadlines.presets:
        hint = nearest(rule.preset, deadlines.presets) or f" (known: {', '.join(deadlines.presets)})"
        raise FileError(
            path, file.line_of(["preset"]), f'preset: there is no "{rule.preset}"{hint}', name=name
        )
    return rule
