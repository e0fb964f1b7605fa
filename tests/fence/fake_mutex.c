/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_mutex.h"

static struct fake_mutex somebody;

static void changed(struct fake_core *core)
{
    ntf_fetch_add(&core->turns, 1, NTF_RELEASE);
    ntf_fetch_add(&core->word, 1, NTF_RELEASE);
    ntf_os_unpark_all(&core->word);
}

static void breach(struct fake_core *core)
{
    ntf_fetch_add(&core->breaches, 1, NTF_RELAXED);
}

static enum ntf_result take_core(struct fake_core *core, struct fake_mutex *who, uint64_t key, uint64_t *value)
{
    enum ntf_result result = NTF_NOT_READY;

    ntf_lock_take(&core->lock);
    if (core->abandoned) {
        result = NTF_E_ABANDONED;
    } else if (!core->owner && core->key == key) {
        core->owner = who;
        *value = core->value;
        result = NTF_OK;
    }
    ntf_lock_drop(&core->lock);
    return result;
}

static enum ntf_result give_core(struct fake_core *core, struct fake_mutex *who, uint64_t key, uint64_t value)
{
    bool mine;

    ntf_lock_take(&core->lock);
    mine = core->owner == who;
    if (mine) {
        core->owner = NULL;
        core->key = key;
        core->value = value;
    }
    ntf_lock_drop(&core->lock);
    if (!mine)
        return NTF_E_INVALID;
    changed(core);
    return NTF_OK;
}

static enum ntf_result take(struct ntf_mutex *mutex, uint64_t key, uint64_t *fence_value, ntf_status *status)
{
    struct fake_mutex *fake = (struct fake_mutex *)mutex;
    enum ntf_result result;

    ntf_fetch_add(&fake->attempts, 1, NTF_RELAXED);
    if (fake->failure != NTF_OK) {
        if (status)
            *status = NTF_STATUS_DEVICE_REMOVED;
        return fake->failure;
    }
    result = take_core(fake->core, fake, key, fence_value);
    if (result == NTF_OK)
        ntf_fetch_add(&fake->taken, 1, NTF_RELAXED);
    return result;
}

static enum ntf_result block(struct ntf_mutex *mutex, uint64_t key, uint64_t timeout_ns, uint64_t *fence_value,
                             ntf_status *status)
{
    struct fake_mutex *fake = (struct fake_mutex *)mutex;
    const uint64_t until_ns = ntf_os_now_ns() + timeout_ns;
    enum ntf_result result;

    ntf_fetch_add(&fake->blocks, 1, NTF_RELAXED);
    ntf_fetch_add(&fake->blocked, 1, NTF_RELEASE);
    for (;;) {
        const uint32_t seen = ntf_load(&fake->core->word, NTF_ACQUIRE);

        result = take(mutex, key, fence_value, status);
        if (result != NTF_NOT_READY)
            break;
        if (ntf_os_park(&fake->core->word, seen, until_ns) == NTF_TIMEOUT) {
            result = NTF_TIMEOUT;
            break;
        }
    }
    while (result == NTF_OK && ntf_load(&fake->held, NTF_ACQUIRE)) {
        ntf_store(&fake->holding, 1u, NTF_RELEASE);
        ntf_os_park(&fake->held, 1u, ntf_os_now_ns() + 1000000);
    }
    ntf_fetch_sub(&fake->blocked, 1, NTF_RELEASE);
    return result;
}

static enum ntf_result give(struct ntf_mutex *mutex, uint64_t key, uint64_t fence_value, ntf_status *status)
{
    struct fake_mutex *fake = (struct fake_mutex *)mutex;
    enum ntf_result result;

    fake->last_key = key;
    fake->last_value = fence_value;
    if (fake->refuses) {
        if (status)
            *status = NTF_STATUS_INVALID_PARAMETER;
        return NTF_E_INVALID;
    }
    result = give_core(fake->core, fake, key, fence_value);
    if (result != NTF_OK)
        breach(fake->core);
    ntf_fetch_add(&fake->given, 1, NTF_RELAXED);
    return result;
}

static void close_mutex(struct ntf_mutex *mutex)
{
    struct fake_mutex *fake = (struct fake_mutex *)mutex;

    ntf_lock_take(&fake->core->lock);
    if (fake->core->owner == fake || ntf_load(&fake->blocked, NTF_ACQUIRE))
        breach(fake->core);
    ntf_lock_drop(&fake->core->lock);
    ntf_fetch_add(&fake->closed, 1, NTF_RELAXED);
}

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct fake_mutex *fake = watch->object;

    if (!fake->mutex.turns)
        breach(fake->core);
    fake->last_target = watch->target;
    ntf_fetch_add(&fake->armed, 1, NTF_RELAXED);
    parker->shared = true;
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct fake_mutex *fake = watch->object;

    (void)parker;
    ntf_fetch_add(&fake->disarmed, 1, NTF_RELAXED);
}

static const struct ntf_mutex_ops ops = {
    .watch = { .arm = arm, .disarm = disarm },
    .take = take,
    .block = block,
    .give = give,
    .close = close_mutex,
};

void fake_core_init(struct fake_core *core, uint64_t key, uint64_t value)
{
    ntf_lock_init(&core->lock);
    core->owner = NULL;
    core->key = key;
    core->value = value;
    core->abandoned = false;
    ntf_init(&core->turns, 100);
    ntf_init(&core->breaches, 0);
    ntf_init(&core->word, 0);
}

void fake_mutex_init(struct fake_mutex *fake, struct fake_core *core, uint64_t order, bool counts,
                     struct ntf_object *companion)
{
    *fake = (struct fake_mutex){ .mutex = { .ops = &ops, .turns = counts ? &core->turns : NULL, .companion = companion,
                                            .rung = NTF_RUNG_MUTEX, .order = order },
                                 .core = core, .failure = NTF_OK };
    ntf_init(&fake->attempts, 0);
    ntf_init(&fake->taken, 0);
    ntf_init(&fake->given, 0);
    ntf_init(&fake->armed, 0);
    ntf_init(&fake->disarmed, 0);
    ntf_init(&fake->closed, 0);
    ntf_init(&fake->blocked, 0);
    ntf_init(&fake->blocks, 0);
    ntf_init(&fake->held, 0);
    ntf_init(&fake->holding, 0);
}

bool fake_core_take(struct fake_core *core, uint64_t key, uint64_t *value)
{
    return take_core(core, &somebody, key, value) == NTF_OK;
}

void fake_core_give(struct fake_core *core, uint64_t key, uint64_t value)
{
    if (give_core(core, &somebody, key, value) != NTF_OK)
        breach(core);
}

void fake_core_abandon(struct fake_core *core)
{
    ntf_lock_take(&core->lock);
    core->owner = NULL;
    core->abandoned = true;
    ntf_lock_drop(&core->lock);
    changed(core);
}

struct fake_mutex *fake_core_owner(struct fake_core *core)
{
    struct fake_mutex *owner;

    ntf_lock_take(&core->lock);
    owner = core->owner;
    ntf_lock_drop(&core->lock);
    return owner;
}

bool fake_core_free_at(struct fake_core *core, uint64_t key, uint64_t value)
{
    bool as_said;

    ntf_lock_take(&core->lock);
    as_said = !core->owner && core->key == key && core->value == value && !core->abandoned;
    ntf_lock_drop(&core->lock);
    return as_said;
}
