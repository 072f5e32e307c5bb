"""`struct sock`, `inet_sock`, `tcp_sock`, `udp_sock` (include/net/sock.h, linux/ip.h, linux/tcp.h, linux/udp.h).

In the kernel `inet_sk()`, `tcp_sk()` and `udp_sk()` are casts of one pointer; here they are subclasses of one class,
and `tp->snd_una` is `sk.snd_una`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any

from xref.stack.clock import MAX_SCHEDULE_TIMEOUT
from xref.stack.clock import Timer
from xref.stack.clock import WaitQueue
from xref.stack.skbuff import Page
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import SkBuffHead
from xref.stack.trace import WATCH
from xref.stack.trace import WATCH_TCP

if TYPE_CHECKING:
    from xref.stack.af_inet import Proto
    from xref.stack.ip_options import IpOptions
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable
    from xref.stack.socket import Socket
    from xref.stack.tcp_minisocks import OpenRequest

SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3

TCP_ESTABLISHED = 1
TCP_SYN_SENT = 2
TCP_SYN_RECV = 3
TCP_FIN_WAIT1 = 4
TCP_FIN_WAIT2 = 5
TCP_TIME_WAIT = 6
TCP_CLOSE = 7
TCP_CLOSE_WAIT = 8
TCP_LAST_ACK = 9
TCP_LISTEN = 10
TCP_CLOSING = 11
TCP_STATES = (
    "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK",
    "LISTEN", "CLOSING",
)  # fmt: skip

TCPF_ESTABLISHED = 1 << TCP_ESTABLISHED
TCPF_SYN_SENT = 1 << TCP_SYN_SENT
TCPF_SYN_RECV = 1 << TCP_SYN_RECV
TCPF_FIN_WAIT1 = 1 << TCP_FIN_WAIT1
TCPF_FIN_WAIT2 = 1 << TCP_FIN_WAIT2
TCPF_CLOSE = 1 << TCP_CLOSE
TCPF_CLOSE_WAIT = 1 << TCP_CLOSE_WAIT
TCPF_LAST_ACK = 1 << TCP_LAST_ACK
TCPF_LISTEN = 1 << TCP_LISTEN
TCPF_CLOSING = 1 << TCP_CLOSING

RCV_SHUTDOWN = 1
SEND_SHUTDOWN = 2
SHUTDOWN_MASK = 3

SOCK_SNDBUF_LOCK = 1
SOCK_RCVBUF_LOCK = 2
SOCK_BINDADDR_LOCK = 4
SOCK_BINDPORT_LOCK = 8

SOCK_MIN_SNDBUF = 2048
SOCK_MIN_RCVBUF = 256

IP_PMTUDISC_DONT = 0
IP_PMTUDISC_WANT = 1
IP_PMTUDISC_DO = 2

IPCORK_OPT = 1


class Sock:
    """`struct sock`. Flags of `sk_flags` are attributes (`dead` is SOCK_DEAD)."""

    WATCH: Any = WATCH

    def __init__(self, k: Kernel, prot: Proto, family: int, kind: int, protocol: int) -> None:
        k.sock_count += 1
        self.number = k.sock_count
        self.sk_prot = prot
        self.sk_family = family
        self.sk_type = kind
        self.sk_protocol = protocol
        self.sk_state = TCP_CLOSE
        self.sk_socket: Socket | None = None
        self.sk_sleep: WaitQueue | None = None
        self.sk_receive_queue = SkBuffHead()
        self.sk_write_queue = SkBuffHead()
        self.sk_error_queue = SkBuffHead()
        self.sk_send_head: SkBuff | None = None
        self.sk_rcvbuf = k.sysctl.rmem_default
        self.sk_sndbuf = k.sysctl.wmem_default
        self.sk_wmem_alloc = 0
        self.sk_wmem_queued = 0
        self.sk_rmem_alloc = 0
        self.sk_forward_alloc = 0
        self.sk_queue_shrunk = 0
        self.sk_use_write_queue = 0
        self.sk_err = 0
        self.sk_err_soft = 0
        self.sk_shutdown = 0
        self.sk_userlocks = 0
        self.sk_reuse = 0
        self.sk_priority = 0
        self.sk_no_check = 0
        self.sk_localroute = 0
        self.sk_bound_dev_if = 0
        self.sk_rcvlowat = 1
        self.sk_rcvtimeo = MAX_SCHEDULE_TIMEOUT
        self.sk_sndtimeo = MAX_SCHEDULE_TIMEOUT
        self.sk_lingertime = 0
        self.sk_write_pending = 0
        self.sk_ack_backlog = 0
        self.sk_max_ack_backlog = 0
        self.sk_dst_cache: Rtable | None = None
        self.sk_route_caps = 0
        self.sk_no_largesend = 0
        self.sk_sndmsg_page: Page | None = None
        self.sk_sndmsg_off = 0
        self.sk_timer = Timer()
        self.sk_backlog: list[SkBuff] = []
        self.owner = False
        self.lock_wq = WaitQueue()
        self.hashed = False
        self.dead = False
        self.done = False
        self.urginline = False
        self.keepopen = False
        self.linger = False
        self.broadcast = False
        # options that nothing depends on which is sent, by number
        self.silent: dict[int, int] = {}
        self.destroyed = False
        self.sk_backlog_rcv: Callable[[Kernel, Any, SkBuff], int] = prot.backlog_rcv or _no_backlog
        self.sk_write_space: Callable[[Kernel, Any], None] = _nothing
        self.sk_state_change: Callable[[Kernel, Any], None] = _nothing
        self.sk_data_ready: Callable[[Kernel, Any], None] = _nothing
        self.sk_error_report: Callable[[Kernel, Any], None] = _nothing


def _nothing(_k: Kernel, _sk: Any) -> None:
    return None


def _no_backlog(_k: Kernel, _sk: Any, _skb: SkBuff) -> int:
    raise AssertionError("a packet on the backlog of a socket that takes none")


class Cork:
    """`inet->cork`: what stands between the pieces of a datagram that is still being put together."""

    def __init__(self) -> None:
        self.flags = 0
        self.fragsize = 0
        self.opt: IpOptions | None = None
        self.addr = 0
        self.rt: Rtable | None = None
        self.length = 0
        self.fl_dst = 0
        self.fl_src = 0
        self.fl_dport = 0
        self.fl_sport = 0


class InetSock(Sock):
    """`struct inet_sock`. Addresses and ports are numbers, 0 where unset."""

    def __init__(self, k: Kernel, prot: Proto, family: int, kind: int, protocol: int) -> None:
        super().__init__(k, prot, family, kind, protocol)
        self.daddr = 0
        self.rcv_saddr = 0
        self.saddr = 0
        self.dport = 0
        self.num = 0
        self.sport = 0
        self.uc_ttl = -1
        self.tos = 0
        self.opt: IpOptions | None = None
        self.id = 0
        self.pmtudisc = IP_PMTUDISC_WANT
        self.recverr = 0
        self.freebind = 0
        self.hdrincl = 0
        self.mc_ttl = 1
        self.mc_loop = 1
        self.mc_index = 0
        self.mc_addr = 0
        self.cmsg_flags = 0
        self.cork = Cork()


class UdpSock(InetSock):
    """`struct udp_sock`."""

    def __init__(self, k: Kernel, prot: Proto, family: int, kind: int, protocol: int) -> None:
        super().__init__(k, prot, family, kind, protocol)
        self.udp_pending = 0
        self.corkflag = 0
        self.udp_len = 0


class AckState:
    """`tp->ack`: delayed acknowledgements."""

    __slots__ = ("ato", "blocked", "last_seg_size", "lrcvtime", "pending", "pingpong", "quick", "rcv_mss", "timeout")

    def __init__(self) -> None:
        self.pending = 0
        self.quick = 0
        self.pingpong = 0
        self.blocked = 0
        self.ato = 0
        self.timeout = 0
        self.lrcvtime = 0
        self.last_seg_size = 0
        self.rcv_mss = 0


class TcpOptionsReceived:
    """`struct tcp_options_received`."""

    def __init__(self) -> None:
        self.ts_recent_stamp = 0
        self.ts_recent = 0
        self.rcv_tsval = 0
        self.rcv_tsecr = 0
        self.saw_tstamp = 0
        self.tstamp_ok = 0
        self.sack_ok = 0
        self.wscale_ok = 0
        self.snd_wscale = 0
        self.rcv_wscale = 0
        self.dsack = 0
        self.eff_sacks = 0
        self.num_sacks = 0
        self.user_mss = 0
        self.mss_clamp = 0


class Bictcp:
    """`tp->bictcp`."""

    def __init__(self) -> None:
        self.cnt = 0
        self.last_max_cwnd = 0
        self.last_cwnd = 0
        self.last_stamp = 0


class Ucopy:
    """`tp->ucopy`: a reader that sleeps in tcp_recvmsg, to whom data are copied directly."""

    def __init__(self) -> None:
        self.prequeue = SkBuffHead()
        self.task: Any = None
        self.iov: Any = None
        self.memory = 0
        self.len = 0


class ListenOpt:
    """`struct tcp_listen_opt`: connection requests of a listening socket, in the order in which they came.

    In the kernel they are in lists, one for each hash; here each knows its own (`OpenRequest.hash`).
    """

    def __init__(self) -> None:
        self.qlen = 0
        self.qlen_young = 0
        self.max_qlen_log = 6
        self.clock_hand = 0
        self.syn_table: list[OpenRequest] = []


class RcvRttEst:
    """`tp->rcv_rtt_est`: the receiver's guess at the round-trip time."""

    def __init__(self) -> None:
        self.rtt = 0
        self.seq = 0
        self.time = 0


