"""Every frame of every scenario, as others read it: tshark finds nothing amiss, dpkt reads what the model meant."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from xref.stack import pcap
from xref.stack import scenario
from xref.stack.kernel import Kernel
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCPCB_FLAG_SYN
from xref.stack.tcp_defs import between
from xref.stack.trace import Function
from xref.stack.trace import Trace

dpkt = pytest.importorskip("dpkt")

ALL = scenario.load()
TSHARK = shutil.which("tshark")
#: what is asked of each frame: a note of the groups "malformed", "checksum", or of the severity "error"; lengths
AMISS = (
    '_ws.malformed || _ws.short || _ws.expert.group == "Malformed" || _ws.expert.group == "Checksum" '
    '|| _ws.expert.severity == "Error" || ip.bogus_ip_length || ip.bogus_header_length '
    "|| tcp.bogus_header_length || tcp.short_segment || udp.length.bad"
)
CHECKED = [f"-o{what}.check_checksum:TRUE" for what in ("ip", "tcp", "udp")]
TCP_OPTIONS = {2: "mss", 3: "wscale", 4: "sackok", 5: "sack", 8: "ts"}


U32, U16 = 0xFFFFFFFF, 0xFFFF
ACK, URG = 0x10, 0x20
XMIT = ("rtl8139_start_xmit", "loopback_xmit")

Meant = dict[str, Any]


class Intents(Trace):
    """Keeps no steps, but for each frame that a device got, in order, what was meant: None where nobody said."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel, limit=0)
        self.sent: list[Meant | None] = []
        self._of: dict[int, Meant] = {}
        self._arp: list[Meant] = []

    def enter(self, function: Function, args: tuple[Any, ...]) -> None:
        take = getattr(self, f"_enter_{function.name}", None)
        if take is not None:
            take(*args)
        if function.name in XMIT:
            self._frame(args[0])
        super().enter(function, args)

    def leave(self, value: Any, args: tuple[Any, ...]) -> None:
        if self._stack and self.name(self._stack[-1]) == "ip_select_ident_more":
            self._ident = value
        super().leave(value, args)

    def _objects(self, args: tuple[Any, ...]) -> Any:
        return 0, None, 0, None

    def _enter_tcp_transmit_skb(self, sk: TcpSock, skb: Any) -> None:
        cb, rx_opt, sysctl = skb.cb, sk.rx_opt, self.kernel.sysctl
        options: Meant = {}
        if cb.flags & TCPCB_FLAG_SYN:
            options["mss"] = sk.advmss
            if sysctl.tcp_window_scaling:
                options["wscale"] = rx_opt.rcv_wscale
            if sysctl.tcp_sack:
                options["sackok"] = True
            if sysctl.tcp_timestamps:
                options["ts"] = (cb.when, rx_opt.ts_recent)
        else:
            if rx_opt.tstamp_ok:
                options["ts"] = (cb.when, rx_opt.ts_recent)
            if rx_opt.eff_sacks:
                blocks = ([sk.duplicate_sack] if rx_opt.dsack else []) + sk.selective_acks
                options["sack"] = [tuple(block) for block in blocks[: rx_opt.eff_sacks]]
        urgent = sk.urg_mode and between(sk.snd_up, (cb.seq + 1) & U32, (cb.seq + U16) & U32)
        self._of[skb.number] = {
            "saddr": sk.saddr, "daddr": sk.daddr, "p": 6, "ttl": sk.uc_ttl if sk.uc_ttl >= 0 else 64, "tos": sk.tos,
            "sport": sk.sport, "dport": sk.dport, "seq": cb.seq, "ack": sk.rcv_nxt,
            "flags": cb.flags | (URG if urgent else 0), "urp": (sk.snd_up - cb.seq) & U16 if urgent else 0,
            "options": options, "data": skb.tobytes(), "df": sk.pmtudisc != 0,
        }  # fmt: skip

    def _enter_ip_queue_xmit(self, skb: Any, _ipfragok: int) -> None:
        sk, meant = skb.sk, self._of[skb.number]
        syn = meant["flags"] & TCPCB_FLAG_SYN
        meant["win"] = sk.rcv_wnd & U16 if syn else sk.rcv_wnd >> sk.rx_opt.rcv_wscale
        meant["ip_options"] = sk.opt.optlen if sk.opt is not None else 0

    def _enter_dst_output(self, skb: Any) -> None:
        if skb.number in self._of and self._of[skb.number]["p"] == 6:
            self._of[skb.number]["id"] = self._ident

    def _enter_udp_push_pending_frames(self, sk: Any) -> None:
        cork = sk.cork
        self._of[sk.sk_write_queue.next.number] = {
            "saddr": cork.fl_src, "daddr": cork.fl_dst, "p": 17, "ttl": sk.uc_ttl if sk.uc_ttl >= 0 else 64,
            "tos": sk.tos, "sport": cork.fl_sport, "dport": cork.fl_dport, "ulen": sk.udp_len,
            "pieces": sk.sk_write_queue.qlen,
        }  # fmt: skip

    def _enter_arp_create(
        self, dev: Any, op: int, tip: int, sip: int, dest: bytes | None, src: bytes | None, target: bytes | None
    ) -> None:
        meant: Meant = {"op": op, "tpa": tip, "spa": sip, "dst": dest or dev.broadcast}
        self._arp.append(meant | {"sha": src or dev.dev_addr, "tha": target or bytes(6)})

    def _frame(self, skb: Any) -> None:
        if skb.tobytes()[12:14] == b"\x08\x06":
            self.sent.append(self._arp.pop(0))
        else:
            self.sent.append(self._of.pop(skb.number, None))


