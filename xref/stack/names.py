"""Socket options, kinds and flags by the names that programs use: level and number of each."""

from __future__ import annotations

from xref.stack import socket

NAMES = {
    "SO_REUSEADDR": (socket.SOL_SOCKET, socket.SO_REUSEADDR),
    "SO_ERROR": (socket.SOL_SOCKET, socket.SO_ERROR),
    "SO_TYPE": (socket.SOL_SOCKET, socket.SO_TYPE),
    "SO_DONTROUTE": (socket.SOL_SOCKET, socket.SO_DONTROUTE),
    "SO_BROADCAST": (socket.SOL_SOCKET, socket.SO_BROADCAST),
    "SO_SNDBUF": (socket.SOL_SOCKET, socket.SO_SNDBUF),
    "SO_RCVBUF": (socket.SOL_SOCKET, socket.SO_RCVBUF),
    "SO_KEEPALIVE": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    "SO_OOBINLINE": (socket.SOL_SOCKET, socket.SO_OOBINLINE),
    "SO_NO_CHECK": (socket.SOL_SOCKET, socket.SO_NO_CHECK),
    "SO_PRIORITY": (socket.SOL_SOCKET, socket.SO_PRIORITY),
    "SO_LINGER": (socket.SOL_SOCKET, socket.SO_LINGER),
    "SO_RCVLOWAT": (socket.SOL_SOCKET, socket.SO_RCVLOWAT),
    "SO_SNDLOWAT": (socket.SOL_SOCKET, socket.SO_SNDLOWAT),
    "SO_RCVTIMEO": (socket.SOL_SOCKET, socket.SO_RCVTIMEO),
    "SO_SNDTIMEO": (socket.SOL_SOCKET, socket.SO_SNDTIMEO),
    "IP_TOS": (0, 1),
    "IP_TTL": (0, 2),
    "IP_OPTIONS": (0, 4),
    "IP_MTU_DISCOVER": (0, 10),
    "IP_RECVERR": (0, 11),
    "IP_MTU": (0, 14),
    "TCP_NODELAY": (6, 1),
    "TCP_MAXSEG": (6, 2),
    "TCP_CORK": (6, 3),
    "TCP_KEEPIDLE": (6, 4),
    "TCP_KEEPINTVL": (6, 5),
    "TCP_KEEPCNT": (6, 6),
    "TCP_SYNCNT": (6, 7),
    "TCP_LINGER2": (6, 8),
    "TCP_DEFER_ACCEPT": (6, 9),
    "TCP_WINDOW_CLAMP": (6, 10),
    "TCP_QUICKACK": (6, 12),
    "UDP_CORK": (17, 1),
}
KINDS = {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3}
FLAGS = {"O_RDWR": 2, "O_NONBLOCK": socket.O_NONBLOCK, "O_RDONLY": 0}
SHUTS = {"SHUT_RD": 0, "SHUT_WR": 1, "SHUT_RDWR": 2}
