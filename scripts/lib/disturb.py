#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Disturbs the programs below a folder until it is ended (scripts/test --disturbed): random threads of theirs get the
priority of idle time, for 300 ms at the most, while busy processes take all processors. So a thread stands still
between any two instructions, and a verdict that depends on who is late comes out sooner or later.

    disturb.py FOLDER

Needs the rights to give a thread its priority back (root).
"""
import os
import random
import signal
import sys
import time

# How many threads are held up at once, and how long at the most: often for short, now and then for long.
HELD_MOST = 12
HELD_SECONDS = (0.004, 0.02, 0.06, 0.3)
LOOK_SECONDS = 0.05


def busy_processes(parent):
    for _ in range(1 + (os.cpu_count() or 1)):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            while os.getppid() == parent:
                for _ in range(1000000):
                    pass
            os._exit(0)


def programs(folder):
    """Processes of what lies in the folder, and all that Wine runs but its server, which all others wait for."""
    found = []
    for name in os.listdir("/proc"):
        try:
            program = os.readlink(f"/proc/{name}/exe") if name.isdigit() else ""
        except OSError:
            continue
        if program.startswith(folder + "/") or "wine" in program and program.endswith("-preloader"):
            found.append(name)
    return found


def threads(process):
    try:
        return [int(name) for name in os.listdir(f"/proc/{process}/task")]
    except OSError:
        return []


def give(thread, policy):
    try:
        os.sched_setscheduler(thread, policy, os.sched_param(0))
        return True
    except ProcessLookupError:
        return False


def is_idle(thread):
    try:
        return os.sched_getscheduler(thread) == os.SCHED_IDLE
    except ProcessLookupError:
        return False


class Disturbance:
    def __init__(self, folder):
        self.folder, self.held, self.processes, self.looked = folder, {}, [], 0.0

    def let_go(self, now):
        for thread, until in list(self.held.items()):
            if until < now:
                give(thread, os.SCHED_OTHER)
                del self.held[thread]

    def look(self, now):
        """What a held thread has started inherits its priority: not for long."""
        if now - self.looked < LOOK_SECONDS:
            return
        self.looked, self.processes = now, programs(self.folder)
        for process in self.processes:
            for thread in threads(process):
                if thread not in self.held and is_idle(thread):
                    give(thread, os.SCHED_OTHER)

    def hold(self, now):
        among = threads(random.choice(self.processes)) if self.processes and len(self.held) < HELD_MOST else []
        if among:
            thread = random.choice(among)
            if give(thread, os.SCHED_IDLE):
                self.held[thread] = now + random.choice(HELD_SECONDS) * random.random()

    def end(self, *_):
        self.let_go(float("inf"))
        os._exit(0)


def main():
    if os.geteuid() != 0:
        sys.exit("disturb.py: only root can give a thread its priority back")
    disturbance = Disturbance(os.path.realpath(sys.argv[1]))
    signal.signal(signal.SIGTERM, disturbance.end)
    busy_processes(os.getpid())
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    while True:
        now = time.monotonic()
        disturbance.let_go(now)
        disturbance.look(now)
        disturbance.hold(now)
        time.sleep(random.random() * 0.004)


main()
