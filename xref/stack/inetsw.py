"""The tables that make TCP of a stream socket and UDP of a datagram socket: `inetsw_array`, `tcp_prot`, `udp_prot`,
`inet_stream_ops`, `inet_dgram_ops` (net/ipv4/af_inet.c, tcp_ipv4.c, udp.c).
"""

from __future__ import annotations

from xref.stack import af_inet
from xref.stack import datagram
from xref.stack import tcp
from xref.stack import tcp_ipv4
from xref.stack import tcp_recv
from xref.stack import udp
from xref.stack.af_inet import Proto
from xref.stack.af_inet import ProtoOps
from xref.stack.headers import IPPROTO_TCP
from xref.stack.headers import IPPROTO_UDP
from xref.stack.sock import SOCK_DGRAM
from xref.stack.sock import SOCK_STREAM
from xref.stack.sock import InetSock
from xref.stack.sock import TcpSock
from xref.stack.sock import UdpSock

TCP_PROT = Proto(
    "TCP", tcp.tcp_sendmsg, tcp_recv.tcp_recvmsg, tcp_ipv4.tcp_v4_connect, tcp_ipv4.tcp_v4_get_port,
    tcp_ipv4.tcp_unhash, tcp.tcp_close, tcp.tcp_disconnect, tcp.tcp_setsockopt, tcp.tcp_getsockopt, tcp.tcp_ioctl,
    tcp_ipv4.tcp_v4_init_sock, tcp.tcp_shutdown, tcp.tcp_accept, tcp_ipv4.tcp_v4_do_rcv,
    tcp.tcp_enter_memory_pressure,
)  # fmt: skip
UDP_PROT = Proto(
    "UDP", udp.udp_sendmsg, udp.udp_recvmsg, datagram.ip4_datagram_connect, udp.udp_v4_get_port, udp.udp_v4_unhash,
    af_inet.udp_close, udp.udp_disconnect, udp.udp_setsockopt, None, udp.udp_ioctl,
)  # fmt: skip
INET_STREAM_OPS = ProtoOps(
    "inet_stream_ops", af_inet.inet_stream_connect, af_inet.inet_accept, af_inet.inet_listen, af_inet.inet_sendmsg,
    af_inet.sock_common_recvmsg,
)
INET_DGRAM_OPS = ProtoOps(
    "inet_dgram_ops", af_inet.inet_dgram_connect, None, None, af_inet.inet_sendmsg, af_inet.sock_common_recvmsg
)
INETSW: dict[int, tuple[Proto, ProtoOps, int, type[InetSock]]] = {
    SOCK_STREAM: (TCP_PROT, INET_STREAM_OPS, IPPROTO_TCP, TcpSock),
    SOCK_DGRAM: (UDP_PROT, INET_DGRAM_OPS, IPPROTO_UDP, UdpSock),
}
