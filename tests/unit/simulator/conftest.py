"""A small border router, as `show running-config` would print it, and a clock that stands still."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from netconfig.simulator import IosRouter
from netconfig.simulator.ios_boot import load
from netconfig.simulator.ios_config import IosConfig

CONFIG = """\
version 15.7
service timestamps debug datetime msec
!
hostname border-1
!
boot-start-marker
boot-end-marker
!
!
enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0
!
interface GigabitEthernet0/0
 ip address 198.51.100.1 255.255.255.0
 load-interval 30
 shutdown
!
interface TenGigabitEthernet1/1
 description to the campus
 ip address 192.0.2.254 255.255.255.0
 ip access-group EDGE-IN in
 ipv6 address 2001:DB8:1::1/64
!
router bgp 65001
 bgp log-neighbor-changes
 !
 address-family ipv4
  network 192.0.2.0
 exit-address-family
!
ip forward-protocol nd
!
ip route 0.0.0.0 0.0.0.0 192.0.2.1
ip route 203.0.113.0 255.255.255.0 192.0.2.9
!
ip access-list extended EDGE-IN
 10 remark mail and web
 10 permit tcp any any eq smtp
 20 permit tcp any any eq www 443
 30 deny ip any any
ip access-list extended OTHER
 10 permit ip any any
!
route-map SITE permit 10
 match ip address OTHER
 set ip next-hop 192.0.2.7
!
ipv6 access-list EDGE6-IN
 sequence 10 permit tcp any any eq bgp
!
banner motd ^C
Authorized use only
! and this is no comment
^C
!
line vty 0 4
 login local
!
ntp server 192.0.2.123
end
"""


@pytest.fixture
def text() -> str:
    return CONFIG


@pytest.fixture
def config() -> IosConfig:
    return load(CONFIG)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 1, 12, 30, 5, 250_000, tzinfo=UTC)


@pytest.fixture
def make_router(now: datetime) -> Callable[..., IosRouter]:
    def make(text: str = CONFIG, **options: object) -> IosRouter:
        return IosRouter(text, clock=lambda: now, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def router(make_router: Callable[..., IosRouter]) -> IosRouter:
    return make_router()
