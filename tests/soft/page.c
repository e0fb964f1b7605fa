/* SPDX-License-Identifier: Apache-2.0 */
/* The page protocol, step by step in one thread: what each call writes, and in which order it tells. */
#include "ntf_test.h"

#include "kmt/soft/page.h"

#include <string.h>

#define ME UINT64_C(0x1111)
#define OTHER UINT64_C(0x2222)
#define DEAD UINT64_C(0xDEAD)

/* What the page asked, and what it looked like at that moment. */
static struct {
    struct ntf_page *page;
    unsigned wakes, asked;
    ntf_au32 *word[80];
    uint64_t owner[80];
    uint64_t target_then; /* of slot 0, during the wake */
    uint32_t word_then;
    uint64_t dead; /* the owner that is gone */
} world;

static void wake(void *context, ntf_au32 *word, uint64_t owner)
{
    assert_ptr_equal(context, &world);
    world.word[world.wakes] = word;
    world.owner[world.wakes++] = owner;
    world.target_then = ntf_load(&world.page->slots[0].target, NTF_RELAXED);
    world.word_then = ntf_load(word, NTF_RELAXED);
}

static bool gone(void *context, uint64_t owner)
{
    assert_ptr_equal(context, &world);
    world.asked++;
    return owner == world.dead;
}

static struct ntf_page_ops ops = { wake, gone, &world, false, NULL };
static struct ntf_page page;

static int fresh(void **state)
{
    const uint8_t id[16] = { 1, 2, 3 };

    (void)state;
    memset(&world, 0, sizeof world);
    memset(&page, 0, sizeof page);
    world.page = &page;
    ops.keep_targets = false;
    ntf_page_init(&page, 5, 3, 10, id);
    return 0;
}

static uint64_t at64(const ntf_au64 *value)
{
    return ntf_load((ntf_au64 *)(uintptr_t)value, NTF_RELAXED);
}

/* Design 5: all targets all ones and all owners 0 before the first handle exists. */
static void init_writes_everything(void **state)
{
    struct ntf_page_header copy;
    const char *why = NULL;

    (void)state;
    assert_int_equal(at64(&page.current), 10);
    assert_int_equal(at64(&page.armed), 0);
    for (unsigned i = 0; i < NTF_PAGE_SLOTS; i++) {
        assert_true(at64(&page.slots[i].target) == NTF_PAGE_NOBODY);
        assert_int_equal(at64(&page.slots[i].owner), 0);
    }
    assert_true(ntf_page_check(&page, &copy, &why));
    assert_int_equal(copy.kind, 5);
    assert_int_equal(copy.flags, 3);
    assert_true(ntf_page_monitored(&page) == UINT64_MAX);
}

/* Another magic, major, size or kind is refused; another minor, id or reserved byte is not. */
static void check_judges_the_header(void **state)
{
    struct ntf_page_header copy;
    const char *why = NULL;

    (void)state;
    page.header.magic ^= 1;
    assert_false(ntf_page_check(&page, &copy, &why));
    assert_non_null(why);
    page.header.magic ^= 1;
    page.header.major++;
    assert_false(ntf_page_check(&page, &copy, &why));
    page.header.major--;
    page.header.size_bytes--;
    assert_false(ntf_page_check(&page, &copy, &why));
    page.header.size_bytes++;
    for (uint32_t kind = 0; kind < 300; kind++) {
        page.header.kind = kind;
        assert_int_equal(ntf_page_check(&page, &copy, &why), (kind >= 1 && kind <= 5) || kind == 7 ||
                                                                 kind == NTF_PAGE_KIND_MUTEX ||
                                                                 kind == NTF_PAGE_KIND_RESOURCE);
    }
    page.header.kind = 7;
    page.header.minor = 9;
    page.header.reserved[3] = 1;
    page.header.id[0] = 77;
    assert_true(ntf_page_check(&page, &copy, &why));
}