class RcvqSpace:
    """`tp->rcvq_space`: how fast the application reads."""

    def __init__(self) -> None:
        self.space = 0
        self.seq = 0
        self.time = 0


class TcpSock(InetSock):
    """`struct tcp_sock`. Left out: Vegas, Westwood, urgent data by signal."""

    WATCH: Any = WATCH_TCP

    def __init__(self, k: Kernel, prot: Proto, family: int, kind: int, protocol: int) -> None:
        super().__init__(k, prot, family, kind, protocol)
        self.tcp_header_len = 0
        self.pred_flags = 0
        self.rcv_nxt = 0
        self.snd_nxt = 0
        self.snd_una = 0
        self.snd_sml = 0
        self.rcv_tstamp = 0
        self.lsndtime = 0
        self.ack = AckState()
        self.ucopy = Ucopy()
        self.snd_wl1 = 0
        self.snd_wnd = 0
        self.max_window = 0
        self.pmtu_cookie = 0
        self.mss_cache = 536
        self.mss_cache_std = 536
        self.mss_clamp = 0
        self.ext_header_len = 0
        self.ext2_header_len = 0
        self.ca_state = 0
        self.retransmits = 0
        self.backoff = 0
        self.reordering = k.sysctl.tcp_reordering
        self.frto_counter = 0
        self.frto_highmark = 0
        self.srtt = 0
        self.mdev = 0
        self.mdev_max = 0
        self.rttvar = 0
        self.rtt_seq = 0
        self.rto = 0
        self.packets_out = 0
        self.left_out = 0
        self.retrans_out = 0
        self.rx_opt = TcpOptionsReceived()
        self.snd_ssthresh = 0x7FFFFFFF
        self.snd_cwnd = 2
        self.snd_cwnd_cnt = 0
        self.snd_cwnd_clamp = 0xFFFFFFFF
        self.snd_cwnd_used = 0
        self.snd_cwnd_stamp = 0
        self.pending = 0
        self.timeout = 0
        self.retransmit_timer = Timer()
        self.delack_timer = Timer()
        self.out_of_order_queue = SkBuffHead()
        self.rcv_wnd = 0
        self.rcv_wup = 0
        self.write_seq = 0
        self.pushed_seq = 0
        self.copied_seq = 0
        self.duplicate_sack = [0, 0]
        self.selective_acks: list[list[int]] = [[0, 0] for _ in range(4)]
        self.window_clamp = 0
        self.rcv_ssthresh = 0
        self.probes_out = 0
        self.nonagle = 0
        self.keepalive_probes = 0
        self.syn_retries = 0
        self.defer_accept = 0
        self.linger2 = 0
        self.advmss = 0
        self.sacked_out = 0
        self.fackets_out = 0
        self.lost_out = 0
        self.high_seq = 0
        self.retrans_stamp = 0
        self.undo_marker = 0
        self.undo_retrans = 0
        self.prior_ssthresh = 0
        self.total_retrans = 0
        self.urg_seq = 0
        self.urg_data = 0
        self.urg_mode = 0
        self.ecn_flags = 0
        self.snd_up = 0
        self.keepalive_time = 0
        self.keepalive_intvl = 0
        self.rcv_rtt_est = RcvRttEst()
        self.rcvq_space = RcvqSpace()
        self.bictcp = Bictcp()
        self.adv_cong_bic = False
        self.listen_opt: ListenOpt | None = None
        self.accept_queue: list[OpenRequest] = []
        self.bind_port: int | None = None
