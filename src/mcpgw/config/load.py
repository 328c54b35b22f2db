"""Reads one TOML file into one model; whatever is wrong with it becomes faults that name line and key.

No foreign exception (OSError, TOML, pydantic) leaves this module.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from mcpgw.config.fault import Fault, SourceFault, did_you_mean, quoted, toml_type
from mcpgw.config.locate import KeyPath, line_index, line_of
from mcpgw.files import read_bytes

Model = TypeVar("Model", bound=BaseModel)

_POSITION = re.compile(
    r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)
_CHOICE = re.compile(r"'([^']*)'")
# Keys are echoed only where they cannot drive a terminal or fill a screen.
_SHOWABLE = re.compile(r"[\w ./:@%-]{1,64}")
_EXPECTED = {
    "bool_type": "a boolean",
    "dict_type": "a table",
    "float_type": "a number",
    "int_type": "an integer",
    "model_type": "a table",
    "string_type": "a string",
    "tuple_type": "an array",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file that parsed. lines: key path -> line."""

    path: str
    content: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def fault(self, path: KeyPath, problem: str) -> Fault:
        """A fault at `path`, placed at its line or at that of the nearest key above it."""
        return Fault(self.path, line_of(self.lines, path), _shown(path, self.content), problem)


def read_document(path: str) -> Document:
    """The parsed file. Raises SourceFault: unreadable, a directory, not UTF-8, not TOML."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SourceFault([Fault(path, line, "", "not UTF-8 text")]) from None
    except OSError as error:
        raise SourceFault([Fault(path, 0, "", f"cannot be read: {error.strerror}")]) from None
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise SourceFault([Fault(path, 0, "", "not valid TOML: nested too deeply")]) from None
    except ValueError as error:
        raise SourceFault([_syntax_fault(path, text, str(error))]) from None
    return Document(path, content, line_index(text))


def validate(document: Document, model: type[Model]) -> Model:
    """The document as `model`. Raises SourceFault with every fault of the file."""
    try:
        return model.model_validate(dict(document.content))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=True)
        raise SourceFault([_model_fault(document, model, dict(detail)) for detail in details]) from None


def _syntax_fault(path: str, text: str, message: str) -> Fault:
    found = _POSITION.fullmatch(message)
    if found is None:
        return Fault(path, 0, "", "not valid TOML: a value out of range")
    what = found["what"][:1].lower() + found["what"][1:]
    if found["line"] is None:
        return Fault(path, text.count("\n") + 1, "", f"not valid TOML: {what} at the end of the file")
    return Fault(path, int(found["line"]), "", f"not valid TOML: {what}, column {found['column']}")


def _model_fault(document: Document, model: type[BaseModel], detail: dict[str, Any]) -> Fault:
    path: KeyPath = tuple(detail["loc"])
    return document.fault(path, _problem(detail, _known_keys(model, path[:-1])))


def _problem(detail: dict[str, Any], known: list[str]) -> str:
    """One of pydantic's errors in words of ours; a value is only named where it is a plain word."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return f"unknown key{did_you_mean(str(detail['loc'][-1]), known)}"
        case "missing":
            return "is required and missing"
        case "literal_error":
            choices = _CHOICE.findall(context["expected"])
            hint = did_you_mean(value, choices) if isinstance(value, str) else ""
            return f"{quoted(value)} is none of {', '.join(choices)}{hint}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:,}"
        case "less_than_equal":
            return f"must be at most {context['le']:,}"
        case "string_too_short" | "too_short":
            return "must not be empty"
        case "string_too_long":
            return f"must be at most {context['max_length']} characters"
        case "string_pattern_mismatch":
            return "must be lower-case words joined by dashes"
        case "value_error":
            return str(context["error"])
        case _:
            return f"must be {_EXPECTED.get(kind, 'of another type')}, not {toml_type(value)}"


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys of the table at `path`; a step that is no field is the name of an item and changes nothing."""
    section: type[BaseModel] | None = model
    for step in path:
        if section is not None and step in section.model_fields:
            section = _section_in(section.model_fields[str(step)].annotation)
    return list(section.model_fields) if section is not None else []


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation like `dict[str, RuleSection]` is about."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section_in(part)) is not None), None)


def _shown(path: KeyPath, content: Any) -> str:
    """`rules.ssn.action`; an item of an array by its id where it has one: `rule[ssn].pattern`."""
    shown = ""
    for step in path:
        content = _step_into(content, step)
        if isinstance(step, int):
            name = content.get("id") if isinstance(content, dict) else None
            plain = isinstance(name, str) and re.fullmatch(r"[a-z0-9-]{1,64}", name)
            shown += f"[{name}]" if plain else f"[{step + 1}]"
        else:
            name = step if _SHOWABLE.fullmatch(step) else "(a key that is not shown)"
            shown += f".{name}" if shown else name
    return shown


def _step_into(content: Any, step: str | int) -> Any:
    if isinstance(content, dict):
        return content.get(step)
    if isinstance(content, list) and isinstance(step, int) and step < len(content):
        return content[step]
    return None
