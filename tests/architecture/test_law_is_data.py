"""Law is read from `statutes` with a date: what decides holds no rate, cap or term, and asks for no country."""

import ast
import re

import pytest
from source_tree import Plant, Tree, listed

DECIDES = {"handlers", "domain", "procedures"}
LAW_NAME = re.compile(r"(^|_)(rate|percent|percentage|cap|tariff|vat|term_days|term_months|minimum|maximum)(_cents)?$")
COUNTRY = re.compile(r"[A-Za-z]{2}")
ALLOWED = "# not law: "  # at the end of a line, with what it is instead
HARMLESS = {"0", "1", "100", "0.01", "0.00"}


def law_in_code(tree: Tree) -> list[str]:
    """Literals that look like law, and branches on a country."""
    found: list[str] = []
    for source in tree.code():
        if not source.is_service or source.module not in DECIDES:
            continue
        for node in ast.walk(source.syntax):
            fault = fault_of(node)
            if fault and ALLOWED not in source.line(node.lineno):
                found.append(f"{source.name}:{node.lineno}: {fault}")
    return found


def fault_of(node: ast.AST) -> str:
    """What this piece of code is of the law; empty for most code."""
    fault = ""
    match node:
        case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=value)]) if str(value) not in HARMLESS:
            fault = f"the rate {value}"
        case ast.Call(func=ast.Name(id="timedelta") | ast.Attribute(attr="timedelta")) if has_term(node):
            fault = "a term in days"
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=value)
            | ast.keyword(arg=str(name), value=value)
        ) if LAW_NAME.search(name.lower()) and is_number(value):
            fault = f"the law {name}"
        case ast.If(test=test) | ast.IfExp(test=test) if compares_country(test):
            fault = "a branch on the country"
        case ast.Match(subject=subject) if is_country(subject):
            fault = "a branch on the country"
    return fault


def has_term(call: ast.Call) -> bool:
    """Weeks or more than one day: the next day is no law."""
    return any(
        keyword.arg in {"days", "weeks"} and is_number(keyword.value) and ast.literal_eval(keyword.value) > 1
        for keyword in call.keywords
    )


def is_number(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in {int, float} and node.value != 0


def compares_country(test: ast.expr) -> bool:
    """Whether a country is compared with a certain one; with another variable is no branch on a law."""
    for node in ast.walk(test):
        if isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            if any(is_country(side) for side in sides) and any(is_certain_country(side) for side in sides):
                return True
    return False


def is_certain_country(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else ""
    return isinstance(name, str) and COUNTRY.fullmatch(name) is not None


def is_country(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name == "country" or name.endswith("_country")


def test_no_service_holds_law(tree: Tree):
    found = law_in_code(tree)
    assert not found, listed(found)


@pytest.mark.parametrize(
    "text",
    [
        "x = Decimal('0.15')",
        "LATE_RATE = 8",
        "cap_cents: int = 4000",
        "term_days = 14",
        "notice(term_days=15)",
        "ends_on = sent_on + timedelta(days=14)",
        "if debtor.country == 'NL': ...",
        "x = 1 if country is Country.BE else 2",
        "match debtor.country:\n    case 'NL': ...",
    ],
)
@pytest.mark.parametrize("file", ["domain.py", "handlers/notices.py"])
def test_law_in_what_decides_is_found(plant: Plant, file: str, text: str):
    assert len(law_in_code(plant({f"services/dunning/dunning/{file}": text}))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "x = Decimal('0.01') * Decimal(100)",
        "term_days = term.days_on(today)",
        "tomorrow = today + timedelta(days=1)",
        "rules = rules_for(debtor.country, today)",
        "rate_cents = 0",
        "x = due if one.country == country else 0",
        "WINDOW = timedelta(days=60)  # not law: how long before a payment its announcement is expected",
    ],
)
def test_asking_the_law_passes(plant: Plant, text: str):
    assert law_in_code(plant({"services/dunning/dunning/domain.py": text})) == []


def test_settings_and_the_outside_are_not_law(plant: Plant):
    assert law_in_code(plant({"services/dunning/dunning/settings.py": "retry = timedelta(days=2)"})) == []
