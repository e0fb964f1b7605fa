/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/os/posix/helpers.h"

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/os/posix/futex.h"
#include "kmt/os/posix/perches.h"

#define HELPERS 64u
#define WORDS (NTF_FUTEX_WAITS - 1) /* one is the helper's own */
#define IDLE_NS 30000000u    /* so long a thread waits for other work */
#define STALE_NS 1000000000u /* so long one may not notice that its work is over: nobody wakes it to say so */

/* What a helper shall sleep on. Relaxed: `job` says when it holds together. */
struct order {
    ntf_aptr word;
    ntf_au32 seen;
    ntf_au32 shared;
};

struct ntf_helper {
    struct ntf_helper *next; /* in the list of the idle, protected by the pool's lock, or of one sleep */
    bool runs;               /* there is a thread; protected by the pool's lock */
    uint32_t count;          /* the lender's, as all below but job */
    /* Counts; odd: a sleep, and the orders stay as they are. Even: the lender writes them. Becomes odd under the pool's
     * lock, so that no thread ends that is about to be needed. */
    ntf_au32 job;
    ntf_au32 orders_count, perch;
    struct order orders[WORDS];
};

static struct {
    struct ntf_lock lock; /* protects the other two */
    struct ntf_helper *idle;
    uint32_t used;
    struct ntf_helper helpers[HELPERS]; /* of which so many have ever been lent */
} pool;

/* Copies the orders of that job; false if it is over meanwhile, and what was copied is worth nothing. */
static bool take_orders(struct ntf_helper *helper, uint32_t job, struct ntf_futex_wait waits[NTF_FUTEX_WAITS],
                        uint32_t *count, uint32_t *perch)
{
    uint32_t i;

    *perch = ntf_load(&helper->perch, NTF_RELAXED);
    *count = ntf_load(&helper->orders_count, NTF_RELAXED);
    for (i = 0; i < *count && i < WORDS; i++) {
        struct order *order = &helper->orders[i];
        ntf_au32 *word = (ntf_au32 *)ntf_load(&order->word, NTF_RELAXED);

        ntf_futex_wait_fill(&waits[i], word, ntf_load(&order->seen, NTF_RELAXED),
                            ntf_load(&order->shared, NTF_RELAXED) != 0);
    }
    ntf_futex_wait_fill(&waits[i], &helper->job, job, false);
    *count = i + 1;
    ntf_fence(NTF_ACQUIRE);
    return ntf_load(&helper->job, NTF_RELAXED) == job;
}

/* No work for a while: true when the thread may end. */
static bool may_end(struct ntf_helper *helper, uint32_t job)
{
    const uint64_t until_ns = ntf_os_now_ns() + IDLE_NS;
    bool ends;

    while (ntf_load(&helper->job, NTF_ACQUIRE) == job && !ntf_deadline_passed(until_ns, ntf_os_now_ns()))
        (void)ntf_os_park(&helper->job, job, until_ns);
    ntf_lock_take(&pool.lock);
    ends = ntf_load(&helper->job, NTF_RELAXED) == job;
    helper->runs = !ends;
    ntf_lock_drop(&pool.lock);
    return ends;
}

/* The sleeper hears once of each job; he gives out another for his next sleep. */
static void sleep_on_orders(struct ntf_helper *helper, uint32_t job)
{
    struct ntf_futex_wait waits[NTF_FUTEX_WAITS];
    uint32_t count, perch;

    while (take_orders(helper, job, waits, &count, &perch)) {
        const uint64_t until_ns = ntf_os_now_ns() + STALE_NS;

        (void)ntf_futex_wait_any(waits, count, until_ns);
        if (ntf_load(&helper->job, NTF_ACQUIRE) != job)
            return;
        if (ntf_deadline_passed(until_ns, ntf_os_now_ns()))
            continue;
        ntf_perch_ring(perch);
        while (ntf_load(&helper->job, NTF_ACQUIRE) == job)
            (void)ntf_os_park(&helper->job, job, ntf_os_now_ns() + STALE_NS);
    }
}

static void serve(void *context)
{
    struct ntf_helper *helper = (struct ntf_helper *)context;

    for (;;) {
        const uint32_t job = ntf_load(&helper->job, NTF_ACQUIRE);

        if ((job & 1u) != 0)
            sleep_on_orders(helper, job);
        else if (may_end(helper, job))
            return;
    }
}

static struct ntf_helper *lend(void)
{
    struct ntf_helper *helper;

    ntf_lock_take(&pool.lock);
    helper = pool.idle;
    if (helper)
        pool.idle = helper->next;
    else if (pool.used < HELPERS)
        helper = &pool.helpers[pool.used++];
    ntf_lock_drop(&pool.lock);
    if (helper)
        helper->count = 0;
    return helper;
}

bool ntf_helpers_add(struct ntf_helper **list, ntf_au32 *word, uint32_t seen, bool shared)
{
    struct order *order;

    if (!ntf_futex_can_wait_any())
        return false;
    if (!*list || (*list)->count == WORDS) {
        struct ntf_helper *helper = lend();

        if (!helper)
            return false;
        helper->next = *list;
        *list = helper;
    }
    order = &(*list)->orders[(*list)->count++];
    ntf_store(&order->word, (uintptr_t)word, NTF_RELAXED);
    ntf_store(&order->seen, seen, NTF_RELAXED);
    ntf_store(&order->shared, shared ? 1u : 0u, NTF_RELAXED);
    return true;
}

/* Gives out the job, to a thread that is there or is made. */
static bool start_one(struct ntf_helper *helper)
{
    struct ntf_thread *thread;
    bool runs;

    ntf_lock_take(&pool.lock);
    if (!helper->runs && ntf_thread_start(&thread, "ntfence-words", serve, helper) == NTF_OK) {
        ntf_thread_detach(thread);
        helper->runs = true;
    }
    runs = helper->runs;
    if (runs)
        (void)ntf_fetch_add(&helper->job, 1u, NTF_RELEASE);
    ntf_lock_drop(&pool.lock);
    ntf_os_unpark_all(&helper->job);
    return runs;
}

bool ntf_helpers_start(struct ntf_helper *list, uint32_t perch)
{
    bool all = true;

    for (; list; list = list->next) {
        ntf_store(&list->perch, perch, NTF_RELAXED);
        ntf_store(&list->orders_count, list->count, NTF_RELAXED);
        all = start_one(list) && all;
    }
    return all;
}

void ntf_helpers_dismiss(struct ntf_helper **list)
{
    while (*list) {
        struct ntf_helper *helper = *list;

        *list = helper->next;
        if (ntf_load(&helper->job, NTF_RELAXED) & 1u) {
            ntf_store(&helper->job, ntf_load(&helper->job, NTF_RELAXED) + 1, NTF_RELAXED);
            ntf_fence(NTF_RELEASE); /* before the next lender's orders */
        }
        ntf_lock_take(&pool.lock);
        helper->next = pool.idle;
        pool.idle = helper;
        ntf_lock_drop(&pool.lock);
    }
}
