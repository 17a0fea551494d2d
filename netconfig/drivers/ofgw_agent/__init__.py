"""An OpenFlow gateway with an agent of ours (`tbam-agent`): one slice at a time, told whole.

    config    the text that is compared, and the two configurations it comes from
    plan      the lines between them, and the one order that is sent for all of them
    push      sending it, and what a refusal means
    driver    all of it behind `DeviceDriver`

Everything but `push` and `driver` is pure.
"""

from netconfig.drivers.ofgw_agent.driver import OfgwAgent

__all__ = ["OfgwAgent"]
