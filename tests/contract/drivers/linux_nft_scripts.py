"""How a Linux router of the tests is set up: its links, its site's rules, its sshd, and what befalls it."""

HASH = "$5$rounds=1000$lambdastation$1i/nrCOEjVPLKhNeg39nwNXZLL7h9c916WqZQ4FLGK3"
"""Of the password; the account is in a file that is `/etc/shadow` for its sshd alone."""
NEIGHBOURS = {
    f"02:00:00:00:02:{number:02x}": (interface, address)
    for number, (interface, address) in enumerate(
        (
            ("eth0", "192.0.2.9"),
            ("eth0", "2001:db8:1::9"),
            ("eth0", "192.0.2.1"),
            ("eth0", "192.0.2.2"),
            ("eth0", "192.0.2.3"),
            ("eth0", "2001:db8:1::2"),
            ("eth1", "198.51.100.1"),
            ("eth1", "198.51.100.2"),
        )
    )
}
DEFAULTS = ("192.0.2.9", "2001:db8:1::9")
NEIGHBOUR_LINES = {
    device: [
        f"neighbour replace {ip} lladdr {mac} dev {on}"
        for mac, (on, ip) in NEIGHBOURS.items()
        if on == device
    ]
    for device in ("eth0", "eth1")
}
SYSCTLS = (
    "ipv4/ip_forward=1",
    "ipv4/conf/all/rp_filter=0",
    "ipv4/conf/default/rp_filter=0",
    "ipv4/conf/all/send_redirects=0",
    "ipv4/conf/default/send_redirects=0",
    "ipv6/conf/default/accept_dad=0",
    "ipv6/conf/all/forwarding=1",
)
LINKS = """\
link set lo up
link add eth0 address 02:00:00:00:01:00 type veth peer name peer0
link add eth1 address 02:00:00:00:01:01 type veth peer name peer1
link set eth0 addrgenmode none
link set eth1 addrgenmode none
link set peer0 up arp off addrgenmode none
link set peer1 up arp off addrgenmode none
"""
ADDRESSES = """\
link set eth0 up
link set eth1 up
address replace 192.0.2.254/24 dev eth0
address replace 2001:db8:1::1/64 dev eth0 nodad
address replace 198.51.100.254/24 dev eth1
route replace default via 192.0.2.9 proto static
route replace default via 2001:db8:1::9 proto static
"""
SITE = """\
table inet filter {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ip saddr 131.225.0.0/16 accept comment "campus, G\xe4ste"
		ip saddr 192.84.86.7 tcp dport 8000-8100 accept comment "very-private"
		meta nfproto ipv6 accept
		counter drop
	}
}
table ip6 filter6 {
	chain forward6 {
		type filter hook forward priority filter + 10; policy drop;
		ip6 saddr 2001:db8:fe::/47 accept
	}
}
"""
FLUSH = """\
nft flush ruleset
ip -4 -force -batch {folder}/ways
ip -6 -force -batch {folder}/ways
# Some of it is there already, and no link is called eth7 that nobody has renamed.
ip -force -batch {folder}/addresses 2>{folder}/words || true
nft -f {folder}/site.nft
"""
WAYS = """\
rule flush
rule add priority 32766 lookup main
route flush table all proto 201
route flush table all proto boot
"""
TEXT = """\
nft -s list ruleset
for family in -4 -6; do
  printf 'rule show\nroute show table all\naddress show\n' | ip $family -batch -
done
"""
ENTRANCE = """\
#!/bin/sh
# Before the program that is tested: what befalls it, as `{folder}/fault` has it.
folder={folder}
verb=${{SSH_ORIGINAL_COMMAND#lambdastation-router }}
echo "${{BENCH_SESSION:-0}} $verb" >>$folder/calls
cut_off() {{ [ -z "$BENCH_SSHD" ] || kill -9 "$BENCH_SSHD"; exit 77; }}
hang() {{ [ -z "$BENCH_SSHD" ] || while [ -e $folder/held ]; do sleep 0.05; done; exit 77; }}
strikes=
if [ -e $folder/fault ]; then
  read -r kind where number line <$folder/fault
  case $where:$verb in
  read:read | push:ip4 | push:ip6 | push:nft | push:save*)
    if [ "$number" -gt 1 ]; then
      echo "$kind $where $((number - 1)) $line" >$folder/fault
    else
      rm $folder/fault
      strikes=$kind
    fi
    ;;
  esac
fi
printf 'You are welcome, dear G\\344ste of %s\\n' "$(cat $folder/name)"
echo "last login: never" >&2
export LAMBDASTATION_KEPT=$folder/kept
case $strikes:$verb in
drop-before:*) cut_off ;;
hang:*) hang ;;
forget:*) sh $folder/reboot; cut_off ;;
garbage:read) echo 'lambdastation-router 2'; echo '{{"nftables": ['; exit 0 ;;
garbage:*) echo 'Error: nothing at all'; echo '/dev/stdin:1:1-1: Error: nothing at all' >&2 ;;
refuse:read) echo 'Error: Operation not permitted' >&2; exit 1 ;;
refuse:nft) sed "${{line}}{{/^# end/!s/\\$/ nosuch0/}}" | nsenter --net={namespace} {helper}; exit $? ;;
refuse:*)
  sed "${{line}}{{/^# end/!s/.*/route add default dev nosuch0/}}" | nsenter --net={namespace} {helper}
  exit $?
  ;;
:*) exec nsenter --net={namespace} {helper} ;;
esac
nsenter --net={namespace} {helper}
status=$?
case $strikes in
drop-after) cut_off ;;
hang-after) hang ;;
esac
exit $status
"""
SSHD = """\
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
Banner {folder}/banner
PidFile none
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication yes
PermitRootLogin yes
PrintMotd no
PrintLastLog no
ForceCommand {folder}/entrance
"""
