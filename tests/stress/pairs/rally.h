// SPDX-License-Identifier: Apache-2.0
/*
 * A rally: two sides signal each other's value in turn, through payloads and waits as the layer uses them
 * (fence/waiter.h over objects of soft), without Vulkan. Side 0 serves: it raises its object to round 1, waits for
 * side 1's at 1, raises its own to 2, and so on. One pair is one signal and the wait that it ends.
 *
 * What goes wrong is seen at once: before each signal the side writes a number made of the round, which the other reads
 * after its wait (a wake too early reads the last one), and the value that it finds must be that round, no less and no
 * more. A wake that never comes ends the rally, which the watchdog reports.
 */
#ifndef NTF_TEST_STRESS_RALLY_H
#define NTF_TEST_STRESS_RALLY_H

#include "fence/waiter.h"

enum { SIDES = 2 };

// What both sides see, in one process or two. Written by one side only, each half; all zero at the beginning.
struct court {
    struct {
        ntf_au64 rounds;    // that this side has ended: progress
        ntf_au64 slept;     // sleeps begun
        ntf_au64 timeouts;  // waits that ended at their limit
        ntf_au64 served;    // the round whose signal has returned
        ntf_au64 overslept; // sleeps that time has ended, though the signal had returned: see rally.c
        ntf_au32 asleep;    // it is inside one
        ntf_au32 wrong;     // it has found a mistake, and told it
        ntf_au64 served_ns; // when it signalled last
        uint64_t ball;      // plain: ordered by the signal alone
        uint8_t apart[128];
    } side[SIDES];
    ntf_au32 stop; // no further round
};

enum rally_wait {
    RALLY_SPINS, // as the layer waits: looks first, sleeps where that is in vain
    RALLY_PARKS, // sleeps at once, and is signalled only when it has armed; every other time, when it is asleep
};

struct side {
    struct court *court;
    unsigned me;                          // 0 or 1
    struct ntf_payload *payload[SIDES];   // that side's object
    enum rally_wait how;
    uint64_t last;                        // round
    uint64_t limit_ns;                    // of one wait; NTF_FOREVER
    struct ntf_poller poller;
    uint64_t worst_late_ns, worst_wake_ns; // of waits with a limit
};

// Plays all rounds from the one that the values ask for to the last. False: something was wrong, and has been told.
bool rally_play(struct side *side);
// Where both sides are, on stderr.
void rally_tell(const struct court *court);
// Two objects, and the payloads of them; the flags are soft's. False: this system has none to give.
bool rally_make(struct ntf_payload *payload[SIDES], uint32_t flags);
// The same from the handles of another process, for this side, at the round that its own value asks for.
bool rally_open(struct ntf_payload *payload[SIDES], const ntf_handle handle[SIDES], unsigned me);
// A new handle of an object, for another process.
ntf_handle rally_share(struct ntf_payload *payload);

// pairs_posix.c, pairs_win32.c: lets others run.
void pairs_yield(void);

#endif
