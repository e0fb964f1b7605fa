/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge's delivery record under Relacy: the real bridge.c, lane.c, driver.c and doorbell.c (fence/), with the real
 * lock (base/lock.c). Played are the driver (fences that a GPU signals), the payload (which counts its signals), the
 * sleep on a word, and threads: a lane's thread is one of the model's that waits to be started. Run by
 * bridge_relacy.py, which also takes things out one by one and wants to see this fail.
 *
 * Scenes
 *   1  two submissions to a queue, pulled by two threads while the lane pushes
 *   2  two threads submit to one queue that the driver synchronises, and each pulls when its own is over
 *   3  a device is lost: a submission pending, one refused, while the lane still asks the driver
 *   4  two in no queue's order on the common lane: the second is over first, the first only once that is delivered and
 *      its fence is back; another thread pulls
 *   5  a stand-in that two threads have watched, each with a doorbell
 *   6  a submission cancelled, then two after each other by the same few fences, while another thread pulls
 *   7  a submission that never ends, a driver that cannot wait, and the end of the device
 *   8  one on a loose lane of its own, one on the common lane, and the lanes' next use
 *   9  two threads that wait by a doorbell for a device's loss, and are rung for nothing before
 *  10  as 4, and nobody pulls
 *
 * Properties
 *   exactly once   a second signal for a submission is asserted not to be; at the end none is missing, none pending
 *   never early    the submission's work, a plain variable, is there when the payload is signalled, unless it is lost
 *   no lost wake   who waits for the payload, the doorbell or a lane's end sleeps for good otherwise: a deadlock
 *   pulled         who knows that a submission is over, and has pulled, finds it signalled; so does who finds nothing
 *                  pending
 *   order          submissions of a queue are delivered as the driver had them
 *   fences         a pooled fence is reset or goes down again only when signalled and when nobody asks the driver about
 *                  it any more; all of them are destroyed, once, at the end
 *   memory         whatever is freed is touched no more, all is freed (bridge_relacy.h)
 */
#include "ntf_relacy.h"

#include "main_relacy.h"

#include "bridge_relacy.h"

#include "fence/lane.h"

enum { THREADS = 4, FENCES = 4, WORK = 4, NOBODY = 99 };
enum { UNSIGNALLED, SIGNALLED, LOST };
static const uint64_t QUEUE = 7;

/* ---- memory ---- */

alignas(64) static unsigned char memory[65536];
static size_t memory_used;
static int memory_live;

void *some_memory::place(size_t size)
{
    void *at = memory + memory_used;

    memory_used += (size + 63) / 64 * 64;
    memory_live++;
    RL_ASSERT(memory_used <= sizeof memory);
    return at;
}

void forget_memory(void)
{
    memory_live--;
}

/* ---- sleep ---- */

/* Where a fence is late or never comes, sleeps with a deadline end by themselves, at any time. */
static bool time_passes(void)
{
    return scene == 4 || scene == 7 || scene == 12 || scene == 10;
}

/* Sleeps while a word is as expected, as it is and not as this thread may see it. False: the time was up. No fence:
 * who leans on what a system call orders besides would not be found out. */
template <typename T>
static bool sleep_while(rl::atomic<T> *word, T expected, bool timed)
{
    rl::context &c = rl::ctx();
    bool same;

    c.sched();
    {
        rl::preemption_disabler disabler(c);
        same = word->fetch_add(0, rl::mo_acquire, RL_INFO) == expected;
    }
    if (!same)
        return true;
    if (timed && time_passes()) {
        rl::yield(1, RL_INFO);
        return false;
    }
    (void)word->wait(c, false, false, RL_INFO);
    return true;
}

template <typename T>
static void wake(rl::atomic<T> *word)
{
    rl::context &c = rl::ctx();

    c.sched();
    (void)word->wake(c, 100, RL_INFO);
}

ntf_result ntf_os_park(ntf_au32 *word, uint32_t expected, uint64_t deadline_ns)
{
    return sleep_while(word, expected, deadline_ns != UINT64_MAX) ? NTF_OK : NTF_TIMEOUT;
}

void ntf_os_unpark_all(ntf_au32 *word)
{
    wake(word);
}

uint64_t ntf_os_now_ns(void)
{
    return 1;
}

/* Waits until a word of the model's own has come so far. */
template <typename T>
static void await(rl::atomic<T> *word, T least)
{
    for (;;) {
        const T found = word->load(rl::mo_acquire, RL_INFO);

        if (found >= least)
            return;
        (void)sleep_while(word, found, false);
    }
}

