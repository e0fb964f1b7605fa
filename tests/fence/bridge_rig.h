/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge over a driver that the test plays: fences are words, signalled when the test says so. The lane threads
 * are real. Nothing is timed: the test waits for what must happen, the watchdog for what must not.
 */
#ifndef NTF_TEST_BRIDGE_RIG_H
#define NTF_TEST_BRIDGE_RIG_H

#include "ntf_test.h"

#include "base/os/os.h"
#include "fake_object.h"
#include "fence/bridge.h"

enum { FENCES = 4096 }; /* more than any test can have pending at once */

struct played_driver {
    ntf_au32 state[FENCES]; /* 0 unsignalled, 1 signalled, 2 lost, 3 the driver fails without knowing */
    ntf_au32 made, destroyed, resets, complaints;
    ntf_au32 in_wait; /* threads inside wait; its changes are what the test parks on */
    ntf_au32 late;    /* not 0: no wait comes back yet */
    bool no_memory;
};
extern struct played_driver driver;

extern struct ntf_bridge *bridge; /* NULL: destroyed by the test itself */
extern struct ntf_pool pool;
extern struct ntf_doorbells bells;
extern struct fake_object object;
extern struct ntf_payload *payload; /* of the object, with the target 1 */
extern ntf_au32 ending; /* the bridge is being destroyed: nobody asks any more */

/* Set-up and tear-down of a test; the latter fails if something is left open. */
int up(void **state);
int down(void **state);

/* The driver's fence is in that state from now on. */
void finish(uint64_t fence, uint32_t how);
/* The object's. */
uint64_t value(void);
/* Until the object is raised to at least this; the watchdog ends it otherwise. */
void await_value(uint64_t least);
/* Until nothing is pending for the payload. */
void await_idle(void);
/* A submission to a queue, taken by the driver. */
struct ntf_bridge_record *submit(uint64_t queue);

#endif
