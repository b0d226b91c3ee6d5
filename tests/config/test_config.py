"""The configuration: what is accepted, how it is overridden, and the one line for each mistake."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from twoleg.bootstrap.trunks import trunks_of
from twoleg.config import Address, ConfigError, Settings, known_keys, load, locate
from twoleg.domain.trunk import HealthCheck, IdentityHeader, Rewrite, Trunk

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
STORE = '[store]\nurl = "sqlite:///twoleg.db"\n'
TRUNK = '[[trunk]]\nname = "carrier"\nuri = "sip:127.0.0.1:5070"\n'


@pytest.fixture
def load_text(tmp_path: Path) -> Callable[..., Settings]:
    def loaded(text: str, **environment: str) -> Settings:
        file = tmp_path / "twoleg.toml"
        file.write_text(text)
        return load(file, environment)

    return loaded


def complaint(load_text: Callable[..., Settings], text: str, **environment: str) -> str:
    with pytest.raises(ConfigError) as raised:
        load_text(text, **environment)
    line = str(raised.value)
    assert "\n" not in line
    return line


# ---------------------------------------------------------------------------- what is accepted


def test_the_store_alone_is_enough(load_text: Callable[..., Settings]) -> None:
    settings = load_text(STORE)
    assert settings.http.listen == Address("tcp", "127.0.0.1", 8080)
    assert settings.sip.listen == (Address("udp", "127.0.0.1", 5060),)


def test_session_timers_may_be_long_short_or_none(load_text: Callable[..., Settings]) -> None:
    assert (load_text(STORE).sip.session_expires, load_text(STORE).sip.min_se) == (1800, 90)
    assert load_text(f"{STORE}[sip]\nsession_expires = 90").sip.session_expires == 90
    none = load_text(f"{STORE}[sip]\nmin_se = 300", TWOLEG_SIP__SESSION_EXPIRES="0").sip
    assert (none.session_expires, none.min_se) == (0, 300)


def test_media_may_differ_by_tenant_also_by_a_variable(load_text: Callable[..., Settings]) -> None:
    text = STORE + '[media]\nmode = "rtpengine"\nfallback = ["direct"]\nrtpengine = ["127.0.0.1:2223", "[::1]:2223"]'
    media = load_text(text, TWOLEG_MEDIA__TENANTS="t1=rtpio, t2=direct").media
    assert [each.host_port for each in media.rtpengine] == ["127.0.0.1:2223", "[::1]:2223"]
    assert media.tenants == {"t1": "rtpio", "t2": "direct"}
    assert media.modes == {"direct", "rtpio", "rtpengine"}


def test_single_calls_may_ask_for_what_is_set_up_for_them(load_text: Callable[..., Settings]) -> None:
    media = load_text(STORE + '[media]\nmode = "rtpio"\ncalls = ["direct"]').media
    assert media.mode == "rtpio"
    assert media.modes == {"rtpio", "direct"}
    assert load_text(STORE).media.mode == "auto"


def test_the_greeting_is_found_beside_the_file(load_text: Callable[..., Settings], tmp_path: Path) -> None:
    assert load_text(STORE + '[media]\ngreeting = "hello.wav"').media.greeting == str(tmp_path / "hello.wav")


def test_the_example_lists_exactly_the_known_keys() -> None:
    listed, section = set(), ""
    for line in (ROOT / "twoleg.example.toml").read_text().splitlines():
        if header := re.fullmatch(r"\[+([\w.]+)\]+", line):
            section = header.group(1)
        elif key := re.fullmatch(r"(?:# )?([a-z_]+) = .*", line):
            listed.add(f"{section}.{key.group(1)}")
    assert listed == known_keys()


def test_a_trunk_says_all_that_its_carrier_wants(load_text: Callable[..., Settings]) -> None:
    wishes = """