template <typename T>
static void advance(rl::atomic<T> *word)
{
    (void)word->fetch_add(1, rl::mo_release, RL_INFO);
    wake(word);
}

uint32_t loose_lanes;

/* ---- threads: a lane's is the model's next from the last on, which wait for their body ---- */

struct ntf_thread {
    ntf_au32 state; /* 1: started; 2: over */
    void (*body)(void *);
    void *context;
};
static ntf_thread *threads; /* THREADS of them */
static unsigned threads_started;

ntf_result ntf_thread_start(ntf_thread **out, const char *, void (*body)(void *), void *context)
{
    /* A queue has one lane. */
    RL_ASSERT(threads_started < (scene == 8 ? 2u : 1u));
    ntf_thread *thread = &threads[THREADS - 1 - threads_started++];

    thread->body = body;
    thread->context = context;
    *out = thread;
    advance(&thread->state);
    return NTF_OK;
}

void ntf_thread_join(ntf_thread *thread)
{
    await(&thread->state, 2u);
}

/* ---- the driver ---- */

static struct {
    ntf_au32 *state; /* FENCES of each */
    rl::var<int> *asked; /* read by who asks, written by what only one may do */
    rl::var<int> *work; /* WORK: done by the GPU before it signals */
    ntf_au32 *submitted, *finished, *resets;
    uint64_t fence[WORK], number[WORK]; /* in the queue's order: what goes down, and whose work it is */
    unsigned askers[FENCES];
    bool in_use[FENCES]; /* taken by the queue, and not reset since */
    unsigned made, destroyed, failures_left, complaints;
    bool lost;
} gpu;

static ntf_result make(void *, uint64_t *fence)
{
    RL_ASSERT(gpu.made < FENCES);
    *fence = gpu.made++;
    gpu.state[*fence].store(UNSIGNALLED, rl::mo_relaxed, RL_INFO);
    gpu.asked[*fence]($) = 0;
    return NTF_OK;
}

/* Nobody is inside a call with that fence, nor was without having told. */
static void alone_with(uint64_t fence)
{
    RL_ASSERT(gpu.askers[fence] == 0);
    gpu.asked[fence]($) = 0;
}

static void destroy(void *, uint64_t fence)
{
    alone_with(fence);
    gpu.askers[fence] = NOBODY; /* never again */
    gpu.destroyed++;
}

static ntf_result said(uint32_t state)
{
    return state == SIGNALLED ? NTF_OK : state == LOST ? NTF_E_LOST : NTF_NOT_READY;
}

static void ask(uint64_t fence)
{
    RL_ASSERT(gpu.askers[fence] != NOBODY);
    gpu.askers[fence]++;
    (void)(int)gpu.asked[fence]($);
}

static ntf_result status(void *, uint64_t fence)
{
    ask(fence);
    const ntf_result result = said(gpu.state[fence].load(rl::mo_acquire, RL_INFO));

    gpu.askers[fence]--;
    return result;
}

static ntf_result wait(void *, uint64_t fence, uint64_t)
{
    ntf_result result = NTF_E_NO_MEMORY;

    ask(fence);
    if (gpu.failures_left > 0)
        gpu.failures_left--;
    else
        while ((result = said(gpu.state[fence].load(rl::mo_acquire, RL_INFO))) == NTF_NOT_READY)
            if (!sleep_while(&gpu.state[fence], (uint32_t)UNSIGNALLED, true)) {
                result = NTF_TIMEOUT;
                break;
            }
    gpu.askers[fence]--;
    return result;
}

static ntf_result reset(void *, uint64_t fence)
{
    alone_with(fence);
    RL_ASSERT(gpu.state[fence].load(rl::mo_relaxed, RL_INFO) == SIGNALLED);
    gpu.state[fence].store(UNSIGNALLED, rl::mo_relaxed, RL_INFO);
    gpu.in_use[fence] = false;
    advance(gpu.resets);
    return NTF_OK;
}

static void complain(void *, uint64_t value, ntf_status)
{
    RL_ASSERT(value == 1);
    gpu.complaints++;
}

/* vkQueueSubmit, by one thread at a time: the fence is unsignalled, and in no queue. Returns its place in the order. */
static uint32_t submit(uint64_t fence, uint64_t number)
{
    uint32_t count;

    alone_with(fence);
    RL_ASSERT(!gpu.in_use[fence] && gpu.state[fence].load(rl::mo_relaxed, RL_INFO) == UNSIGNALLED);
    gpu.in_use[fence] = true;
    {
        rl::preemption_disabler disabler(rl::ctx());
        count = gpu.submitted->load(rl::mo_relaxed, RL_INFO);
        gpu.fence[count] = fence;
        gpu.number[count] = number;
        gpu.submitted->store(count + 1, rl::mo_seq_cst, RL_INFO);
    }
    wake(gpu.submitted);
    return count;
}

