"""Finds, in the source, the keys of all translated errors, and what fills their texts.

An error of the core is raised by calling one of the classes that descend from `PrepaidError`, with
its key as the first argument and its placeholders as keywords. A class with a key of its own names
it where it calls its base's `__init__`; a function that makes errors takes the key as its first
argument. Keys that are computed are followed as far as module constants and tables go; what cannot
be followed is reported, not overlooked.

Home Assistant's own exceptions name their key as `translation_key`, their placeholders in a table.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = "PrepaidError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A place in the source where an error with a key is made."""

    key: str
    """Empty if it could not be followed."""
    placeholders: frozenset[str]
    place: str


def raised_keys(package: Path) -> tuple[Raised, ...]:
    """Return all places in a package where errors with keys are made."""
    modules = {path: ast.parse(path.read_text("utf-8")) for path in sorted(package.rglob("*.py"))}
    classes = [
        node
        for module in modules.values()
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    ]
    errors = _descendants(classes)
    keyed = {node.name for node in classes if node.name in errors and _has_init(node)}
    makers = dict(maker for module in modules.values() for maker in _makers(module, errors))
    return tuple(
        found
        for path, module in modules.items()
        for found in (
            *_in_module(path, module, errors, keyed - {ROOT}, set(makers.values())),
            *_made_in(path, module, {name: _names(call) for name, call in makers.items()}),
        )
    )


def _makers(module: ast.Module, errors: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Yield the functions that return an error with the key they are given, and that call."""
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef) or not node.args.args:
            continue
        for call in ast.walk(node):
            if (
                isinstance(call, ast.Call)
                and _name(call.func) in errors
                and call.args
                and _name(call.args[0]) == node.args.args[0].arg
            ):
                yield node.name, call


def _made_in(
    path: Path, module: ast.Module, makers: Mapping[str, frozenset[str]]
) -> Iterator[Raised]:
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and _name(call.func) in makers and call.args:
            for key in _strings(call.args[0], _constants(module)) or {""}:
                place = f"{path.name}:{call.lineno}"
                yield Raised(key=key, placeholders=makers[_name(call.func)], place=place)


def _names(call: ast.Call) -> frozenset[str]:
    return frozenset(keyword.arg or "**" for keyword in call.keywords)


def translation_keys(package: Path) -> tuple[Raised, ...]:
    """Return all places where an exception of Home Assistant gets a key that is spelled out."""
    return tuple(
        Raised(
            key=key,
            placeholders=frozenset(_table_keys(keywords.get("translation_placeholders"))),
            place=f"{path.name}:{node.lineno}",
        )
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and _name(node.func).endswith(("Error", "NotReady", "Failed"))
        for keywords in [{keyword.arg: keyword.value for keyword in node.keywords}]
        if "translation_key" in keywords
        for key in _strings(keywords["translation_key"], {})
    )


def _table_keys(node: ast.expr | None) -> set[str]:
    """Return the keys of a table that is spelled out."""
    if not isinstance(node, ast.Dict):
        return set()
    return set().union(*(_strings(key, {}) for key in node.keys if key is not None))


def _descendants(classes: list[ast.ClassDef]) -> set[str]:
    names = {ROOT}
    size = 0
    while len(names) > size:
        size = len(names)
        names |= {
            node.name
            for node in classes
            if any(isinstance(base, ast.Name) and base.id in names for base in node.bases)
        }
    return names


def _has_init(node: ast.ClassDef) -> bool:
    return any(isinstance(one, ast.FunctionDef) and one.name == "__init__" for one in node.body)


def _in_module(
    path: Path, module: ast.Module, errors: set[str], keyed: set[str], made: set[ast.Call]
) -> Iterator[Raised]:
    constants = _constants(module)
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and node.name in keyed:
            calls = [call for call in ast.walk(node) if _is_base_init(call)]
        elif isinstance(node, ast.Call) and _name(node.func) in errors - keyed:
            calls = [node]
        else:
            continue
        for call in calls:
            assert isinstance(call, ast.Call)
            if not call.args or call in made:
                continue
            names = _names(call)
            for key in _strings(call.args[0], constants) or {""}:
                yield Raised(key=key, placeholders=names, place=f"{path.name}:{call.lineno}")


def _is_base_init(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        and isinstance(node.func.value, ast.Call)
        and _name(node.func.value.func) == "super"
    )


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _constants(module: ast.Module) -> dict[str, set[str]]:
    """Return the strings that the module's constants and tables hold, by name."""
    found: dict[str, set[str]] = {}
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _strings(node.value, {})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[node.target.id] = _strings(node.value, {})
    return found


def _strings(node: ast.expr, constants: Mapping[str, set[str]]) -> set[str]:
    """Return the strings that an expression can be."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name(id=name):
            return constants.get(name, set())
        case ast.IfExp():
            parts = [node.body, node.orelse]
        case ast.Dict():
            parts = node.values
        case ast.Subscript():
            parts = [node.value]
        case ast.Call(func=ast.Attribute(value=table)):  # table.get(something, default)
            parts = [table, *node.args[1:]]
        case _:
            parts = []
    return set().union(*(_strings(part, constants) for part in parts))
