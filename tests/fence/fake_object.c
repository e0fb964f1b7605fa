/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_object.h"

struct fake_world fake_world;
ntf_handle fake_handle;

static uint64_t now_ns(void)
{
    return fake_world.now_ns;
}

static void fake_sleep(struct ntf_parker *parker, uint64_t deadline_ns)
{
    uint64_t before = fake_world.now_ns;

    (void)parker;
    fake_world.sleeps++;
    fake_world.last_deadline_ns = deadline_ns;
    if (fake_world.meanwhile)
        fake_world.meanwhile(fake_world.sleeps, fake_world.context);
    if (fake_world.now_ns == before)
        fake_world.now_ns = deadline_ns;
}

const struct ntf_park_ops fake_park_ops = { .now_ns = now_ns, .sleep = fake_sleep };

void fake_world_reset(void (*meanwhile)(uint32_t, void *), void *context)
{
    fake_world = (struct fake_world){ .now_ns = 1000, .meanwhile = meanwhile, .context = context };
}

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct fake_object *fake = watch->object;

    fake->last_target = watch->target;
    ntf_fetch_add(&fake->armed, 1, NTF_RELAXED);
    parker->shared = true; /* as for memory that a peer may die over: the safety period applies */
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct fake_object *fake = watch->object;

    (void)parker;
    ntf_fetch_add(&fake->disarmed, 1, NTF_RELAXED);
}

static enum ntf_result raise_value(struct ntf_object *object, uint64_t value, ntf_status *status)
{
    struct fake_object *fake = (struct fake_object *)object;
    uint64_t found = ntf_load(&fake->value, NTF_RELAXED);

    ntf_fetch_add(&fake->signals, 1, NTF_RELAXED);
    if (fake->refuse) {
        if (status)
            *status = NTF_STATUS_ACCESS_DENIED;
        return NTF_E_ACCESS_DENIED;
    }
    while (found < value && !ntf_cas(&fake->value, &found, value, NTF_SEQ_CST))
        ;
    return NTF_OK;
}

static enum ntf_result share(struct ntf_object *object, ntf_object_attributes *attributes, uint32_t access,
                             ntf_handle *out, ntf_status *status)
{
    struct fake_object *fake = (struct fake_object *)object;

    fake->shared_access = access;
    fake->shared_named = attributes && attributes->ObjectName;
    fake->shared_inheritable = attributes && (attributes->Attributes & NTF_OBJ_INHERIT);
    *status = fake->refuse ? NTF_STATUS_OBJECT_NAME_COLLISION : NTF_STATUS_SUCCESS;
    if (fake->refuse)
        return NTF_E_COLLISION;
    *out = fake_handle;
    return NTF_OK;
}

static void unname(struct ntf_object *object)
{
    ((struct fake_object *)object)->shared_named = false;
}

static void close_object(struct ntf_object *object)
{
    ntf_fetch_add(&((struct fake_object *)object)->closed, 1, NTF_RELAXED);
}

static const struct ntf_object_ops ops = {
    .watch = { .arm = arm, .disarm = disarm },
    .signal = raise_value,
    .share = share,
    .unname = unname,
    .close = close_object,
};

void fake_object_init(struct fake_object *fake, uint64_t value)
{
    fake->object = (struct ntf_object){ .ops = &ops, .value = &fake->value, .kind = NTF_OBJECT_MONITORED };
    ntf_init(&fake->value, value);
    ntf_init(&fake->armed, 0);
    ntf_init(&fake->disarmed, 0);
    ntf_init(&fake->closed, 0);
    ntf_init(&fake->signals, 0);
    fake->last_target = 0;
    fake->refuse = false;
}
