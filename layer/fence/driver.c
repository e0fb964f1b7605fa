/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of the layer's own driver fences. */
#include "fence/driver.h"

#include <stdlib.h>

void ntf_pool_init(struct ntf_pool *pool, const struct ntf_driver *driver)
{
    pool->driver = *driver;
    ntf_lock_init(&pool->lock);
    pool->free = NULL;
    pool->unsettled = pool->latest = NULL;
}

static struct ntf_pooled *pop(struct ntf_pool *pool, struct ntf_pooled **list)
{
    struct ntf_pooled *pooled;

    ntf_lock_take(&pool->lock);
    pooled = *list;
    if (pooled)
        *list = pooled->next;
    ntf_lock_drop(&pool->lock);
    return pooled;
}

static void push(struct ntf_pool *pool, struct ntf_pooled **list, struct ntf_pooled *pooled)
{
    ntf_lock_take(&pool->lock);
    pooled->next = *list;
    *list = pooled;
    ntf_lock_drop(&pool->lock);
}

/* Behind the others: one that is never signalled must not hide those that are. */
static void put_aside(struct ntf_pool *pool, struct ntf_pooled *pooled)
{
    ntf_lock_take(&pool->lock);
    pooled->next = NULL;
    if (pool->unsettled)
        pool->latest->next = pooled;
    else
        pool->unsettled = pooled;
    pool->latest = pooled;
    ntf_lock_drop(&pool->lock);
}

static void destroy(struct ntf_pool *pool, struct ntf_pooled *pooled)
{
    pool->driver.destroy(pool->driver.context, pooled->fence);
    free(pooled);
}

void ntf_pool_finish(struct ntf_pool *pool)
{
    struct ntf_pooled *pooled;

    while ((pooled = pop(pool, &pool->free)) || (pooled = pop(pool, &pool->unsettled)))
        destroy(pool, pooled);
}

static struct ntf_pooled *make(struct ntf_pool *pool)
{
    struct ntf_pooled *pooled = malloc(sizeof *pooled);

    if (pooled && pool->driver.make(pool->driver.context, &pooled->fence) != NTF_OK) {
        free(pooled);
        return NULL;
    }
    return pooled;
}

struct ntf_pooled *ntf_pool_take(struct ntf_pool *pool)
{
    struct ntf_pooled *pooled;

    /* Two looks for each fence that goes out, so that the pile does not grow for ever, though some are in vain. */
    for (int looks = 0; looks < 2 && (pooled = pop(pool, &pool->unsettled)); looks++)
        ntf_pool_put(pool, pooled);
    pooled = pop(pool, &pool->free);
    return pooled ? pooled : make(pool);
}

void ntf_pool_put_unused(struct ntf_pool *pool, struct ntf_pooled *pooled)
{
    push(pool, &pool->free, pooled);
}

void ntf_pool_put(struct ntf_pool *pool, struct ntf_pooled *pooled)
{
    const struct ntf_driver *driver = &pool->driver;

    switch (driver->status(driver->context, pooled->fence)) {
    case NTF_OK:
        if (driver->reset(driver->context, pooled->fence) == NTF_OK)
            push(pool, &pool->free, pooled);
        else
            destroy(pool, pooled);
        break;
    case NTF_E_LOST: destroy(pool, pooled); break; /* nothing is in use on a lost device */
    default: put_aside(pool, pooled); break;
    }
}
