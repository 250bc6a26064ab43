# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Hostile clients of the control socket and the exporter, and honest ones that count what they get.

  attack-sockets.py control SOCKET UID WAY SECONDS   attack as this uid, ask as root: "ANSWERED ASKED"
  attack-sockets.py http PORT WAY SECONDS [PATH]     slow or odd clients, and an honest one beside: "ANSWERED ASKED SLOWEST_MS"
"""
import array, encodings.idna, os, select, signal, socket, struct, sys, time

PING = struct.pack('<IIQIiQQIIQ', 0x4c434852, 0, 0, 0, 0, 2**64 - 1, 2**64 - 1, 0, 0, 2**64 - 1)


def connect(path, blocking=False):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setblocking(blocking)
    s.connect(path)
    return s


def lingering():
    """A TCP socket with a close() that waits for 20 s."""
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    server.listen(1)
    s = socket.socket()
    s.connect(server.getsockname())
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 20))
    s.setblocking(False)
    try:
        while True:
            s.send(b'x' * 65536)
    except BlockingIOError:
        return s, server


def attack(path, way, seconds):
    held, keep, end = [], [], time.time() + seconds
    while time.time() < end:
        try:
            s = connect(path)
            held.append((time.time(), s))
            if way == 'trickle':
                s.send(b'x')
            elif way == 'huge':
                s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
                s.send(bytes(150000))
            elif way == 'half':
                s.shutdown(socket.SHUT_WR)
            elif way == 'deaf':
                while True:
                    s.send(PING)
            elif way == 'flood':
                held.pop()[1].close()
                continue
            elif way == 'descriptors':
                passed, server = lingering()
                keep.append(server)
                s.sendmsg([PING], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [passed.fileno()]))])
                passed.close()
        except OSError:
            pass
        held = [(t, s) for t, s in held if time.time() - t < 9][-200:]
        keep = keep[-200:]
        time.sleep(0.002)


def ask(path, timeout):
    s = connect(path, True)
    s.settimeout(timeout)
    s.send(PING)
    answer = s.recv(4096)
    s.close()
    return len(answer) > 8 and struct.unpack('<II', answer[:8])[1] == 0


def control(path, uid, way, seconds):
    pids = []
    for _ in range(2):
        pid = os.fork()
        if not pid:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            attack(path, way, seconds)
            os._exit(0)
        pids.append(pid)
    time.sleep(0.5)
    asked = answered = 0
    end = time.time() + seconds - 0.5
    while time.time() < end:
        asked += 1
        try:
            answered += ask(path, 3)
        except OSError as e:
            print(e, file=sys.stderr)
        time.sleep(0.11)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    print(answered, asked)


def http_get(address, path, timeout=3):
    s = socket.socket()
    s.settimeout(timeout)
    s.connect(address)
    s.sendall(b'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' % path.encode())
    start = s.recv(100)
    while s.recv(1 << 20):
        pass
    s.close()
    return start.startswith(b'HTTP/1.1 200')


def http_attack(address, way, clients, path):
    """One step: as many clients as it takes, each a little further."""
    while len(clients) < 40 or way == 'connects':
        try:
            s = socket.socket()
            s.setblocking(False)
            try:
                s.connect(address)
            except BlockingIOError:
                pass
            clients.append(s)
            select.select([], [s], [], 0.05)
            if way == 'reader':
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                s.send(b'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' % path.encode())
            elif way == 'pipeline':
                s.send(b'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' % path.encode() * 200)
            elif way == 'chunks':
                s.send(b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n' + b'1\r\nx\r\n' * 1000)
            elif way == 'header':
                s.send(b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n' + b'X-Bomb: ' + b'b' * 60000)
            elif way == 'post':
                s.send(b'POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n')
            elif way != 'connects':
                s.send(b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ')
            if way == 'connects' and len(clients) > 600:
                for old in clients[:300]:
                    old.close()
                del clients[:300]
                break
        except OSError:
            break
    for s in list(clients):
        try:
            if way in ('trickle', 'chunks'):
                s.send(b'a')
        except OSError:
            clients.remove(s)
            s.close()


def http(port, way, seconds, path):
    address, clients = ('127.0.0.1', port), []
    http_attack(address, way, clients, path)
    pid = os.fork()
    if not pid:
        while True:
            http_attack(address, way, clients, path)
            time.sleep(0 if way == 'connects' else 0.2)
    asked = answered = 0
    slowest, end = 0, time.time() + seconds
    while time.time() < end:
        for target in '/healthz', '/metrics':
            asked += 1
            began = time.time()
            try:
                answered += http_get(address, target)
            except OSError as e:
                print(target, e, file=sys.stderr)
            slowest = max(slowest, time.time() - began)
        time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    print(answered, asked, int(slowest * 1000))


if sys.argv[1] == 'control':
    control(sys.argv[2], int(sys.argv[3]), sys.argv[4], float(sys.argv[5]))
else:
    http(int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), (sys.argv[5:] or ['/metrics'])[0])
