"""The reference model: Linux 2.6.11's TCP/IP stack in Python, function by function, under the kernel's names.

It follows 2.6.11's control flow and arithmetic wherever these decide what a program or the wire can see. It knows
neither the index nor the command line. Its parts, from the bottom: `clock` and `trace`, `kernel` (one host), `skbuff`,
devices and queues, neighbours and routes, IP, ICMP, UDP, TCP, sockets and system calls; on top `scenario`, which runs
stories, and `replay`, which is driven by what a real kernel recorded.
"""
