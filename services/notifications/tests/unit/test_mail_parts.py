"""Headers that are not parsed are byte for byte what the standard library's parser makes of them."""

from email.errors import MessageError
from email.headerregistry import Address

from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.channels.mail_parts import header, mailbox_header, parsed_header

NEAR_PLAIN = st.text(alphabet="abzAZ09 '-.,;:\"()=?_éŁ€<>@\\", max_size=90).map(lambda text: " ".join(text.split()))
NEAR_ADDRESSES = st.from_regex(r"[abAZ09_+.'-]{1,40}@[abAZ09_+.'-]{1,40}", fullmatch=True)


def bytes_or_fault(make, *arguments, **named):
    try:
        return make(*arguments, **named)
    except (ValueError, IndexError, MessageError) as fault:  # the library's parser has several ways to refuse
        return type(fault).__name__


@settings(max_examples=300, deadline=None)
@given(NEAR_PLAIN)
def test_a_subject_is_written_as_the_library_writes_it(text):
    assert bytes_or_fault(header, "Subject", text) == bytes_or_fault(parsed_header, "Subject", text)


@settings(max_examples=300, deadline=None)
@given(NEAR_PLAIN, NEAR_ADDRESSES)
def test_a_mailbox_is_written_as_the_library_writes_it_or_refused_as_it_refuses(name, address):
    def by_the_library():
        return parsed_header("To", str(Address(display_name=name, addr_spec=address)))

    ours = bytes_or_fault(mailbox_header, "To", display_name=name, address=address)
    assert ours == bytes_or_fault(by_the_library)


def test_a_name_that_needs_no_care_is_not_parsed(monkeypatch):
    monkeypatch.setattr("notifications.channels.mail_parts.parsed_header", None)
    assert mailbox_header("To", display_name="Jan d'Arc-Bos", address="jan.bos+x@post.example").startswith(b"To: Jan")
    assert header("Subject", "Laatste kans om zonder kosten te betalen").endswith(b"betalen\r\n")
