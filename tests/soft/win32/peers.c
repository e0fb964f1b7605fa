/* SPDX-License-Identifier: Apache-2.0 */
/* Two processes on one page: signals, slots, and what remains of the dead. */
#include "ntf_test.h"

#include <windows.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "kmt/os/parker.h"
#include "kmt/os/win32/pool.h"
#include "kmt/soft/os/win32/nt.h"
#include "kmt/watch.h"

#define SECOND 1000000000ull
#define ROUNDS 5000u

/* ---- a page of both processes, as a thing to wait for ---- */

struct shared_page {
    struct soft_memory memory;
    struct ntf_page_ops ops;
};

static void page_wake(void *context, ntf_au32 *word, uint64_t owner)
{
    (void)context;
    soft_wake(word, owner, true);
}

static bool page_gone(void *context, uint64_t owner)
{
    return soft_life_gone(&((struct shared_page *)context)->memory, owner);
}

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct shared_page *shared = (struct shared_page *)watch->object;
    uint32_t seen;

    watch->slot = ntf_page_arm(shared->memory.page, ntf_parker_owner(parker), watch->target, &shared->ops, &seen);
    ntf_parker_listen(parker, ntf_page_word(shared->memory.page, watch->slot), seen, true);
    if (watch->slot == NTF_PAGE_NO_SLOT)
        parker->crowded = true;
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    (void)parker;
    ntf_page_leave(((struct shared_page *)watch->object)->memory.page, watch->slot);
}

static const struct ntf_watch_ops watch_ops = { arm, disarm };

static void page_ready(struct shared_page *shared)
{
    memset(&shared->ops, 0, sizeof shared->ops);
    shared->ops.wake = page_wake;
    shared->ops.gone = page_gone;
    shared->ops.context = shared;
    assert_int_equal(soft_life_announce(&shared->memory), NTF_OK);
}

static void page_make(struct shared_page *shared)
{
    static const uint8_t id[16] = { 1 };

    assert_int_equal(soft_memory_create(&shared->memory), NTF_OK);
    ntf_page_init(shared->memory.page, D3DDDI_MONITORED_FENCE, NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, 0, id);
    page_ready(shared);
}

static uint64_t page_give(const struct shared_page *shared, struct ntf_child *child)
{
    ntf_handle handle;
    ntf_status status;
    uint64_t given;

    assert_int_equal(soft_memory_share(&shared->memory, NULL, GENERIC_ALL, &handle, &status), NTF_OK);
    given = ntf_child_give_handle(child, (uintptr_t)handle);
    soft_nt_handle_close(handle);
    return given;
}

/* The moments of the last signals, on a page of their own: of value i in place i mod MOMENTS. Clocks are the same
 * in all processes. */
#define MOMENTS 512u
static ntf_au64 *moment_of(struct shared_page *times, uint64_t value)
{
    return (ntf_au64 *)(void *)times->memory.page + value % MOMENTS;
}

/* A child can't assert: it says what went wrong and ends. */
static void need(bool met, const char *what)
{
    if (met)
        return;
    ntf_parent_send("failed: %s", what);
    exit(1);
}

static void child_page(struct shared_page *shared)
{
    char line[NTF_LINE_MAX];
    ntf_status status;
    const char *why;
    ntf_handle handle;

    need(ntf_parent_receive(line), "a handle");
    handle = (ntf_handle)(uintptr_t)strtoull(line, NULL, 0);
    need(soft_memory_open(handle, &shared->memory, &status, &why) == NTF_OK, "open");
    soft_nt_handle_close(handle);
    memset(&shared->ops, 0, sizeof shared->ops);
    shared->ops.wake = page_wake;
    shared->ops.gone = page_gone;
    shared->ops.context = shared;
    need(soft_life_announce(&shared->memory) == NTF_OK, "announce");
}

/* Waits for the target; the time it took. The value is there when it returns, or the test fails. */
static uint64_t wait_for(struct shared_page *shared, uint64_t target, uint64_t timeout_ns)
{
    const uint64_t start = ntf_os_now_ns();
    struct ntf_watch watch;
    struct ntf_parker parker;
    uint32_t index;
    enum ntf_result r;

    watch.value = &shared->memory.page->current;
    watch.target = target;
    watch.ops = &watch_ops;
    watch.object = shared;
    watch.slot = NTF_PAGE_NO_SLOT;
    ntf_parker_begin(&parker, NULL);
    r = ntf_watch_any(&watch, 1, start + timeout_ns, &parker, &index);
    ntf_parker_end(&parker);
    if (r != NTF_OK || ntf_load(&shared->memory.page->current, NTF_RELAXED) < target)
        return UINT64_MAX;
    return ntf_os_now_ns() - start;
}

/* ---- roles of the child ---- */

