"""Names IOS prints instead of numbers: protocols, ports, DSCP.

Source: Cisco IOS Security Command Reference, `permit (IP)` and `access-list (IP extended)`.
"""

from collections.abc import Mapping
from types import MappingProxyType


def _frozen(**numbers: int) -> Mapping[str, int]:
    return MappingProxyType({name.replace("_", "-"): number for name, number in numbers.items()})


IPV4_PROTOCOLS = _frozen(
    ahp=51,
    eigrp=88,
    esp=50,
    gre=47,
    icmp=1,
    igmp=2,
    ipinip=4,
    nos=94,
    ospf=89,
    pcp=108,
    pim=103,
    tcp=6,
    udp=17,
)
IPV6_PROTOCOLS = _frozen(ahp=51, esp=50, icmp=58, pcp=108, sctp=132, tcp=6, udp=17)

TCP, UDP, SCTP, ICMP, ICMPV6 = 6, 17, 132, 1, 58

TCP_PORTS = _frozen(
    bgp=179, chargen=19, cmd=514, daytime=13, discard=9, domain=53, drip=3949, echo=7, exec=512,
    finger=79, ftp=21, ftp_data=20, gopher=70, hostname=101, ident=113, irc=194, klogin=543, kshell=544,
    login=513, lpd=515, nntp=119, pim_auto_rp=496, pop2=109, pop3=110, smtp=25, sunrpc=111, tacacs=49,
    talk=517, telnet=23, time=37, uucp=540, whois=43, www=80,
)  # fmt: skip

UDP_PORTS = _frozen(
    biff=512, bootpc=68, bootps=67, discard=9, dnsix=195, domain=53, echo=7, isakmp=500, mobile_ip=434,
    nameserver=42, netbios_dgm=138, netbios_ns=137, netbios_ss=139, non500_isakmp=4500, ntp=123,
    pim_auto_rp=496, rip=520, ripv6=521, snmp=161, snmptrap=162, sunrpc=111, syslog=514, tacacs=49,
    talk=517, tftp=69, time=37, who=513, xdmcp=177,
)  # fmt: skip

DSCP = _frozen(
    af11=10, af12=12, af13=14, af21=18, af22=20, af23=22, af31=26, af32=28, af33=30, af41=34, af42=36,
    af43=38, cs1=8, cs2=16, cs3=24, cs4=32, cs5=40, cs6=48, cs7=56, default=0, ef=46,
)  # fmt: skip

ICMP_MESSAGES = frozenset(
    {
        "administratively-prohibited",
        "echo",
        "echo-reply",
        "echo-request",
        "host-unreachable",
        "nd-na",
        "nd-ns",
        "net-unreachable",
        "packet-too-big",
        "parameter-problem",
        "port-unreachable",
        "redirect",
        "router-advertisement",
        "router-solicitation",
        "source-quench",
        "time-exceeded",
        "traceroute",
        "ttl-exceeded",
        "unreachable",
    }
)


def ports_of(protocol: int | None) -> Mapping[str, int]:
    """Port names known for a protocol; none but for TCP and UDP."""
    return {TCP: TCP_PORTS, UDP: UDP_PORTS}.get(protocol or 0, MappingProxyType({}))


def name_of(number: int, names: Mapping[str, int]) -> str:
    """How IOS prints a number: by its name where it has one."""
    return next((name for name, known in names.items() if known == number), str(number))