priority = 2
weight = 30
tenants = ["t1", "t2"]
username = "u"
password = "p"
strip = "0"
prepend = "+49"
clip_strip = "+"
clip_prepend = "00"
channels = 30
calls_per_second = 2.5
identity = ["Remote-Party-ID"]
privacy = true
attempt_timeout = 2
register = true
register_expires = 300
options_every = 30
options_failures = 4
options_successes = 1
"""
    (carrier,) = trunks_of(load_text(STORE + TRUNK + wishes), sandbox=None)
    assert (carrier.priority, carrier.weight, carrier.tenants) == (2, 30, frozenset({"t1", "t2"}))
    assert (carrier.dialled, carrier.shown) == (Rewrite("0", "+49"), Rewrite("+", "00"))
    assert (carrier.channels, carrier.calls_per_second) == (30, 2.5)
    assert (carrier.identity, carrier.withholds) == ((IdentityHeader.REMOTE_PARTY,), True)
    assert (carrier.patience, carrier.registers, carrier.registration_expires) == (2.0, True, 300)
    assert carrier.health == HealthCheck(every=30.0, failures=4, successes=1)


def test_a_trunk_that_says_nothing_has_the_domains_defaults(load_text: Callable[..., Settings]) -> None:
    assert trunks_of(load_text(STORE + TRUNK), sandbox=None) == (Trunk(name="carrier", uri="sip:127.0.0.1:5070"),)


def test_the_example_shows_the_defaults(load_text: Callable[..., Settings]) -> None:
    example = load(ROOT / "twoleg.example.toml", {})
    bare = load_text(STORE + TRUNK + "[sandbox]\nenabled = true")  # on in the example, off by default
    for section in ("http", "sip", "sip_tls", "timers", "sandbox", "log", "node", "trunks"):
        assert getattr(example, section) == getattr(bare, section), section


def test_a_relative_store_lies_beside_the_configuration(load_text: Callable[..., Settings], tmp_path: Path) -> None:
    assert load_text(STORE).store.url == f"sqlite:///{tmp_path}/twoleg.db"


def test_an_absolute_store_stays_where_it_is(load_text: Callable[..., Settings]) -> None:
    assert load_text('[store]\nurl = "sqlite:////var/x.db"').store.url == "sqlite:////var/x.db"


def test_ipv6_and_localhost_are_addresses(load_text: Callable[..., Settings]) -> None:
    settings = load_text(STORE + '[http]\nlisten = "[::1]:0"\n[sip]\nlisten = "udp:localhost:0"')
    assert settings.http.listen == Address("tcp", "::1", 0)
    assert str(settings.http.listen) == "[::1]:0"
    assert settings.sip.listen == (Address("udp", "127.0.0.1", 0),)


def test_several_addresses_are_listened_on(load_text: Callable[..., Settings], tmp_path: Path) -> None:
    settings = load_text(
        STORE
        + '[sip]\nlisten = ["udp:0.0.0.0:5060", "tcp:127.0.0.1:5062", "tls:[::]:5061"]\n'
        + 'advertised = ["192.0.2.1", "[2001:db8::1]"]\n[sip.tls]\ncertificate = "c.pem"\nca = "/etc/ca.pem"\n'
        + TRUNK.replace(':5070"', ':5070;transport=TCP"')
        + TRUNK.replace("carrier", "other").replace("sip:", "sips:")
    )
    assert [str(each) for each in settings.sip.listen] == ["udp:0.0.0.0:5060", "127.0.0.1:5062", "tls:[::]:5061"]
    assert settings.sip.advertised == ("192.0.2.1", "2001:db8::1")
    assert settings.sip_tls.certificate == f"{tmp_path}/c.pem"
    assert settings.sip_tls.ca == "/etc/ca.pem"


def test_variables_reach_lists_and_the_inner_table(load_text: Callable[..., Settings]) -> None:
    listen = "udp:127.0.0.1:1,tls:127.0.0.1:2"
    settings = load_text(STORE, TWOLEG_SIP__LISTEN=listen, TWOLEG_SIP__TLS__CERTIFICATE="/c.pem")
    assert [each.transport for each in settings.sip.listen] == ["udp", "tls"]
    assert settings.sip_tls.certificate == "/c.pem"


def test_a_timer_may_be_a_fraction(load_text: Callable[..., Settings]) -> None:
    assert load_text(STORE + "[timers]\nring_agent = 1.5").timers.ring_agent == 1.5


def test_a_password_is_never_shown(load_text: Callable[..., Settings]) -> None:
    settings = load_text(STORE + TRUNK + 'username = "u"\npassword = "hush"')
    assert settings.trunks[0].password == "hush"
    assert "hush" not in repr(settings)


# ---------------------------------------------------------------------------- the environment


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("TWOLEG_HTTP__LISTEN", "127.0.0.1:1", lambda s: str(s.http.listen) == "127.0.0.1:1"),
        ("TWOLEG_HTTP__WORKERS", "3", lambda s: s.http.workers == 3),
        ("TWOLEG_SANDBOX__ENABLED", "true", lambda s: s.sandbox.enabled is True),
        ("TWOLEG_TIMERS__QUEUE", "0.5", lambda s: s.timers.queue == 0.5),
        ("TWOLEG_TRUNK__CARRIER__PREFIXES", "+49,00", lambda s: s.trunks[0].prefixes == ("+49", "00")),
        ("TWOLEG_TRUNK__CARRIER__TENANTS", "t1,t2", lambda s: s.trunks[0].tenants == ("t1", "t2")),
        ("TWOLEG_TRUNK__CARRIER__IDENTITY", "", lambda s: s.trunks[0].identity == ()),
        ("TWOLEG_TRUNK__CARRIER__CHANNELS", "7", lambda s: s.trunks[0].channels == 7),
        ("TWOLEG_TRUNK__CARRIER__CALLS_PER_SECOND", "0.5", lambda s: s.trunks[0].calls_per_second == 0.5),
        ("TWOLEG_STORE__URL", "sqlite:////x/y.db", lambda s: s.store.url == "sqlite:////x/y.db"),
    ],
)
def test_a_variable_overrides_the_file(
    load_text: Callable[..., Settings], variable: str, value: str, read: Callable[[Settings], bool]
) -> None:
    assert read(load_text(STORE + TRUNK, **{variable: value}))


def test_a_required_key_may_come_from_a_variable(load_text: Callable[..., Settings]) -> None:
    assert load_text("", TWOLEG_STORE__URL="sqlite:////x.db").store.url == "sqlite:////x.db"


def test_a_password_may_come_from_a_variable(load_text: Callable[..., Settings]) -> None:
    text = STORE + TRUNK.replace("carrier", "my-pbx") + 'username = "u"'
    assert load_text(text, TWOLEG_TRUNK__MY_PBX__PASSWORD="hush").trunks[0].password == "hush"


def test_variables_of_container_platforms_are_left_alone(load_text: Callable[..., Settings]) -> None:
    load_text(STORE, TWOLEG_PORT="tcp://10.0.0.1:8080", TWOLEG_SERVICE_HOST="10.0.0.1", TWOLEG_CONFIG="x")


# ---------------------------------------------------------------------------- one line for each mistake

WRONG_VALUES = [
    ("[http]\nlisten = 8080", "twoleg.toml: http.listen = 8080 is wrong: must be ADDRESS:PORT"),
    ('[http]\nlisten = "8080"', "http.listen"),
    ('[http]\nlisten = "127.0.0.1:65536"', "http.listen"),
    ('[http]\nlisten = "::1:80"', "http.listen"),
    ('[http]\nlisten = "example.org:80"', "http.listen"),
    ("[http]\nworkers = 0", "http.workers = 0 is wrong: must be a whole number from 1 to 64"),
    ("[http]\nworkers = true", "http.workers = true is wrong"),
    ("[http]\nworkers = 1.5", "http.workers = 1.5 is wrong"),
    ('[sip]\nlisten = "127.0.0.1:5060"', "sip.listen"),
    ('[sip]\nlisten = "ws:127.0.0.1:5060"', 'must be udp:ADDRESS:PORT, such as "udp:127.0.0.1:5060", or a list'),
    ("[sip]\nlisten = []", "sip.listen"),
    ('[sip]\nlisten = ["udp:127.0.0.1:5060", "udp:127.0.0.1:5062"]', "sip.listen has two udp: addresses of IPv4"),
    ('[sip]\nlisten = "tls:127.0.0.1:5061"', "sip.tls.certificate is missing: a server of TLS must show one"),
    ('[sip.tls]\nkey = "k.pem"', "sip.tls.certificate is missing: the key is for one"),
    ("[sip.tls]\nverify_clients = true", "sip.tls.ca is missing"),
    ("[sip.tls]\ncert = 1", "key in sip.tls: cert"),
    ("[sip]\ntls = 1", "sip.tls must be a table, written as [sip.tls]"),
    ('[sip]\nadvertised = ["192.0.2.1", "192.0.2.2"]', "sip.advertised has two addresses of one family"),
    (
        '[sip]\nlisten = ["udp:0.0.0.0:1", "tcp:[::]:1"]\nadvertised = "192.0.2.1"',
        "sip.advertised is missing: tcp:[::]:1",
    ),
    ("[sip]\nmessages_per_second = -1", "sip.messages_per_second"),
    ("[sip]\nsession_expires = 89", "sip.session_expires = 89 is wrong: must be 0 or a whole number from 90 to 86400"),
    ("[sip]\nsession_expires = false", "sip.session_expires = false is wrong"),
    ("[sip]\nsession_expires = 0.0", "sip.session_expires = 0.0 is wrong"),
    ("[sip]\nrefuse_calls_with = 486", "sip.refuse_calls_with = 486 is wrong"),
    ("[sip]\nmin_se = 60", "sip.min_se = 60 is wrong: must be a whole number from 90 to 86400"),
    ("[sip]\nsession_expires = 100\nmin_se = 120", "sip.session_expires = 100 is wrong: must be 0 or at least"),
    (TRUNK.replace("0.1:", "0.1;transport=sctp:"), "trunk 1: uri = "),
    (
        TRUNK.replace(':5070"', ':5070;transport=tcp"'),
        "trunk carrier: sip:127.0.0.1:5070;transport=tcp is reached over tcp, so sip.listen must have an address",
    ),
    ('[sip]\nadvertised = "a host"', "sip.advertised"),
    ('[sip]\nadvertised = "0.0.0.0"', "must be an IP address that peers can reach"),
    ('[sip]\nlisten = "udp:0.0.0.0:5060"', "sip.advertised is missing"),
    ("[timers]\nqueue = -1", "timers.queue = -1 is wrong: must be a number of seconds from 0.1 to 3600"),
    ('[timers]\nmax_talk = "long"', 'timers.max_talk = "long" is wrong'),
    ("[timers]\nqueue = nan", "timers.queue"),
    ('[sandbox]\nenabled = "yes"', 'sandbox.enabled = "yes" is wrong: must be true or false'),
    ('[log]\nlevel = "loud"', "must be one of debug, info, warning, error"),
    ("[node]\nid = 64", "node.id = 64 is wrong: must be a whole number from 0 to 63"),
    ("[http]\nlisten = []", "http.listen = [] is wrong"),
    ("http = 1", "http must be a table, written as [http]"),
    ("trunk = 1", "trunk must be written as [[trunk]], once for each trunk"),
    ("[trunk]\nname = 1", "trunk must be written as [[trunk]]"),
    (TRUNK.replace("sip:", "sips:"), "is reached over tls, so sip.listen must have"),
    (TRUNK.replace("127", "bob@127"), 'must be sip:HOST or sip:HOST:PORT, such as "sip:192.0.2.1:5060"'),
    (TRUNK + "prefixes = []", "trunk 1: prefixes = [] is wrong: must be a list of number prefixes"),
    (TRUNK + 'prefixes = ["a"]', "prefixes"),
    (TRUNK + 'prefixes = ""', "prefixes"),
    (TRUNK + TRUNK, "two trunks are named carrier"),
    (TRUNK + 'username = "u"', "trunk carrier: password is missing: username and password go together"),
    (TRUNK + 'password = "u"', "trunk carrier: username is missing"),
    (TRUNK + "register = true", "trunk carrier: username is missing: a registrar must be told whose phone it is"),
    (TRUNK + "channels = 0", "trunk 1: channels = 0 is wrong: must be a whole number from 1 to 1000000"),
    (TRUNK + "calls_per_second = 0", "trunk 1: calls_per_second = 0 is wrong: must be a number from 0.01 to 10000"),
    (TRUNK + "weight = -1", "trunk 1: weight = -1 is wrong: must be a whole number from 0 to 65535"),
    (TRUNK + 'strip = "a"', "trunk 1: strip"),
    (TRUNK + 'identity = ["From"]', "trunk 1: identity = ['From'] is wrong: must be a list of none, one or both of"),
    (TRUNK + "tenants = []", "trunk 1: tenants = [] is wrong: must be a list of tenant ids"),
    (
        TRUNK + "attempt_timeout = 40",
        "trunk 1: attempt_timeout = 40 is wrong: must be a number of seconds from 0.5 to 32",
    ),
    ('[media]\nmode = "relay"', 'media.mode = "relay" is wrong: must be one of auto, direct, rtpio, rtpengine'),
    (
        '[media]\ncalls = ["auto"]',
        "media.calls = ['auto'] is wrong: must be a list of some of direct, rtpio, rtpengine",
    ),
    ('[media]\ncalls = ["rtpengine"]', "media.rtpengine is missing: it says where the daemons are asked"),
    ('[media]\nfallback = ["none"]', "media.fallback = ['none'] is wrong: must be a list of some of"),
    ('[media]\nmode = "rtpengine"', "media.rtpengine is missing: it says where the daemons are asked"),
    ('[media]\nringback = "XX"', 'media.ringback = "XX" is wrong: must be one of BR, CA, CN'),
    ('[media]\ntenants = { t1 = "none" }', "media.tenants = {'t1': 'none'} is wrong: must be a table such as"),
    ("[media]\nrtpio_port_min = 40000\nrtpio_port_max = 39999", "media.rtpio_port_max must be above"),
    (
        '[media]\ncustomer_transport = "srtp"',
        "media.customer_transport other than rtp needs rtpengine for every call, and no fallback",
    ),
    ('[[trunk]]\nname = "a b"', "trunk 1: name"),
    ('[[trunk]]\nname = "a"', "trunk 1: uri is missing: it must be sip:HOST or sip:HOST:PORT"),
]


@pytest.mark.parametrize(("text", "says"), WRONG_VALUES)
def test_a_wrong_value_is_one_line_naming_key_and_rule(
    load_text: Callable[..., Settings], text: str, says: str
) -> None:
    assert says in complaint(load_text, f"{text}\n{STORE}" if text.startswith(("http", "trunk")) else STORE + text)


@pytest.mark.parametrize("url", ["", "twoleg.db", "sqlite:///", "sqlite:////", "postgres://x/y", "sqlite:///x?mode=ro"])
def test_a_store_must_be_a_file_of_sqlite(load_text: Callable[..., Settings], url: str) -> None:
    assert 'must be "sqlite:///FILE"' in complaint(load_text, f'[store]\nurl = "{url}"')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[http]\nlistn = 1", "unknown key in http: listn; did you mean listen?"),
        (
            "[http]\nxyzzy = 1",
            "unknown key in http: xyzzy; known: key_days, listen, metrics_token, public_url, workers",
        ),
        ("[htpt]\nlisten = 1", "unknown section htpt; did you mean http?"),
        ("[[trunks]]\nname = 1", "unknown section trunks; did you mean trunk?"),
        (TRUNK + 'prefix = ""', "unknown key in trunk 1: prefix; did you mean prefixes?"),
    ],
)
def test_an_unknown_key_gets_a_suggestion(load_text: Callable[..., Settings], text: str, says: str) -> None:
    assert says in complaint(load_text, STORE + text)


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("TWOLEG_HTTP__LISTN", "unknown variable TWOLEG_HTTP__LISTN; did you mean TWOLEG_HTTP__LISTEN?"),
        ("TWOLEG_HTTP_LISTEN", "unknown variable TWOLEG_HTTP_LISTEN; did you mean TWOLEG_HTTP__LISTEN?"),
        ("TWOLEG_TRUNK__OTHER__URI", "unknown variable TWOLEG_TRUNK__OTHER__URI"),
        ("TWOLEG_HTTP__WORKERS", 'TWOLEG_HTTP__WORKERS = "x" is wrong: must be a whole number'),
        ("TWOLEG_SANDBOX__ENABLED", 'TWOLEG_SANDBOX__ENABLED = "x" is wrong: must be true or false'),
    ],
)
def test_a_wrong_variable_is_named(load_text: Callable[..., Settings], variable: str, says: str) -> None:
    assert says in complaint(load_text, STORE + TRUNK, **{variable: "x"})


def test_a_wrong_secret_is_not_repeated(load_text: Callable[..., Settings]) -> None:
    line = complaint(load_text, STORE + TRUNK + 'username = "u"\npassword = 4711')
    assert "password = (not shown) is wrong" in line


def test_a_missing_store_is_named(load_text: Callable[..., Settings]) -> None:
    assert "store: url is missing" in complaint(load_text, "")


def test_broken_toml_says_where(load_text: Callable[..., Settings]) -> None:
    assert re.search(r"twoleg.toml: is not TOML: .*line 1", complaint(load_text, "http =\n[store]"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.toml: cannot be read: No such file"):
        load(tmp_path / "nowhere.toml", {})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_binary_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(tmp_path / "x.toml", {})


# ---------------------------------------------------------------------------- which file


def test_the_given_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("twoleg.toml").touch()
    assert locate(Path("a"), {"TWOLEG_CONFIG": "b"}) == Path("a")
    assert locate(None, {"TWOLEG_CONFIG": "b"}) == Path("b")
    assert locate(None, {}) == Path("twoleg.toml")


def test_no_file_at_all_is_one_helpful_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="no configuration: give --config FILE, set TWOLEG_CONFIG, or run where"):
        locate(None, {})