def _tshark(path: Path, *more: str) -> list[str]:
    # what is sent means nothing: it is not to be read as what its port is known for
    command = [TSHARK or "tshark", "-n", "-r", str(path), *CHECKED, "--disable-protocol", "http", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(TSHARK is None, reason="there is no tshark here (Debian: apt install tshark)")
@pytest.mark.parametrize("name", ALL)
def test_tshark_finds_nothing_amiss(name, tmp_path):
    run = scenario.run(ALL[name], trace=False)
    path = tmp_path / f"{name}.pcap"
    pcap.write(path, run.capture(), run.hosts["client"].wall)
    assert _tshark(path, "-Y", AMISS) == []


@pytest.mark.skipif(TSHARK is None, reason="there is no tshark here (Debian: apt install tshark)")
def test_tshark_would_tell(tmp_path):
    """The question above has an answer where a frame is broken: a byte that is not what was summed, and a cut one."""
    frames = scenario.run(ALL["write"], trace=False).capture()
    broken = [(when, frame[:-1] + bytes([frame[-1] ^ 1])) for when, frame in frames if len(frame) > 100]
    path = tmp_path / "broken.pcap"
    pcap.write(path, [*broken, (broken[-1][0], broken[-1][1][:50])], 0)
    assert len(_tshark(path, "-Y", AMISS)) == len(broken) + 1


def _number(raw):
    return int.from_bytes(raw, "big")


def _options(tcp):
    found = {}
    for kind, value in dpkt.tcp.parse_opts(tcp.opts):
        name = TCP_OPTIONS.get(kind)
        if name == "ts":
            found[name] = (_number(value[:4]), _number(value[4:]))
        elif name == "sack":
            edges = [_number(value[at : at + 4]) for at in range(0, len(value), 4)]
            found[name] = list(zip(edges[::2], edges[1::2], strict=True))
        elif name:
            found[name] = True if name == "sackok" else _number(value)
    return found


def _read_ip(ip, meant):
    """The fields that dpkt reads, of those that were meant."""
    inner = ip.data
    read = {"saddr": _number(ip.src), "daddr": _number(ip.dst), "p": ip.p, "ttl": ip.ttl, "tos": ip.tos & ~3}
    read |= {"sport": inner.sport, "dport": inner.dport}
    if ip.p == 17:
        return read | {"ulen": inner.ulen, "pieces": meant["pieces"]}
    # of an ECN-capable connection the header's ECE and CWR, and the ECT of IP, are decided while it is written
    read |= {"seq": inner.seq, "ack": inner.ack, "flags": inner.flags & 0x3F | meant["flags"] & 0xC0}
    read |= {"urp": inner.urp, "win": inner.win, "options": _options(inner), "data": bytes(inner.data)}
    return read | {"df": bool(ip.df), "id": ip.id, "ip_options": len(ip.opts)}


def _read_arp(frame):
    arp = frame.data
    read = {"op": arp.op, "tpa": _number(arp.tpa), "spa": _number(arp.spa), "dst": frame.dst}
    return read | {"sha": arp.sha, "tha": arp.tha}


@pytest.mark.parametrize("name", ALL)
def test_dpkt_reads_what_was_meant(name):
    with mock.patch.object(scenario, "Trace", Intents):
        run = scenario.run(ALL[name])
    frames = [frame for _, sender, frame in run.frames if sender in ("client", "lo")]
    assert len(run.trace.sent) >= len(frames)
    unsaid = 0
    for meant, raw in zip(run.trace.sent, frames, strict=False):
        frame = dpkt.ethernet.Ethernet(raw)
        if isinstance(frame.data, dpkt.arp.ARP):
            assert _read_arp(frame) == meant
            continue
        ip = frame.data
        assert ip.v == 4
        assert ip.len == len(raw) - 14
        if meant is not None:
            assert _read_ip(ip, meant) == meant
        elif ip.offset == 0 and ip.p in (6, 17) and not _from_no_socket(ip):
            unsaid += 1
    assert unsaid == 0


def _from_no_socket(ip):
    """Resets, SYN|ACKs of a listener, and what TIME_WAIT answers are sent without a connection's socket."""
    return ip.p == 6 and (ip.data.flags & 4 or ip.data.flags & 0x12 == 0x12 or not len(ip.data.data))
