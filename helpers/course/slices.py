"""Which cells a cell needs: found by names, without executing anything."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

_KEPT = frozenset(dir(builtins)) | {"claims", "figures"}  # no call of these changes what another cell draws
_GENERATORS = ("default_rng", "Generator", "Random")  # every use of one changes what the next use draws

_AT_ONCE = ("listcomp", "setcomp", "dictcomp", "genexpr")  # scopes that are executed where they stand


@dataclass
class _Names:
    """What a cell does with the names of the notebook."""

    made: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)  # used before the cell itself makes them
    called: set[str] = field(default_factory=set)  # used by its functions, whenever they are called
    changed: set[str] = field(default_factory=set)  # in place, and not made here: x[0] = …, x.a = …, x.append(…)
    imported: set[str] = field(default_factory=set)
    generators: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)  # at once, whoever made them
    functions: dict[str, set[str]] = field(default_factory=dict)  # made here → what they use when they are called


def needed(sources: Sequence[str], targets: Collection[int]) -> list[int]:
    """The indices of the cells that ``targets`` need, themselves included, in order.

    sources: the code of each cell, in the order in which a notebook executes them. A cell is needed where it makes a
    name, or changes in place what it stands for, that a needed cell behind it uses; of a random generator every use,
    by a function too, counts as a change. ValueError for a target that is no cell, SyntaxError for a cell that is not
    Python.

    >>> needed(["import math", "a = 1", "b = 2", "a += 1", "print(math.sqrt(a))"], [4])
    [0, 1, 3, 4]
    """
    if not all(0 <= target < len(sources) for target in targets):
        raise ValueError(f"targets: {sorted(targets)} are not all cells of a notebook with {len(sources)}")
    cells = [_names(source) for source in sources]
    modules: set[str] = set().union(*(cell.imported for cell in cells))
    generators: set[str] = set().union(*(cell.generators for cell in cells))
    draws = _draws(cells, generators)
    for cell in cells:
        cell.needed |= set().union(*(draws.get(name, ()) for name in cell.used)) - cell.made
    chosen = set(targets)
    while True:  # what a function uses may be made behind the cell that defines it
        found = _behind(cells, chosen, modules, generators)
        if found == chosen:
            return sorted(chosen)
        chosen = found


def _behind(cells: Sequence[_Names], chosen: set[int], modules: set[str], generators: set[str]) -> set[int]:
    """``chosen`` with every cell that makes or changes a name which they use, going back from the last one."""
    found, wanted = set(chosen), set().union(*(cells[k].called for k in chosen))
    for k in range(max(chosen, default=-1), -1, -1):
        cell = cells[k]
        changed = (cell.changed - modules - _KEPT) | (cell.needed & generators)
        if k in chosen or (cell.made | changed) & wanted:
            found.add(k)
            wanted = (wanted - cell.made) | cell.needed | changed
    return found


def _draws(cells: Sequence[_Names], generators: set[str]) -> dict[str, set[str]]:
    """Name of each function of the notebook → the generators from which it draws, itself or through another one."""
    uses: dict[str, set[str]] = {}
    for cell in cells:
        for name, used in cell.functions.items():
            uses[name] = uses.get(name, set()) | used
    draws = {name: used & generators for name, used in uses.items()}
    while True:
        wider = {name: draws[name].union(*(draws.get(each, ()) for each in used)) for name, used in uses.items()}
        if wider == draws:
            return draws
        draws = wider


def _names(source: str) -> _Names:
    found = _Names()
    _read(ast.parse(source).body, found)
    return found


def _read(statements: Iterable[ast.stmt], found: _Names) -> None:
    """Add to ``found`` what statements do, one after the other; a loop's body counts as executed."""
    for statement in statements:
        match statement:
            case ast.For(target=target, iter=values):
                _note([ast.Assign([target], values)], found)
            case ast.If(test=value) | ast.While(test=value):
                _note([ast.Expr(value)], found)
            case ast.With(items=items):
                for item in items:
                    bound = item.optional_vars
                    _note([ast.Assign([bound], item.context_expr) if bound else ast.Expr(item.context_expr)], found)
            case ast.Try(handlers=handlers):
                _read([inner for handler in handlers for inner in handler.body], found)
            case _:
                _note([statement], found)
                continue
        for part in ("body", "orelse", "finalbody"):
            _read(getattr(statement, part, []), found)


def _note(statements: list[ast.stmt], found: _Names) -> None:
    """Add what one simple statement does."""
    module = ast.fix_missing_locations(ast.Module(statements, []))
    top = symtable.symtable(ast.unparse(module), "cell", "exec")
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    later: set[str] = set()
    inner = list(top.get_children())
    while inner:
        scope = inner.pop()
        names = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
        if scope.get_name() in _AT_ONCE:
            used |= names
        else:
            later |= names
        inner += scope.get_children()
    found.called |= later
    found.needed |= (used | later) - found.made
    found.used |= used
    found.imported |= {symbol.get_name() for symbol in top.get_symbols() if symbol.is_imported()}
    for node in ast.walk(module):
        match node:
            case ast.AugAssign(target=ast.Name(id=name)):
                found.needed |= {name} - found.made
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                found.changed |= {_root(node)} - found.made - {""}
            case ast.Expr(value=ast.Call(func=ast.Attribute() as function)):
                found.changed |= {_root(function)} - found.made - {""}
            case ast.Assign(targets=targets, value=value) if _makes_generator(value):
                parts = (part for target in targets for part in ast.walk(target))
                found.generators |= {part.id for part in parts if isinstance(part, ast.Name)}
            case ast.Call(func=ast.Name(id="partial") | ast.Attribute(attr="partial")):
                later |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    made = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    found.functions |= {name: later for name in made} if later else {}
    found.made |= made


def _makes_generator(value: ast.AST) -> bool:
    """Whether a value is a random generator, as in default_rng(0) or torch.Generator().manual_seed(0)."""
    while isinstance(value, ast.Call):
        if getattr(value.func, "attr", getattr(value.func, "id", "")) in _GENERATORS:
            return True
        value = value.func.value if isinstance(value.func, ast.Attribute) else value.func
    return False


def _root(node: ast.AST) -> str:
    """The name at the left end of a.b[c].d; empty for another expression."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