/* Answers each value on the first page with the same on the second. */
static int child_answers(void)
{
    static struct shared_page question, answer;
    unsigned late = 0;

    child_page(&question);
    child_page(&answer);
    ntf_parent_send("ready");
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        const uint64_t took = wait_for(&question, i, 10 * SECOND);
        need(took != UINT64_MAX, "a signal within ten seconds");
        need(ntf_load(&question.memory.page->current, NTF_RELAXED) == i, "the value, and no later one");
        late += took > SECOND * 9 / 10;
        need(late <= NTF_TEST_STALLS, "wakes");
        need(ntf_page_signal(answer.memory.page, i, false, &answer.ops), "signal");
    }
    ntf_parent_send("done");
    return 0;
}

/* Raises the value step by step, now at once, now after a pause in which the waiters go to sleep. */
static int child_signals(void)
{
    static struct shared_page page, times;
    char line[NTF_LINE_MAX];

    child_page(&page);
    child_page(&times);
    need(ntf_parent_receive(line), "the word to begin");
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        ntf_store(moment_of(&times, i), ntf_os_now_ns(), NTF_RELEASE);
        need(ntf_page_signal(page.memory.page, i, false, &page.ops), "signal");
        if (i % 16 == 0)
            Sleep(1);
        else if (i % 3 == 0)
            Sleep(0);
    }
    ntf_parent_send("done");
    return 0;
}

/* Takes all slots and sits there. */
static int child_sits(void)
{
    static struct shared_page page;
    char line[NTF_LINE_MAX];

    child_page(&page);
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++) {
        uint32_t bell, seen;
        need(ntf_bell_borrow(&bell), "a bell");
        need(ntf_page_arm(page.memory.page, ntf_copy_id() | bell, 1000, &page.ops, &seen) == i, "a slot");
    }
    ntf_parent_send("%#llx", (unsigned long long)ntf_copy_id());
    (void)ntf_parent_receive(line);
    return 0;
}

/* ---- tests ---- */

/* Ten thousand signals there and back: none is lost, none is early, and none needs the safety period. */
static void signals_cross(void **state)
{
    struct ntf_child *child = ntf_child_start("answers", NULL);
    static struct shared_page question, answer;
    unsigned late = 0;

    (void)state;
    page_make(&question);
    page_make(&answer);
    ntf_child_send(child, "%llu", (unsigned long long)page_give(&question, child));
    ntf_child_send(child, "%llu", (unsigned long long)page_give(&answer, child));
    ntf_child_expect(child, "ready");
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        uint64_t took;
        assert_true(ntf_page_signal(question.memory.page, i, false, &question.ops));
        took = wait_for(&answer, i, 10 * SECOND);
        assert_true(took != UINT64_MAX);
        assert_true(ntf_load(&answer.memory.page->current, NTF_RELAXED) == i);
        late += took > SECOND * 9 / 10;
        assert_in_range(late, 0, NTF_TEST_STALLS);
    }
    ntf_child_expect(child, "done");
    assert_int_equal(ntf_child_wait(child), 0);
    soft_memory_close(&question.memory);
    soft_memory_close(&answer.memory);
}

struct waiter {
    struct shared_page *page, *times; /* times may be NULL: lateness does not matter */
    struct ntf_thread *thread;
    unsigned step;
    unsigned waits, late, failed;
};

/* Late is what a lost wake makes it: the safety period, or half of it, after the signal. */
static void wait_in_steps(void *context)
{
    struct waiter *w = (struct waiter *)context;

    for (uint64_t target = w->step; target <= ROUNDS && w->late <= NTF_TEST_STALLS; target += w->step) {
        const uint64_t took = wait_for(w->page, target, 20 * SECOND), now = ntf_os_now_ns();
        w->waits++;
        w->failed += took == UINT64_MAX;
        w->late += took > SECOND / 2 && w->times &&
                   now > ntf_load(moment_of(w->times, target), NTF_ACQUIRE) + SECOND / 2;
    }
}

/* Several threads wait for every, every third, every seventh ... value of a peer that does not wait for them. */
static void waiters_of_many_paces(void **state)
{
    static const unsigned steps[] = { 1, 1, 3, 7, 64, 1000 };
    struct ntf_child *child = ntf_child_start("signals", NULL);
    static struct shared_page page, times;
    struct waiter waiters[NTF_COUNT(steps)];

    (void)state;
    page_make(&page);
    page_make(&times);
    ntf_child_send(child, "%llu", (unsigned long long)page_give(&page, child));
    ntf_child_send(child, "%llu", (unsigned long long)page_give(&times, child));
    for (size_t i = 0; i < NTF_COUNT(steps); i++) {
        memset(&waiters[i], 0, sizeof waiters[i]);
        waiters[i].page = &page;
        waiters[i].times = &times;
        waiters[i].step = steps[i];
        assert_int_equal(ntf_thread_start(&waiters[i].thread, "waiter", wait_in_steps, &waiters[i]), NTF_OK);
    }
    ntf_child_send(child, "go");
    for (size_t i = 0; i < NTF_COUNT(steps); i++) {
        ntf_thread_join(waiters[i].thread);
        assert_int_equal(waiters[i].waits, ROUNDS / steps[i]);
        assert_int_equal(waiters[i].failed, 0);
        assert_in_range(waiters[i].late, 0, NTF_TEST_STALLS);
    }
    ntf_child_expect(child, "done");
    assert_int_equal(ntf_child_wait(child), 0);
    assert_true(ntf_page_monitored(page.memory.page) == NTF_PAGE_NOBODY);
    soft_memory_close(&page.memory);
    soft_memory_close(&times.memory);
}

