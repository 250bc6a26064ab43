# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What systemd-oomd asks of systemd as PID 1, and nothing more: which cgroups it shall manage. A guest has no systemd; the
# protocol (varlink: JSON documents that end with NUL) is public, and systemd-oomd cannot tell the difference.
import json, os, socket, time

PATH = "/run/systemd/io.system.ManagedOOM"
GROUPS = [{"mode": "kill", "path": path, "property": "ManagedOOMMemoryPressure", "limit": int(0.4 * (2**32 - 1))}
          for path in ("/system.slice",)]

os.makedirs("/run/systemd", exist_ok=True)
server = socket.socket(socket.AF_UNIX)
server.bind(PATH)
server.listen()
print("listening", flush=True)
while True:
    client, _ = server.accept()
    asked = b""
    while not asked.endswith(b"\0"):
        asked += client.recv(4096)
    print(asked, flush=True)
    client.sendall(json.dumps({"parameters": {"cgroups": GROUPS}, "continues": True}).encode() + b"\0")
    if client.recv(1) == b"":
        client.close()
