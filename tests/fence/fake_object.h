/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fence object without a kernel, and a world without time: a value in memory, counted calls, a clock that only
 * moves when a thread sleeps, and a sleep that plays what "somebody else" does meanwhile.
 */
#ifndef NTF_TEST_FAKE_OBJECT_H
#define NTF_TEST_FAKE_OBJECT_H

#include "kmt/object.h"

struct fake_object {
    struct ntf_object object; /* first: the address of one is that of the other */
    ntf_au64 value;
    ntf_au32 armed, disarmed, closed, signals;
    uint64_t last_target;
    bool refuse; /* signal fails with ACCESS_DENIED, share with a collision */
    uint32_t shared_access; /* of the last share */
    bool shared_named, shared_inheritable;
};

void fake_object_init(struct fake_object *fake, uint64_t value);

/* What a share gives out. */
extern ntf_handle fake_handle;

/* One for the whole program, since the operations take no context. */
struct fake_world {
    uint64_t now_ns;
    uint32_t sleeps;
    uint64_t last_deadline_ns;
    /* Called by every sleep; moves the clock or the values. The clock jumps to the deadline if it does neither. */
    void (*meanwhile)(uint32_t sleep, void *context);
    void *context;
};
extern struct fake_world fake_world;
extern const struct ntf_park_ops fake_park_ops;
void fake_world_reset(void (*meanwhile)(uint32_t, void *), void *context);

#endif