static void finish(uint32_t index, uint32_t how)
{
    await(gpu.submitted, index + 1);
    if (how == SIGNALLED)
        gpu.work[gpu.number[index]]($) = 1;
    gpu.state[gpu.fence[index]].store(how, rl::mo_release, RL_INFO);
    wake(&gpu.state[gpu.fence[index]]);
    advance(gpu.finished);
}

/* ---- the payload: its targets number its submissions ---- */

static struct {
    ntf_au32 *signalled; /* WORK of them: how often, for that submission */
    unsigned targets, in_order; /* given out; those of the queue that have been delivered */
    unsigned closed;
} played;

ntf_payload *ntf_payload_ref(ntf_payload *payload)
{
    (void)ntf_fetch_add(&payload->refs, 1u, NTF_RELAXED);
    return payload;
}

void ntf_payload_unref(ntf_payload *payload)
{
    if (ntf_fetch_sub(&payload->refs, 1u, NTF_ACQ_REL) != 1)
        return;
    played.closed++;
    if (payload->driver.pooled)
        ntf_pool_put(payload->driver.pool, payload->driver.pooled);
}

uint64_t ntf_payload_target(const ntf_payload *)
{
    return ++played.targets;
}

ntf_result ntf_payload_signal(ntf_payload *payload, uint64_t target, ntf_status *)
{
    RL_ASSERT(payload->kind == NTF_PAYLOAD_VALUE);
    if (!gpu.lost) {
        RL_ASSERT(gpu.work[target]($) == 1);
        if (scene == 1 || scene == 2 || scene == 6)
            RL_ASSERT(gpu.number[played.in_order++] == target);
    }
    RL_ASSERT(played.signalled[target].load(rl::mo_relaxed, RL_INFO) == 0);
    advance(&played.signalled[target]);
    return NTF_OK;
}

void ntf_payload_init_value(ntf_payload *payload, ntf_object *, uint64_t)
{
    payload->kind = NTF_PAYLOAD_VALUE;
}

void ntf_parker_wake(ntf_parker *parker)
{
    (void)ntf_fetch_add(&parker->wake, 1u, NTF_SEQ_CST);
    wake(&parker->wake);
}

/* ---- the scenes ---- */

struct bridge_test : rl::test_suite<bridge_test, THREADS> {
    ntf_thread thread_of[THREADS];
    ntf_au32 state[FENCES], submitted, committed, finished, resets, signalled[WORK], gone, lost;
    rl::var<int> asked[FENCES], work[WORK];
    ntf_payload payload, stand_in;
    ntf_pool pool;
    ntf_doorbells bells;
    ntf_bridge *bridge;

    void before()
    {
        const ntf_driver driver = { nullptr, make, destroy, wait, status, reset, complain };

        loose_lanes = scene == 8 ? 2 : 1;
        memory_used = 0;
        memory_live = 0;
        threads = thread_of;
        threads_started = 0;
        std::memset(&gpu, 0, sizeof gpu);
        gpu.state = state;
        gpu.asked = asked;
        gpu.work = work;
        gpu.failures_left = scene == 7 || scene == 12;
        gpu.submitted = &submitted;
        gpu.resets = &resets;
        gpu.finished = &finished;
        std::memset(&played, 0, sizeof played);
        played.signalled = signalled;
        for (unsigned i = 0; i < THREADS; i++)
            ntf_init(&thread_of[i].state, 0u);
        for (unsigned i = 0; i < WORK; i++) {
            ntf_init(&signalled[i], 0u);
            work[i]($) = 0;
        }
        ntf_init(&submitted, 0u);
        ntf_init(&gone, 0u);
        ntf_init(&lost, 0u);
        ntf_init(&committed, 0u);
        ntf_init(&resets, 0u);
        ntf_init(&finished, 0u);
        init(&payload, NTF_PAYLOAD_VALUE);
        init(&stand_in, NTF_PAYLOAD_DRIVER);
        ntf_pool_init(&pool, &driver);
        ntf_doorbells_init(&bells);
        RL_ASSERT(ntf_bridge_new(&pool, &bells, &bridge) == NTF_OK);
    }

