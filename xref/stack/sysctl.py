"""The sysctls that the model honours, with 2.6.11's defaults. Times are in seconds here; the kernel holds jiffies."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields


@dataclass
class Sysctl:
    """Values of /proc/sys/net. A three-part value is a tuple."""

    tcp_timestamps: int = 1
    tcp_window_scaling: int = 1
    tcp_sack: int = 1
    tcp_fack: int = 1
    tcp_dsack: int = 1
    tcp_ecn: int = 0
    tcp_reordering: int = 3
    tcp_syn_retries: int = 5
    tcp_synack_retries: int = 5
    tcp_retries1: int = 3
    tcp_retries2: int = 15
    tcp_orphan_retries: int = 0
    tcp_fin_timeout: int = 60
    tcp_keepalive_time: int = 7200
    tcp_keepalive_probes: int = 9
    tcp_keepalive_intvl: int = 75
    tcp_retrans_collapse: int = 1
    tcp_abort_on_overflow: int = 0
    tcp_max_syn_backlog: int = 1024
    tcp_max_orphans: int = 65536
    tcp_app_win: int = 31
    tcp_adv_win_scale: int = 2
    tcp_low_latency: int = 0
    tcp_no_metrics_save: int = 0
    tcp_moderate_rcvbuf: int = 1
    tcp_bic: int = 1
    tcp_bic_fast_convergence: int = 1
    tcp_bic_low_window: int = 14
    tcp_bic_beta: int = 819
    tcp_frto: int = 0
    tcp_rfc1337: int = 0
    tcp_stdurg: int = 0
    tcp_tso_win_divisor: int = 8
    tcp_mem: tuple[int, int, int] = (196608, 262144, 393216)
    tcp_wmem: tuple[int, int, int] = (4096, 16384, 131072)
    tcp_rmem: tuple[int, int, int] = (4096, 87380, 174760)
    wmem_default: int = 135168
    wmem_max: int = 135168
    rmem_default: int = 135168
    rmem_max: int = 135168
    somaxconn: int = 128
    netdev_max_backlog: int = 300
    ip_default_ttl: int = 64
    ip_no_pmtu_disc: int = 0
    ip_local_port_range: tuple[int, int] = (32768, 61000)
    ipfrag_time: int = 30
    ipfrag_high_thresh: int = 262144
    ipfrag_low_thresh: int = 196608
    icmp_echo_ignore_all: int = 0
    icmp_echo_ignore_broadcasts: int = 0
    icmp_ratelimit: float = 1
    icmp_ratemask: int = 0x1818
    min_pmtu: int = 552
    mtu_expires: int = 600
    min_adv_mss: int = 256
    arp_ignore: int = 0
    unres_qlen: int = 3
    mcast_solicit: int = 3
    ucast_solicit: int = 3
    retrans_time: float = 1
    base_reachable_time: int = 30
    gc_stale_time: int = 60
    delay_first_probe_time: int = 5
    locktime: float = 1

    def set(self, name: str, value: int | str | list[int] | tuple[int, ...]) -> None:
        """Set one by its last name component; a name that the model does not know is an error."""
        name = name.rsplit(".", 1)[-1]
        if name not in SYSCTLS:
            raise ValueError(f"the model has no sysctl {name}")
        old = getattr(self, name)
        if isinstance(old, tuple):
            parts = value.split() if isinstance(value, str) else value
            if isinstance(parts, int):
                raise ValueError(f"{name} takes {len(old)} numbers")
            setattr(self, name, tuple(int(part) for part in parts))
        elif isinstance(value, int | str):
            setattr(self, name, int(value))
        else:
            raise ValueError(f"{name} takes one number")

    def set_raw(self, name: str, value: int | str | list[int] | tuple[int, ...], hz: int) -> None:
        """The same as /proc has it: some are in jiffies there, or in hundredths of a second."""
        unit = {"icmp_ratelimit": hz, "retrans_time": 100, "locktime": 100}.get(name.rsplit(".", 1)[-1])
        if unit and isinstance(value, int | str):
            setattr(self, name.rsplit(".", 1)[-1], int(value) / unit)
        else:
            self.set(name, value)


SYSCTLS = frozenset(field.name for field in fields(Sysctl))

#: those that a run may be given, with the values that make sense; three-part ones take as many numbers, rising
RANGES = {
    "tcp_timestamps": (0, 1),
    "tcp_window_scaling": (0, 1),
    "tcp_sack": (0, 1),
    "tcp_fack": (0, 1),
    "tcp_dsack": (0, 1),
    "tcp_ecn": (0, 1),
    "tcp_bic": (0, 1),
    "tcp_frto": (0, 1),
    "tcp_low_latency": (0, 1),
    "tcp_moderate_rcvbuf": (0, 1),
    "tcp_reordering": (1, 127),
    "tcp_syn_retries": (0, 10),
    "tcp_synack_retries": (0, 10),
    "tcp_retries1": (0, 15),
    "tcp_retries2": (0, 15),
    "tcp_wmem": (2048, 1 << 24),
    "tcp_rmem": (2048, 1 << 24),
    "wmem_default": (2048, 1 << 24),
    "rmem_default": (2048, 1 << 24),
    "wmem_max": (2048, 1 << 24),
    "rmem_max": (2048, 1 << 24),
    "ip_default_ttl": (1, 255),
    "ip_no_pmtu_disc": (0, 1),
    "unres_qlen": (0, 100),
}


def check(name: str, value: object) -> None:
    """Raises ValueError for a sysctl that a run cannot be given, and for a value out of its range."""
    known = RANGES.get(name)
    if known is None:
        raise ValueError(f"there is no sysctl {name!r} to set (there are {', '.join(RANGES)})")
    parts = getattr(Sysctl, name) if isinstance(getattr(Sysctl, name), tuple) else (0,)
    numbers = list(value) if isinstance(value, list | tuple) else [value]
    low, high = known
    fits = [each for each in numbers if isinstance(each, int) and low <= each <= high]
    if not len(fits) == len(numbers) == len(parts) or fits != sorted(fits):
        what = "a number" if len(parts) == 1 else f"{len(parts)} rising numbers"
        raise ValueError(f"{name} takes {what} from {low} to {high}, not {value}")
