"""The map that dCache's LambdaStation plugin reads: which hosts are at which site.

Its reader (`org.dcache.srm.qos.lambdastation.LambdaStationMap`) takes the first entry whose domain stands
anywhere in a URL, expects the root element first of all, without a comment before it, and stumbles over
empty elements.
"""

from xml.sax.saxutils import escape

from lambdastation.site import Site


def export_map(site: Site) -> str:
    """The map as XML: an entry for each domain, long ones first, so that none hides a more particular one."""
    sites = [(site.name, site.domains), *((peer.name, peer.domains) for peer in site.peers)]
    entries = [(domain, name) for name, domains in sites for domain in domains]
    entries.sort(key=lambda entry: (-len(entry[0]), entry[0]))
    lines = [_entry(domain, name) for domain, name in entries]
    return "\n".join(["<l-station-map>", *lines, "</l-station-map>"]) + "\n"


def _entry(domain: str, name: str) -> str:
    words = (
        f"<domain>{escape(domain)}</domain>",
        f"<name>{escape(name)}</name>",
        "<enable-LS>yes</enable-LS>",
    )
    return f"  <site>{''.join(words)}</site>"