/* Nobody armed: a signal asks the system for nothing. */
static void signal_without_waiters_is_silent(void **state)
{
    (void)state;
    assert_true(ntf_page_signal(&page, 11, false, &ops));
    assert_int_equal(at64(&page.current), 11);
    assert_int_equal(world.wakes, 0);
}

/* Equal: success and nothing to wake. Lower: refused and nothing changed; with rewind it goes down. */
static void signal_compares(void **state)
{
    uint32_t seen;

    (void)state;
    assert_int_equal(ntf_page_arm(&page, ME, 10, &ops, &seen), 0);
    assert_true(ntf_page_signal(&page, 10, false, &ops));
    assert_false(ntf_page_signal(&page, 9, false, &ops));
    assert_int_equal(at64(&page.current), 10);
    assert_true(ntf_page_signal(&page, 9, true, &ops));
    assert_int_equal(at64(&page.current), 9);
    assert_int_equal(world.wakes, 0);
    assert_true(ntf_page_signal(&page, UINT64_MAX, false, &ops));
    assert_int_equal(world.wakes, 1);
}

/* Only targets that are reached are woken; the word changes before the wake, the target goes after it. */
static void signal_wakes_what_is_reached(void **state)
{
    uint32_t seen_a, seen_b;
    uint32_t a, b;

    (void)state;
    a = ntf_page_arm(&page, ME, 20, &ops, &seen_a);
    b = ntf_page_arm(&page, OTHER, 30, &ops, &seen_b);
    assert_int_equal(a, 0);
    assert_int_equal(b, 1);
    assert_true(ntf_page_monitored(&page) == 19);
    assert_true(ntf_page_signal(&page, 19, false, &ops));
    assert_int_equal(world.wakes, 0);
    assert_true(ntf_page_signal(&page, 25, false, &ops));
    assert_int_equal(world.wakes, 1);
    assert_ptr_equal(world.word[0], ntf_page_word(&page, a));
    assert_true(world.owner[0] == ME);
    assert_int_equal(world.word_then, seen_a + 1);
    assert_true(world.target_then == 20);
    assert_true(at64(&page.slots[0].target) == NTF_PAGE_NOBODY);
    assert_true(ntf_page_monitored(&page) == 29);
    /* It is not woken a second time before it has armed again. */
    assert_true(ntf_page_signal(&page, 26, false, &ops));
    assert_int_equal(world.wakes, 1);
    assert_true(ntf_page_signal(&page, 30, false, &ops));
    assert_int_equal(world.wakes, 2);
    assert_true(world.owner[1] == OTHER);
}

/* A private page leaves the target: a late wipe there could silence the next tenant for good. */
static void private_page_keeps_targets(void **state)
{
    uint32_t seen;

    (void)state;
    ops.keep_targets = true;
    (void)ntf_page_arm(&page, ME, 20, &ops, &seen);
    assert_true(ntf_page_signal(&page, 25, false, &ops));
    assert_true(at64(&page.slots[0].target) == 20);
    assert_int_equal(world.wakes, 1);
}

/* LEAVE gives everything back; leaving without a slot is nothing. */
static void leave_restores(void **state)
{
    uint32_t seen, slot;

    (void)state;
    slot = ntf_page_arm(&page, ME, 20, &ops, &seen);
    assert_int_equal(at64(&page.armed), 1);
    assert_true(at64(&page.slots[0].owner) == ME);
    ntf_page_leave(&page, slot);
    ntf_page_leave(&page, NTF_PAGE_NO_SLOT);
    assert_int_equal(at64(&page.armed), 1); // the bits of the first slots stay: the target says enough
    assert_true(ntf_page_monitored(&page) == NTF_PAGE_NOBODY);
    assert_true(ntf_page_signal(&page, 20, false, &ops));
    assert_int_equal(world.wakes, 0);
    assert_int_equal(at64(&page.slots[0].owner), 0);
    assert_true(at64(&page.slots[0].target) == NTF_PAGE_NOBODY);
    assert_int_equal(ntf_page_arm(&page, OTHER, 21, &ops, &seen), slot);
    for (uint32_t i = 1; i < 4; i++)
        assert_int_equal(ntf_page_arm(&page, OTHER, 21, &ops, &seen), i);
    for (uint32_t i = 0; i < 4; i++)
        ntf_page_leave(&page, i);
    assert_int_equal(at64(&page.armed), (1u << NTF_PAGE_STICKY) - 1);
}