    void init(ntf_payload *one, ntf_payload_kind kind)
    {
        ntf_init(&one->refs, 1u);
        ntf_init(&one->pending, 0u);
        ntf_init(&one->driver.watched, 0u);
        one->kind = kind;
        one->driver.pool = &pool;
        one->driver.pooled = nullptr;
    }

    /* ---- what an application does ---- */

    ntf_bridge_record *prepare(uint64_t queue)
    {
        ntf_bridge_record *record = nullptr;

        RL_ASSERT(ntf_bridge_prepare(bridge, queue, &payload, &record) == NTF_OK);
        RL_ASSERT(ntf_bridge_owes(bridge) && ntf_load(&payload.pending, NTF_RELAXED) != 0);
        return record;
    }

    /* The submission's number. */
    uint64_t submit_to(uint64_t queue, uint32_t *index = nullptr)
    {
        ntf_bridge_record *record = prepare(queue);
        const uint64_t number = record->value;
        const uint32_t at = submit(ntf_bridge_record_fence(record), number);

        if (index)
            *index = at;
        ntf_bridge_commit(record);
        advance(&committed);
        return number;
    }

    void pulled(uint64_t number)
    {
        RL_ASSERT(ntf_load(&signalled[number], NTF_RELAXED) == 1);
    }

    /* What a thread finds that knows of a submission, but not whether it is over; nor whether the call has returned. */
    void look(uint64_t number)
    {
        ntf_bridge_pull_queue(bridge, 0);
        if (ntf_load(&payload.pending, NTF_ACQUIRE) == 0)
            pulled(number);
    }

    void hear(ntf_doorbell *bell, ntf_parker *parker, bool (bridge_test::*come)())
    {
        const ntf_watch_ops *ops = &bell->object.ops->watch;
        ntf_watch watch;

        watch.object = &bell->object;
        for (;;) {
            if ((this->*come)())
                return;
            while (ntf_load(&bell->value, NTF_ACQUIRE) == 0) {
                const uint32_t seen = ntf_load(&parker->wake, NTF_ACQUIRE);

                ops->arm(&watch, parker);
                if (ntf_load(&bell->value, NTF_ACQUIRE) == 0)
                    (void)sleep_while(&parker->wake, seen, false);
                ops->disarm(&watch, parker);
            }
            ntf_doorbell_quiet(bell);
        }
    }

    bool stand_in_over()
    {
        return status(nullptr, stand_in.driver.fence) == NTF_OK;
    }

    bool is_lost()
    {
        return ntf_load(&lost, NTF_RELAXED) != 0;
    }

    /* Until the stand-in is over, or the device lost. */
    void wait_by_bell(bool (bridge_test::*come)())
    {
        ntf_parker parker;
        ntf_doorbell bell;

        ntf_init(&parker.wake, 0u);
        ntf_doorbell_hang(&bell, &bells);
        if (come == &bridge_test::stand_in_over) {
            RL_ASSERT(ntf_bridge_watch(bridge, &stand_in));
            RL_ASSERT(ntf_load(&stand_in.pending, NTF_RELAXED) <= 1);
        }
        hear(&bell, &parker, come);
        ntf_doorbell_remove(&bell);
    }

    void make_stand_in()
    {
        stand_in.driver.pooled = ntf_pool_take(&pool);
        stand_in.driver.fence = stand_in.driver.pooled->fence;
        stand_in.driver.used = true;
        (void)submit(stand_in.driver.fence, 0);
    }

    void destroy_all()
    {
        if (scene == 5)
            ntf_payload_unref(&stand_in);
        ntf_bridge_destroy(bridge);
        ntf_pool_finish(&pool);
        for (unsigned i = 0; i < THREADS; i++) /* those that never were a lane's */
            if (thread_of[i].state.load(rl::mo_relaxed, RL_INFO) == 0)
                advance(&thread_of[i].state);
    }

    /* ---- the threads: an application's, the GPU, another of the application's, and lanes from the last one on ---- */

    void application()
    {
        if (scene == 2) {
            submit_and_pull();
        } else if (scene == 5) {
            make_stand_in();
            wait_by_bell(&bridge_test::stand_in_over);
        } else if (scene == 9) {
            wait_by_bell(&bridge_test::is_lost);
        } else if (scene == 11) {
            /* The second one's commit has the lane's thread take the first one out, whoever has delivered it. */
            for (int i = 0; i < 2; i++)
                await(&signalled[submit_to(QUEUE)], 1u);
            await(&resets, 1u);
        } else if (scene == 6) {
            ntf_bridge_cancel(prepare(QUEUE));
            for (int i = 0; i < 2; i++)
                await(&signalled[submit_to(QUEUE)], 1u);
        } else {
            const uint64_t queue = scene == 4 || scene == 8 || scene == 10 ? 0 : QUEUE;
            const uint64_t number = submit_to(queue);

            if (scene == 1 || queue == 0)
                await(&signalled[submit_to(queue)], 1u);
            else if (scene == 3)
                refused();
            if (scene != 7 && scene != 12)
                await(&signalled[number], 1u);
            if (scene == 8)
                await(&signalled[submit_to(0)], 1u);
        }
        await(&gone, scene == 7 ? 0u : scene == 8 ? 1u : 2u);
        destroy_all();
    }

