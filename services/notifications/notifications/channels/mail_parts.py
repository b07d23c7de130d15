"""A mail as bytes. Written directly: the standard library's message objects parse each header that they are given, and
that took more time than all else about a mail. Its header encoding is used where a header is not plain.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from email.headerregistry import Address
from email.policy import SMTP as SMTP_POLICY
from functools import lru_cache

LINE_END = b"\r\n"
LONGEST_LINE = 78  # by RFC 5322, without its end
PLAIN_MAILBOX = re.compile(
    r"[A-Za-z0-9' -]*[A-Za-z0-9] <[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*>"
)


def header(name: str, value: str) -> bytes:
    """A header line, encoded and folded as it must be. One that needs neither is not parsed for it."""
    fits = 0 < len(value) <= LONGEST_LINE - len(name) - len(": ")
    if fits and value.isascii() and value.isprintable() and "=?" not in value:
        return plain_header(name, value)
    return parsed_header(name, value)


def parsed_header(name: str, value: str) -> bytes:
    """The same by the standard library, whatever the value is."""
    return SMTP_POLICY.header_factory(name, value).fold(policy=SMTP_POLICY).encode("ascii", "surrogateescape")


def mailbox_header(name: str, *, display_name: str, address: str) -> bytes:
    """A header of one name with its address. Raises ValueError for what is no address."""
    plain = f"{display_name} <{address}>"
    if PLAIN_MAILBOX.fullmatch(plain):
        return header(name, plain)
    return parsed_header(name, str(Address(display_name=display_name, addr_spec=address)))


@lru_cache(maxsize=64)
def repeated_mailbox_header(name: str, *, display_name: str, address: str) -> bytes:
    """The same for one that many mails share."""
    return mailbox_header(name, display_name=display_name, address=address)


def plain_header(name: str, value: str) -> bytes:
    """A header that we made ourselves: short, ASCII, on one line. Raises ValueError when it is not."""
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"{name} is not plain")
    return f"{name}: {value}\r\n".encode("ascii")


def text_part(kind: str, text: str) -> bytes:
    """A part of text, quoted-printable. Raises UnicodeEncodeError for half a character."""
    lines = text.encode().splitlines()
    body = binascii.b2a_qp(b"\n".join(lines) + b"\n", istext=True).replace(b"\n", LINE_END)
    head = plain_header("Content-Type", f'{kind}; charset="utf-8"')
    return head + plain_header("Content-Transfer-Encoding", "quoted-printable") + LINE_END + body


def picture_part(picture: bytes, *, content_id: str, filename: str) -> bytes:
    """A PNG that the text beside it shows."""
    return (
        plain_header("Content-Type", "image/png")
        + plain_header("Content-Transfer-Encoding", "base64")
        + plain_header("Content-Disposition", f'inline; filename="{filename}"')
        + plain_header("Content-ID", f"<{content_id}>")
        + LINE_END
        + base64.encodebytes(picture).replace(b"\n", LINE_END)
    )


def multipart(kind: str, parts: Sequence[bytes], *, boundary: str) -> bytes:
    """Parts behind one another, with the header that names the boundary."""
    edge = f"--{boundary}".encode("ascii")
    body = b"".join(edge + LINE_END + part + LINE_END for part in parts)
    return plain_header("Content-Type", f'multipart/{kind}; boundary="{boundary}"') + LINE_END + body + edge + b"--\r\n"