/* 64 waiters and one more: it sets the overflow bit, and the next signal clears the bit, counts and wakes all. */
static void overflow_when_all_slots_are_taken(void **state)
{
    uint32_t seen, overflow_seen;

    (void)state;
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++)
        assert_int_equal(ntf_page_arm(&page, ME, 100, &ops, &seen), i);
    assert_int_equal(ntf_page_arm(&page, ME, 100, &ops, &overflow_seen), NTF_PAGE_NO_SLOT);
    assert_int_equal(overflow_seen, 1);
    assert_ptr_equal(ntf_page_word(&page, NTF_PAGE_NO_SLOT), &page.overflow);
    assert_int_equal(world.asked, 1); /* 64 slots of one owner are one question */
    assert_true(ntf_page_signal(&page, 50, false, &ops));
    assert_int_equal(world.wakes, 1);
    assert_ptr_equal(world.word[0], &page.overflow);
    assert_int_equal(world.word_then, 2);
    assert_true(ntf_page_signal(&page, 51, false, &ops));
    assert_int_equal(world.wakes, 1); /* nobody has come back */
    assert_true(ntf_page_signal(&page, 100, false, &ops));
    assert_int_equal(world.wakes, 1 + NTF_PAGE_SLOTS);
}

/* A slot of the dead is taken, whether its bit is set or not; those of the living never. */
static void dead_owners_are_replaced(void **state)
{
    uint32_t seen;

    (void)state;
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++)
        (void)ntf_page_arm(&page, i == 40 ? DEAD : OTHER, 100, &ops, &seen);
    assert_int_equal(ntf_page_arm(&page, ME, 20, &ops, &seen), NTF_PAGE_NO_SLOT);
    world.dead = DEAD;
    assert_int_equal(ntf_page_arm(&page, ME, 20, &ops, &seen), 40);
    assert_true(at64(&page.slots[40].owner) == ME);
    assert_true(at64(&page.slots[40].target) == 20);
    ntf_page_leave(&page, 40);
    /* Killed between taking the slot and setting the bit. */
    ntf_store(&page.slots[40].owner, DEAD, NTF_RELAXED);
    assert_int_equal(ntf_page_arm(&page, ME, 20, &ops, &seen), 40);
}

/* Killed between clearing the bit and giving up the slot, or garbage from a peer: bits and owners need not agree. */
static void bits_are_only_hints(void **state)
{
    uint32_t seen;

    (void)state;
    ntf_store(&page.armed, UINT64_MAX, NTF_RELAXED);
    assert_int_equal(ntf_page_arm(&page, ME, 20, &ops, &seen), 0);
    ntf_store(&page.armed, (uint64_t)0, NTF_RELAXED);
    assert_int_equal(ntf_page_arm(&page, ME, 20, &ops, &seen), 1);
    memset(&page.slots[0], 0xFF, sizeof page.slots);
    ntf_store(&page.overflow, UINT32_MAX, NTF_RELAXED);
    ntf_store(&page.armed, UINT64_MAX, NTF_RELAXED);
    assert_true(ntf_page_signal(&page, UINT64_MAX, false, &ops));
    assert_int_equal(world.wakes, NTF_PAGE_SLOTS + 1);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
    static const struct CMUnitTest tests[] = {
        TEST(init_writes_everything),         TEST(check_judges_the_header),
        TEST(signal_without_waiters_is_silent), TEST(signal_compares),
        TEST(signal_wakes_what_is_reached),   TEST(private_page_keeps_targets),
        TEST(leave_restores),                 TEST(overflow_when_all_slots_are_taken),
        TEST(dead_owners_are_replaced),       TEST(bits_are_only_hints),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-page", tests, NTF_COUNT(tests), NULL, NULL);
}
