// SPDX-License-Identifier: Apache-2.0
#include "private.h"

#include <stdlib.h>

#include "base/deadline.h"
#include "kmt/soft/soft.h"

struct private_set {
    unsigned count;
    struct ntf_object *objects[128];
    uint64_t targets[128];
};

static void wait(void *context, uint64_t round)
{
    struct private_set *set = context;
    struct ntf_watch watches[128];
    struct ntf_parker parker;
    uint32_t index;

    (void)round;
    for (unsigned i = 0; i < set->count; i++)
        ntf_object_watch(set->objects[i], set->targets[i], &watches[i]);
    ntf_parker_begin(&parker, NULL);
    if (ntf_watch_any(watches, set->count, NTF_FOREVER, &parker, &index) != NTF_OK)
        die("a wait over private fences failed");
    ntf_parker_end(&parker);
    set->targets[index]++;
}

static void signal_one(void *context, uint64_t round)
{
    struct private_set *set = context;
    struct ntf_object *object = set->objects[round % set->count];

    object->ops->signal(object, round / set->count + (round % set->count != 0), NULL);
}

void private_any(struct rounds *rounds, const char *series, double low_us, double high_us, unsigned count)
{
    struct method *method = rounds_add(rounds, series, low_us, high_us);
    struct private_set *set = calloc(1, sizeof *set);

    if (!set)
        die("out of memory");
    set->count = count;
    for (unsigned i = 0; i < count && !rounds->bench->peer; i++) {
        set->targets[i] = 1;
        if (ntf_soft_create(0, 0, &set->objects[i]) != NTF_OK)
            die("a private fence could not be made");
    }
    method->context = set;
    method->wait = wait;
    method->signal = signal_one;
}
