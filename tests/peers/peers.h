/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the suites of dead and hostile peers share: objects opened as the layer opens them, waits
 * with a clock of the test's own, and the question whether those who live can go on.
 */
#ifndef NTF_TEST_PEERS_H
#define NTF_TEST_PEERS_H

#include "rig.h"

#include "kmt/object.h"
#include "kmt/soft/page.h"

/* The object behind the handle, as fence/ has it; NULL, and on stderr why. */
struct ntf_object *peers_open(ntf_handle nt);
struct ntf_object *peers_object(const struct rig_fence *fence);
void peers_close(struct ntf_object *object);
/* Its whole page. */
struct ntf_page *peers_page(const struct ntf_object *object);

/* A clock and a sleep where nothing but a wake ends a sleep: neither the safety period nor a
 * deadline. */
extern const struct ntf_park_ops peers_wake_only;

/* ops NULL: the system's. timeout_ns NTF_FOREVER: no deadline. */
enum ntf_result peers_wait(struct ntf_object *object, uint64_t target, uint64_t timeout_ns,
                           const struct ntf_park_ops *ops);

/* A thread in such a wait without deadline. It asserts nothing. */
struct peers_waiter {
    struct ntf_thread *thread;
    struct ntf_object *object;
    const struct ntf_park_ops *ops;
    uint64_t target;
    enum ntf_result result;
};
void peers_waiter_start(struct peers_waiter *waiter, struct ntf_object *object, uint64_t target,
                        const struct ntf_park_ops *ops);
/* Fails the test unless the target has been reached. */
void peers_waiter_join(struct peers_waiter *waiter);
/* Yields until as many slots have their bit and this very target. */
void peers_until_waiting(const struct ntf_object *object, uint64_t target, unsigned waiters);

/* Takes every slot that is free or of the dead, all at once, for a target that nobody reaches. */
struct peers_crowd {
    struct ntf_parker parker;
    struct ntf_watch watches[NTF_PAGE_SLOTS];
    unsigned slots;
};
void peers_crowd_in(struct peers_crowd *crowd, struct ntf_object *object);
void peers_crowd_out(struct peers_crowd *crowd);

/*
 * The living, alone with the page of the dead, go on: a finite wait ends by itself; all slots can
 * be taken, and with those who leave them nothing is left in the page; a waiter whom only a wake
 * ends is woken. Raises the value.
 */
void peers_go_on(struct ntf_object *object);

/* Random numbers of a seed: the same on every machine. */
uint64_t peers_random(uint64_t *state);
/* The variable NTF_TEST_SEED, else one drawn now; printed, so that a run can be had again. */
uint64_t peers_seed(void);

#endif /* NTF_TEST_PEERS_H */
