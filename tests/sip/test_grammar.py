"""What the grammar allows is read as what it means; what it does not is refused in order or read, and never more."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sip.grammar import Meaning, Said, messages, octets
from sip.grammar_breaks import REFUSED, REFUSED_START, Break, damaged
from twoleg.sip.errors import SipParseError
from twoleg.sip.message import Request, Response, response_to, response_to_malformed
from twoleg.sip.parser import StreamParser, parse_datagram

# Explaining a failure costs minutes with values as large as these, and tells little.
EXAMPLES = settings(max_examples=60, phases=set(Phase) - {Phase.explain})
FEWER = settings(EXAMPLES, max_examples=4)


def check_means(message: Request | Response | SipParseError, means: Meaning) -> None:
    assert isinstance(message, Request if means.is_request else Response)
    if isinstance(message, Request):
        assert means.first == (message.method, message.uri)
    else:
        assert means.first == (str(message.status), message.reason)
    assert message.vias == means.vias
    assert (message.from_, message.to) == (means.from_, means.to)
    assert (message.call_id, message.cseq) == (means.call_id, means.cseq)
    assert message.contacts == means.lists["Contact"]
    assert message.record_routes == means.lists["Record-Route"]
    assert message.routes == means.lists["Route"]
    assert message.reasons == means.reasons
    assert sorted(item for item in message.headers if item in means.texts) == sorted(means.texts)
    assert message.body == means.body


def check_sent_on(message: Request | Response) -> None:
    """What we read, we write so that it is read again as the same."""
    again = parse_datagram(message.encode())
    assert (again.start_line, again.body) == (message.start_line, message.body)
    kept = [item for item in message.headers if item[0] != "Content-Length"]
    assert [item for item in again.headers if item[0] != "Content-Length"] == kept


def check_refused(data: bytes, *, is_request: bool) -> None:
    with pytest.raises(SipParseError) as caught:
        parse_datagram(data)
    assert caught.value.status == (400 if is_request else None)
    check_answerable(caught.value)


def check_answerable(error: SipParseError) -> None:
    answer = response_to_malformed(error, to_tag="t")
    if answer is not None:
        assert answer.status == error.status
        assert answer.encode().startswith(b"SIP/2.0 ")


def deserves_an_answer(means: Meaning) -> bool:
    return means.is_request and means.cseq.method != "ACK"


@EXAMPLES
@given(messages())
def test_what_the_grammar_allows_is_read_as_what_it_means(said: Said[Meaning]) -> None:
    message = parse_datagram(octets(said))
    check_means(message, said.means)
    check_sent_on(message)
    if isinstance(message, Request):
        assert parse_datagram(response_to(message, 180, to_tag="t").encode()).vias == message.vias


@pytest.mark.slow
@EXAMPLES
@given(st.lists(messages(announced=True), min_size=1, max_size=3), st.data())
def test_messages_in_a_stream_are_what_they_are_in_datagrams(said: list[Said[Meaning]], data: st.DataObject) -> None:
    gap = data.draw(st.sampled_from([b"", b"\r\n", b"\r\n\r\n"]))
    stream = gap.join([octets(each) for each in said])
    size = data.draw(st.sampled_from([1, 7, 100, len(stream)]))
    parser = StreamParser()
    found = [each for at in range(0, len(stream), size) for each in parser.feed(stream[at : at + size])]
    assert len(found) == len(said)
    for message, each in zip(found, said, strict=True):
        check_means(message, each.means)


@pytest.mark.slow
@EXAMPLES
@given(messages(announced=True), st.sampled_from([b"x", b"\0" * 20, b"\r\n\r\n", b"INVITE sip:a SIP/2.0\r\n\r\n"]))
def test_what_may_be_tolerated_changes_nothing(said: Said[Meaning], behind: bytes) -> None:
    bare = said.text.replace("\r\n", "\n").encode() + said.means.body
    check_means(parse_datagram(bare), said.means)
    check_means(parse_datagram(b"\r\n\r\n" + octets(said) + behind), said.means)


@pytest.mark.parametrize("fault", REFUSED, ids=repr)
def test_one_fault_is_enough_to_be_refused(fault: Break) -> None:
    @FEWER
    @given(messages())
    def story(said: Said[Meaning]) -> None:
        check_refused(fault.of(said), is_request=deserves_an_answer(said.means))

    story()


@pytest.mark.parametrize("fault", REFUSED_START, ids=repr)
def test_one_fault_in_the_request_line_is_enough_to_be_refused(fault: Break) -> None:
    @FEWER
    @given(messages().filter(lambda said: deserves_an_answer(said.means)))
    def story(said: Said[Meaning]) -> None:
        check_refused(fault.of(said), is_request=True)

    story()


@EXAMPLES
@given(messages(), st.binary(min_size=1, max_size=9))
def test_octets_that_are_no_text_are_handed_on_as_they_came(said: Said[Meaning], junk: bytes) -> None:
    junk = bytes(octet | 0x80 for octet in junk)
    message = parse_datagram(octets(said).replace(b"\r\n", b"\r\nX-Octets: " + junk + b"\r\n", 1))
    check_means(message, said.means)
    assert b"\r\nX-Octets: " + junk + b"\r\n" in message.encode()


@pytest.mark.slow
@settings(EXAMPLES, max_examples=120)
@given(damaged(messages()))
def test_a_damaged_message_is_read_or_refused_and_what_is_read_can_be_sent_on(data: bytes) -> None:
    try:
        message = parse_datagram(data)
    except SipParseError as error:
        check_answerable(error)
    else:
        check_sent_on(message)


@EXAMPLES
@given(st.lists(damaged(messages(announced=True)), min_size=1, max_size=3), st.sampled_from([1, 50, 10_000]))
def test_a_damaged_stream_gives_messages_and_refusals_or_is_given_up(pieces: list[bytes], size: int) -> None:
    stream, parser = b"".join(pieces), StreamParser()
    given_up: SipParseError | None = None
    try:
        for at in range(0, len(stream), size):
            for found in parser.feed(stream[at : at + size]):
                if isinstance(found, SipParseError):
                    check_answerable(found)
                else:
                    check_sent_on(found)
    except SipParseError as error:
        given_up = error
    assert given_up is None or given_up.status is None
