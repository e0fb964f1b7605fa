/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU waits, as far as the blocking and the asynchronous ones are the same. An object of a wait is done once its
 * value has been seen at the target, or once its wait is released; done stays done, also when the value is rewound.
 */
#ifndef NTF_KMT_SOFT_WAIT_H
#define NTF_KMT_SOFT_WAIT_H

#include "kmt/soft/handles.h"

struct soft_wait_item {
    struct soft_sync *sync; /* the wait owns a reference */
    uint64_t target;
    uint32_t releases; /* of the object, when the wait began */
    bool done;
};

struct soft_wait {
    struct soft_wait_item *items;
    uint32_t count;
    bool any; /* else all */
};

/* Looks at every item; whether the wait has come to its end. */
bool soft_wait_look(struct soft_wait *wait);
/* Writes a watch for every item that is not done; how many. */
uint32_t soft_wait_watches(const struct soft_wait *wait, struct ntf_watch *watches);
/* Gives back what the items hold. */
void soft_wait_drop(struct soft_wait *wait);
/* A handle has ended: everybody who waits looks whether that releases him. */
void soft_waits_look_again(void);

/* async.c: takes over the wait (its items are copied) and the event, a duplicate, on NTF_OK only. The copy's own
 * thread, made for the first of them, sets the event when the wait ends. NTF_E_NO_MEMORY. */
enum ntf_result soft_async_add(const struct soft_wait *wait, ntf_handle event);
void soft_async_look_again(void);

#endif /* NTF_KMT_SOFT_WAIT_H */
