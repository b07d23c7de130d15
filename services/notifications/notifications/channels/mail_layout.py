"""One layout for e-mail: the blocks as plain text, and as HTML that reads on a telephone and without pictures."""

from collections.abc import Iterable, Sequence
from html import escape

from common.money import euro
from contracts.notifications import Block, Content, PaymentBlock, TableBlock, TextBlock
from contracts.values import Language
from notifications.channels.letter import grouped_iban

INK, SOFT, LINE, PALE = "#1c2430", "#5b6573", "#d5dae1", "#f3f5f7"
LONGEST_LINE = 80
SHORT_CELL = 20
FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


def payment_values(block: PaymentBlock, language: Language) -> Sequence[tuple[str, str]]:
    """Label and value of each line."""
    values = (euro(block.amount_cents, language=language), grouped_iban(block.iban), block.beneficiary, block.reference)
    return list(zip(block.labels, values, strict=True))


def plain_text(content: Content, language: Language) -> str:
    """The whole message without markup."""
    parts = [content.subject, *(plain_block(block, language) for block in content.blocks)]
    signature = ["-- ", content.sender_name, *content.sender_lines, *content.footer]
    return "\n\n".join(parts) + "\n\n" + "\n".join(signature) + "\n"


def plain_block(block: Block, language: Language) -> str:
    """One block without markup; the columns of a table stand under each other."""
    match block:
        case TextBlock(kind="heading"):
            return f"{block.text}\n{'-' * min(len(block.text), 72)}"
        case TextBlock():
            return block.text
        case TableBlock():
            return plain_table(block)
        case PaymentBlock():
            pairs = payment_values(block, language)
            width = max(len(label) for label, _ in pairs) + 2
            return "\n".join(f"{label + ':':<{width}}{value}" for label, value in pairs)


def plain_table(block: TableBlock) -> str:
    """Columns under each other when they fit a line; else a line for each cell."""
    rows = [block.header, *block.rows, *([block.total] if block.total else [])]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    if sum(widths) + 2 * len(widths) <= LONGEST_LINE:
        return "\n".join(plain_row(row, widths) for row in rows)
    entries = ["\n".join(f"{name}: {cell}" for name, cell in zip(block.header, row, strict=True)) for row in block.rows]
    if block.total:
        entries.append(" ".join(cell for cell in block.total if cell))
    return "\n\n".join(entries)


def plain_row(row: Sequence[str], widths: Sequence[int]) -> str:
    """Left-aligned but for the last column."""
    *cells, last = row
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, f"{last:>{widths[-1]}}"])


def html_text(content: Content, language: Language, codes: Sequence[str]) -> str:
    """The whole message as HTML; `codes` are the content ids of the payment codes, in order."""
    remaining = iter(codes)
    body = "\n".join(html_block(block, language, remaining) for block in content.blocks)
    lines = "<br>".join(escape(line) for line in content.sender_lines)
    footer = "".join(f'<p style="margin:12px 0 0">{escape(line)}</p>' for line in content.footer)
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(content.subject)}</title>
</head>
<body style="margin:0;padding:0;background:{PALE};color:{INK};{FONT};font-size:16px;line-height:1.5">
<div role="article" lang="{language}" style="max-width:600px;margin:0 auto;padding:24px 12px">
<p style="margin:0 0 16px;padding:0 20px;font-size:18px;font-weight:700">{escape(content.sender_name)}</p>
<div style="background:#ffffff;border:1px solid {LINE};border-radius:8px;padding:24px 20px">
<p style="margin:0 0 12px;color:{SOFT};font-size:14px">{escape(content.place_and_date)}</p>
<h1 style="margin:0 0 20px;font-size:21px;line-height:1.3">{escape(content.subject)}</h1>
{body}
</div>
<div style="padding:16px 20px;color:{SOFT};font-size:13px;line-height:1.5">{lines}{footer}</div>
</div>
</body>
</html>
"""


def html_block(block: Block, language: Language, codes: Iterable[str]) -> str:
    """One block as HTML."""
    match block:
        case TextBlock(kind="heading"):
            return f'<h2 style="margin:28px 0 8px;font-size:17px">{escape(block.text)}</h2>'
        case TextBlock(kind="emphasis"):
            style = f"margin:16px 0;padding:2px 0 2px 14px;border-left:3px solid {INK};font-weight:600"
            return f'<p style="{style}">{escape(block.text)}</p>'
        case TextBlock():
            return f'<p style="margin:0 0 14px">{escape(block.text)}</p>'
        case TableBlock():
            return html_table(block)
        case PaymentBlock():
            return html_payment(block, language, next(iter(codes)))


def html_table(block: TableBlock) -> str:
    """A table that keeps its columns; the last one is right-aligned."""
    head = html_row(block.header, "th", f"border-bottom:2px solid {INK};font-weight:600")
    rows = "\n".join(html_row(row, "td", f"border-bottom:1px solid {LINE}") for row in block.rows)
    total = html_row(block.total, "td", f"border-top:2px solid {INK};font-weight:700") if block.total else ""
    table = 'style="width:100%;border-collapse:collapse;font-size:14px;margin:16px 0"'
    return f"<table {table}>\n<thead>{head}</thead>\n<tbody>\n{rows}\n{total}\n</tbody>\n</table>"


def html_row(row: Sequence[str], tag: str, style: str) -> str:
    """One row."""
    scope = ' scope="col"' if tag == "th" else ""
    first = "white-space:nowrap" if len(row[0]) <= SHORT_CELL else "white-space:normal"
    inner = [(cell, "text-align:left") for cell in row[1:-1]]
    placed = [(row[0], f"text-align:left;{first}"), *inner, (row[-1], "text-align:right;white-space:nowrap")]
    cells = [
        f'<{tag}{scope} style="padding:7px 4px;vertical-align:top;{style};{place}">{escape(cell)}</{tag}>'
        for cell, place in placed
    ]
    return f"<tr>{''.join(cells)}</tr>"


def html_payment(block: PaymentBlock, language: Language, code: str) -> str:
    """How to pay, with the code beside it: below it on a narrow screen."""
    lines = "".join(
        f'<p style="margin:0 0 8px"><span style="color:{SOFT};font-size:13px">{escape(label)}</span><br>'
        f'<strong style="font-size:{20 if place == 0 else 16}px">{escape(value)}</strong></p>'
        for place, (label, value) in enumerate(payment_values(block, language))
    )
    box = f"margin:16px 0;padding:16px;background:{PALE};border-radius:8px"
    half = "display:inline-block;vertical-align:middle"
    picture = f'<img src="cid:{code}" alt="{escape(block.qr_alternative)}" width="160" height="160"'
    return (
        f'<div style="{box}"><div style="{half};min-width:260px;max-width:320px;padding-right:24px">{lines}</div>'
        f'<div style="{half};padding:8px 0">{picture} style="display:block;background:#ffffff"></div></div>'
    )
