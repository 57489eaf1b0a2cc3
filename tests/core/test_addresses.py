"""Which addresses are public, and how a URL must be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import Refused, Target, check_target, follow, is_public, parse_url, registered

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "1fff::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "localhost",
    "",
]

PUBLIC = ["1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1"]
PUBLIC += ["223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450:4001::1"]

MALFORMED = [
    "",
    "/users/ada",
    "//alpha.test/",
    "ftp://alpha.test/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https:alpha.test",
    "https:///path",
    "https://",
    "https://ada@alpha.test/",
    "https://ada:secret@alpha.test/",
    "https://alpha.test@127.0.0.1/",
    "https://alpha.test\\@127.0.0.1/",
    "https://alpha.test:/",
    "https://alpha.test:0/",
    "https://alpha.test:65536/",
    "https://alpha.test:443:80/",
    "https://alpha.test:٤٤٣/",
    "https://alpha.test./",
    "https://.alpha.test/",
    "https://alpha..test/",
    "https://-alpha.test/",
    "https://alpha.test%2f.beta.test/",
    "https://%31%32%37.0.0.1/",
    "https://al pha.test/",
    "https://alpha.test/\r\nHost: beta.test",
    "https://alpha.test/\t",
    " https://alpha.test/",
    "https://alpha.test/ ",
    "https://alpha.test/\x00",
    "https://[::1/",
    "https://[::1]x/",
    "https://[fe80::1%25eth0]/",
    "https://[::zz]/",
    "https://" + "a" * 64 + ".test/",
    "https://" + "a." * 126 + "test/",
    "https://alpha.test/" + "a" * 2048,
    "https://alpha.test/\ud800",
    "https://\ud800.test/",
]

UNUSUAL_IPV4 = [
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "017700000001",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.01",
    "127.0.0.0x1",
    "127.0.0.0x",
    "1.2.3.4.5",
    "256.1.1.1",
    "8.8",
    "alpha.1",
    "1２7.0.0.1x.0x7f",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_on_the_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        parse_url(url)


@pytest.mark.parametrize("host", UNUSUAL_IPV4)
def test_an_ipv4_address_in_an_unusual_spelling_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="unusual spelling"):
        parse_url(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://alpha.test", Target("https", "alpha.test", 443, "/")),
        ("HTTPS://Alpha.TEST:443/Users/Ada?x=1#main-key", Target("https", "alpha.test", 443, "/Users/Ada?x=1")),
        ("http://alpha.test:8080?x", Target("http", "alpha.test", 8080, "/?x")),
        ("https://bücher.test/@ü", Target("https", "xn--bcher-kva.test", 443, "/@%C3%BC")),
        ("https://alpha。test/", Target("https", "alpha.test", 443, "/")),
        ("https://alpha.test/%7Ea%20b", Target("https", "alpha.test", 443, "/%7Ea%20b")),
        ("http://127.0.0.1:81/", Target("http", "127.0.0.1", 81, "/")),
        ("http://１２７.0.0.1/", Target("http", "127.0.0.1", 80, "/")),
        ("https://[2A00::0:1]/", Target("https", "2a00::1", 443, "/")),
    ],
)
def test_a_url_is_taken_apart(url: str, target: Target) -> None:
    assert parse_url(url) == target


def test_the_authority_leaves_out_the_default_port_only() -> None:
    assert parse_url("https://alpha.test:443/a").url == "https://alpha.test/a"
    assert parse_url("https://alpha.test:80/a").url == "https://alpha.test:80/a"
    assert parse_url("http://[2a00::1]:80/").url == "http://[2a00::1]/"


@pytest.mark.parametrize(
    "url",
    [
        "https://alpha.test:8443/",
        "http://alpha.test:8080/",
        "https://alpha.test:22/",
        "http://alpha.test:443/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:8.8.8.8]/",
    ],
)
def test_strange_ports_and_hosts_off_the_internet_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        check_target(parse_url(url), allow_http=False, allow_private=False)


def test_each_rule_is_lifted_by_its_own_switch() -> None:
    check_target(parse_url("http://alpha.test:8080/"), allow_http=True, allow_private=False)
    check_target(parse_url("https://localhost/"), allow_http=False, allow_private=True)
    with pytest.raises(Refused):
        check_target(parse_url("http://127.0.0.1:8080/"), allow_http=True, allow_private=False)
    with pytest.raises(Refused):
        check_target(parse_url("http://127.0.0.1:8080/"), allow_http=False, allow_private=True)


@pytest.mark.parametrize("location", ["http://[", "/a b", "\\\\evil.test", "/\tx", "https://[::1]]/"])
def test_a_malformed_redirect_is_refused(location: str) -> None:
    with pytest.raises(Refused):
        parse_url(follow(parse_url("https://alpha.test/a"), location))


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("alpha.test", "alpha.test"),
        ("a.b.alpha.test:8443", "alpha.test"),
        ("media.alpha.co.uk", "alpha.co.uk"),
        ("co.uk", "co.uk"),
        ("localhost:80", "localhost"),
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8::9", "2001:db8::9"),
    ],
)
def test_the_registered_domain_of_a_host_is_told_apart_from_its_servers(host: str, domain: str) -> None:
    assert registered(host) == domain


@given(st.text() | st.from_regex(r"https?://[^/]{0,20}/.{0,20}"))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    try:
        target = parse_url(text)
    except Refused:
        return
    assert target.url.isascii()
    assert parse_url(target.url) == target