    void submit_and_pull()
    {
        uint32_t index;
        const uint64_t number = submit_to(QUEUE, &index);

        await(&finished, index + 1);
        ntf_bridge_pull_queue(bridge, QUEUE);
        pulled(number);
    }

    void refused()
    {
        ntf_bridge_record *record = prepare(QUEUE);
        const uint64_t number = record->value;

        gpu.lost = true;
        ntf_bridge_lose(record);
        pulled(number);
        ntf_bridge_cancel(prepare(QUEUE));
    }

    void lose()
    {
        gpu.lost = true;
        ntf_store(&lost, 1u, NTF_RELAXED);
        ntf_bridge_lose_all(bridge);
    }

    void gpu_thread()
    {
        if (scene == 3) {
            await(&committed, 1u);
            lose();
            pulled(1);
            finish(0, LOST);
        } else if (scene == 9) {
            ntf_doorbells_ring(&bells);
            lose();
        } else if (scene == 4 || scene == 8 || scene == 10) {
            finish(1, SIGNALLED);
            await(&signalled[2], 1u);
            if (scene != 8)
                await(&resets, 1u);
            finish(0, SIGNALLED);
            if (scene == 8)
                finish(2, SIGNALLED);
        } else if (scene != 7 && scene != 12) {
            finish(0, SIGNALLED);
            if (scene == 1) {
                await(&committed, 1u);
                ntf_bridge_pull_queue(bridge, QUEUE);
                pulled(1);
            }
            if (scene != 5)
                finish(1, SIGNALLED);
        }
        advance(&gone);
    }

    void other()
    {
        if (scene == 2) {
            submit_and_pull();
        } else if (scene == 5) {
            await(&submitted, 1u);
            wait_by_bell(&bridge_test::stand_in_over);
        } else if (scene == 9) {
            wait_by_bell(&bridge_test::is_lost);
        } else if (scene == 12) {
            await(&committed, 1u);
            ntf_bridge_chase(bridge, UINT64_MAX);
        } else if (scene == 11) {
            ntf_bridge_chase(bridge, UINT64_MAX);
            for (unsigned i = 1; i <= 2; i++) {
                await(&finished, i);
                await(&committed, i);
                ntf_bridge_chase(bridge, UINT64_MAX);
                pulled(i);
            }
        } else if (scene == 4) {
            await(&finished, 1u);
            await(&committed, 2u);
            ntf_bridge_pull_queue(bridge, 0);
            pulled(2);
        } else if (scene != 7 && scene != 10) {
            await(&submitted, 1u);
            look(scene == 6 ? 2 : 1);
        }
        advance(&gone);
    }

    void lane(ntf_thread *thread)
    {
        await(&thread->state, 1u);
        if (!thread->body)
            return;
        thread->body(thread->context);
        advance(&thread->state);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            application();
        else if (index == 1)
            gpu_thread();
        else if (index == 2 && scene != 8)
            other();
        else
            lane(&thread_of[index]);
    }

    void after()
    {
        static const unsigned delivered[] = { 0, 2, 2, 2, 2, 0, 2, 0, 3, 0, 2, 2, 0 };
        unsigned found = 0;

        for (unsigned i = 0; i < WORK; i++)
            found += ntf_load(&signalled[i], NTF_RELAXED);
        RL_ASSERT(found == delivered[scene] && gpu.complaints == (scene == 7 || scene == 12 ? 1u : 0u));
        RL_ASSERT(ntf_load(&payload.pending, NTF_RELAXED) == 0 && ntf_load(&payload.refs, NTF_RELAXED) == 1);
        RL_ASSERT(ntf_load(&stand_in.pending, NTF_RELAXED) == 0 && played.closed == (scene == 5 ? 1u : 0u));
        RL_ASSERT(gpu.made == gpu.destroyed && memory_live == 0);
    }
};

int main(int argc, char **argv)
{
    return run<bridge_test>(argc, argv);
}