/* Slots of a living peer stay its own, also all 64 of them; those of a killed one are taken over. */
static void slots_of_the_dead_are_taken(void **state)
{
    struct ntf_child *child = ntf_child_start("sits", NULL);
    static struct shared_page page;
    char line[NTF_LINE_MAX];
    uint32_t bell, seen, slot;
    uint64_t peer;

    (void)state;
    page_make(&page);
    ntf_child_send(child, "%llu", (unsigned long long)page_give(&page, child));
    assert_true(ntf_child_receive(child, line));
    peer = strtoull(line, NULL, 0);
    assert_true(peer != 0);
    assert_false(soft_life_gone(&page.memory, peer));
    assert_false(soft_life_gone(&page.memory, peer | 77));
    assert_false(soft_life_gone(&page.memory, ntf_copy_id() | 5));
    assert_true(ntf_bell_borrow(&bell));
    assert_int_equal(ntf_page_arm(page.memory.page, ntf_copy_id() | bell, 1, &page.ops, &seen), NTF_PAGE_NO_SLOT);
    ntf_child_kill(child);
    assert_int_equal(ntf_child_wait(child), -1);
    assert_true(soft_life_gone(&page.memory, peer));
    slot = ntf_page_arm(page.memory.page, ntf_copy_id() | bell, 1, &page.ops, &seen);
    assert_true(slot < NTF_PAGE_SLOTS);
    ntf_page_leave(page.memory.page, slot);
    ntf_bell_return(bell);
    /* A signal rings the bells of the dead in vain, and nothing else. */
    assert_true(ntf_page_signal(page.memory.page, 2000, false, &page.ops));
    soft_memory_close(&page.memory);
}

/* A waiter without a slot is late by ten milliseconds, not by what is left of the safety period. */
static void crowds_are_served(void **state)
{
    struct ntf_child *child = ntf_child_start("sits", NULL);
    static struct shared_page page;
    char line[NTF_LINE_MAX];
    unsigned late = 0;

    (void)state;
    page_make(&page);
    ntf_child_send(child, "%llu", (unsigned long long)page_give(&page, child));
    assert_true(ntf_child_receive(child, line));
    for (unsigned target = ROUNDS - 3; target <= ROUNDS; target++) {
        struct waiter waiter = { &page, NULL, NULL, target, 0, 0, 0 };
        uint64_t start;

        assert_int_equal(ntf_thread_start(&waiter.thread, "waiter", wait_in_steps, &waiter), NTF_OK);
        Sleep(50);
        start = ntf_os_now_ns();
        assert_true(ntf_page_signal(page.memory.page, target, false, &page.ops));
        ntf_thread_join(waiter.thread);
        assert_int_equal(waiter.failed, 0);
        late += ntf_os_now_ns() - start > SECOND / 2;
    }
    assert_in_range(late, 0, NTF_TEST_STALLS);
    assert_int_equal(ntf_child_wait(child), 0);
    soft_memory_close(&page.memory);
}

/* A signaller that was killed between its store and its wake costs its waiters a second. */
static void the_safety_period_helps(void **state)
{
    static struct shared_page page;
    struct waiter waiter = { &page, NULL, NULL, ROUNDS, 0, 0, 0 };

    (void)state;
    page_make(&page);
    assert_int_equal(ntf_thread_start(&waiter.thread, "waiter", wait_in_steps, &waiter), NTF_OK);
    Sleep(50);
    ntf_store(&page.memory.page->current, ROUNDS, NTF_SEQ_CST);
    ntf_thread_join(waiter.thread);
    assert_int_equal(waiter.failed, 0);
    soft_memory_close(&page.memory);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_cross),
        cmocka_unit_test(waiters_of_many_paces),
        cmocka_unit_test(slots_of_the_dead_are_taken),
        cmocka_unit_test(crowds_are_served),
        cmocka_unit_test(the_safety_period_helps),
    };
    const char *role = ntf_test_role(argc, argv);

    if (!role)
        return ntf_test_run("soft-win32-peers", tests, NTF_COUNT(tests), NULL, NULL);
    if (strcmp(role, "answers") == 0)
        return child_answers();
    if (strcmp(role, "signals") == 0)
        return child_signals();
    return child_sits();
}
