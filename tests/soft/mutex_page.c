/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a keyed mutex by itself: who holds it, who is found to be gone, and seats. */
#include "ntf_test.h"

#include "kmt/soft/mutex_page.h"

#include <string.h>

#define POISON_WORD UINT64_C(0xA5A5A5A5A5A5A5A5)

static union {
    struct ntf_mutex_page mutex;
    uint8_t bytes[NTF_PAGE_BYTES];
} memory;
#define MUTEX (&memory.mutex)

static uint64_t dead[80]; /* owners that are gone */
static unsigned dead_count, wakes, asked;

static void wake(void *context, ntf_au32 *word, uint64_t owner)
{
    (void)context;
    (void)word;
    (void)owner;
    wakes++;
}

static bool gone(void *context, uint64_t owner)
{
    (void)context;
    asked++;
    for (unsigned i = 0; i < dead_count; i++)
        if (dead[i] == owner)
            return true;
    return false;
}

static const struct ntf_page_ops ops = { wake, gone, NULL, false, NULL };

static void begin(uint64_t key)
{
    static const uint8_t id[16] = { 1 };

    memset(&memory, 0, sizeof memory);
    ntf_page_init(&MUTEX->page, NTF_PAGE_KIND_MUTEX, 3, 0, id);
    ntf_mutex_page_init(MUTEX, key, NULL, 0);
    dead_count = wakes = asked = 0;
}

static uint64_t turns(void)
{
    return ntf_load(&MUTEX->page.current, NTF_ACQUIRE);
}

static enum ntf_result take(uint32_t seat, uint64_t key, uint64_t *turn)
{
    uint64_t fence_value;

    return ntf_mutex_page_take(MUTEX, seat, key, &ops, turn, &fence_value);
}

static bool give(uint64_t turn, uint64_t key)
{
    return ntf_mutex_page_give(MUTEX, turn, key, 0, NULL, 0, &ops);
}

/* One holder, who alone can end the turn; keys; turns rise with each release and with nothing else. */
static void one_holder(void **state)
{
    uint64_t turn = 99, other = 99;
    uint32_t a, b;

    (void)state;
    begin(7);
    a = ntf_mutex_page_sit(MUTEX, 0xA, &ops);
    b = ntf_mutex_page_sit(MUTEX, 0xB, &ops);
    assert_int_not_equal(a, b);
    assert_int_equal(take(a, 8, &turn), NTF_NOT_READY);
    assert_int_equal(take(a, 7, &turn), NTF_OK);
    assert_int_equal(turn, 0);
    assert_int_equal(take(b, 7, &other), NTF_NOT_READY);
    assert_int_equal(take(a, 7, &other), NTF_NOT_READY); /* not even by the one who has it */
    assert_int_equal(other, 99);
    assert_int_equal(turns(), 0);
    assert_true(give(turn, 8));
    assert_false(give(turn, 9)); /* that turn is over */
    assert_int_equal(turns(), 1);
    assert_int_equal(take(b, 7, &other), NTF_NOT_READY);
    assert_int_equal(take(b, 8, &other), NTF_OK);
    assert_int_equal(other, 1);
    assert_true(give(other, 0));
    assert_int_equal(turns(), 2);
}

/* Fence values and the runtime's data go from one holder to the next; without new data the old stays. */
static void what_is_handed_over(void **state)
{
    static const uint8_t data[13] = "twelve bytes", longer[21] = "twenty bytes, longer";
    uint64_t turn, fence_value = 5;
    uint8_t found[32];
    uint32_t seat;

    (void)state;
    begin(0);
    ntf_mutex_page_init(MUTEX, 0, data, sizeof data);
    seat = ntf_mutex_page_sit(MUTEX, 0xA, &ops);
    assert_int_equal(ntf_mutex_page_data(MUTEX, NULL, 0), sizeof data);
    assert_int_equal(ntf_mutex_page_take(MUTEX, seat, 0, &ops, &turn, &fence_value), NTF_OK);
    assert_int_equal(fence_value, 0);
    assert_true(ntf_mutex_page_give(MUTEX, turn, 1, UINT64_MAX, NULL, 0, &ops));
    memset(found, 0xA5, sizeof found);
    assert_int_equal(ntf_mutex_page_data(MUTEX, found, sizeof found), sizeof data);
    assert_memory_equal(found, data, sizeof data);
    assert_int_equal(found[sizeof data], 0xA5);
    assert_int_equal(ntf_mutex_page_take(MUTEX, seat, 1, &ops, &turn, &fence_value), NTF_OK);
    assert_true(fence_value == UINT64_MAX);
    assert_true(ntf_mutex_page_give(MUTEX, turn, 1, 3, longer, sizeof longer, &ops));
    assert_int_equal(ntf_mutex_page_data(MUTEX, found, sizeof found), sizeof longer);
    assert_memory_equal(found, longer, sizeof longer);
    assert_int_equal(ntf_mutex_page_data(MUTEX, found, 4), sizeof longer);
}

/* A holder that is gone is found by who takes and by who looks; abandoned stays. */
static void abandoned(void **state)
{
    uint64_t turn, other = 99;
    uint32_t a, b;

    (void)state;
    for (int by_look = 0; by_look < 2; by_look++) {
        begin(0);
        a = ntf_mutex_page_sit(MUTEX, 0xA, &ops);
        b = ntf_mutex_page_sit(MUTEX, 0xB, &ops);
        assert_int_equal(take(a, 0, &turn), NTF_OK);
        ntf_mutex_page_look(MUTEX, &ops);
        assert_int_equal(turns(), 0);
        dead[dead_count++] = 0xA;
        if (by_look)
            ntf_mutex_page_look(MUTEX, &ops);
        assert_int_equal(take(b, 5, &other), NTF_E_ABANDONED);
        assert_true(turns() == (NTF_MUTEX_ABANDONED | 1));
        assert_int_equal(take(b, 0, &other), NTF_E_ABANDONED);
        assert_false(give(turn, 0));
        ntf_mutex_page_abandon(MUTEX, turn, &ops);
        ntf_mutex_page_look(MUTEX, &ops);
        assert_true(turns() == (NTF_MUTEX_ABANDONED | 1));
        assert_int_equal(other, 99);
    }
    begin(0);
    a = ntf_mutex_page_sit(MUTEX, 0xA, &ops);
    assert_int_equal(take(a, 0, &turn), NTF_OK);
    ntf_mutex_page_abandon(MUTEX, turn, &ops);
    assert_int_equal(take(a, 0, &other), NTF_E_ABANDONED);
}

/* Nobody asks for the life of whoever has released it. */
static void the_dead_of_former_turns(void **state)
{
    uint64_t turn;
    uint32_t a, b;

    (void)state;
    begin(0);
    a = ntf_mutex_page_sit(MUTEX, 0xA, &ops);
    b = ntf_mutex_page_sit(MUTEX, 0xB, &ops);
    assert_int_equal(take(a, 0, &turn), NTF_OK);
    assert_true(give(turn, 0));
    dead[dead_count++] = 0xA;
    ntf_mutex_page_look(MUTEX, &ops);
    assert_int_equal(take(b, 0, &turn), NTF_OK);
    assert_int_equal(asked, 0);
    assert_int_equal(turns(), 1);
}

/* Sixty-four copies take; one more when one of them has gone or got up, and who dies holding is found by that. */
static void seats(void **state)
{
    uint64_t turn, other;
    uint32_t first, i, seat;

    (void)state;
    begin(0);
    first = ntf_mutex_page_sit(MUTEX, 1, &ops);
    for (i = 2; i <= NTF_MUTEX_SEATS; i++)
        assert_in_range(ntf_mutex_page_sit(MUTEX, i, &ops), 0, NTF_MUTEX_SEATS - 1);
    assert_int_equal(ntf_mutex_page_sit(MUTEX, 1000, &ops), NTF_MUTEX_NO_SEAT);
    ntf_mutex_page_get_up(MUTEX, 9);
    assert_int_equal(ntf_mutex_page_sit(MUTEX, 1000, &ops), 9);
    assert_int_equal(take(first, 0, &turn), NTF_OK);
    dead[dead_count++] = 20;
    seat = ntf_mutex_page_sit(MUTEX, 1001, &ops);
    assert_in_range(seat, 0, NTF_MUTEX_SEATS - 1);
    assert_int_equal(turns(), 0); /* that one held nothing */
    dead[dead_count++] = 1;
    assert_int_equal(ntf_mutex_page_sit(MUTEX, 1002, &ops), first);
    assert_true(turns() == (NTF_MUTEX_ABANDONED | 1)); /* or the seat's new owner would be taken for the holder */
    assert_int_equal(take(first, 0, &other), NTF_E_ABANDONED);
}

/* A waiter is woken by the end of a turn, whichever, and by nothing else. */
static void wakes_follow_turns(void **state)
{
    uint64_t turn;
    uint32_t a, seen, slot;

    (void)state;
    begin(0);
    a = ntf_mutex_page_sit(MUTEX, 0xA, &ops);
    slot = ntf_page_arm(&MUTEX->page, 0xB, 1, &ops, &seen);
    assert_int_equal(take(a, 0, &turn), NTF_OK);
    assert_int_equal(wakes, 0);
    assert_true(give(turn, 0));
    assert_int_equal(wakes, 1);
    ntf_page_leave(&MUTEX->page, slot);
    assert_int_equal(take(a, 0, &turn), NTF_OK);
    slot = ntf_page_arm(&MUTEX->page, 0xB, 2, &ops, &seen);
    dead[dead_count++] = 0xA;
    ntf_mutex_page_look(MUTEX, &ops);
    assert_int_equal(wakes, 2);
    ntf_page_leave(&MUTEX->page, slot);
}

/* Whatever stands in the page, each call comes back, and touches nothing beyond it. */
static void anything_in_the_page(void **state)
{
    static struct {
        struct ntf_mutex_page mutex;
        uint64_t behind;
    } block;
    uint64_t random = 88172645463325252u, turn, fence_value;
    uint8_t data[NTF_MUTEX_DATA_BYTES + 8];

    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint8_t *bytes = (uint8_t *)&block.mutex;
        for (size_t i = 64; i < sizeof block.mutex; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes[i] = round % 3 == 0 ? 0xFF : round % 3 == 1 ? (uint8_t)random : (uint8_t)(random & 1);
        }
        block.behind = POISON_WORD;
        data[NTF_MUTEX_DATA_BYTES] = 0xA5;
        turn = random;
        (void)ntf_mutex_page_sit(&block.mutex, 3, &ops);
        ntf_mutex_page_look(&block.mutex, &ops);
        if (ntf_mutex_page_take(&block.mutex, (uint32_t)random % NTF_MUTEX_SEATS, random & 1, &ops, &turn,
                                &fence_value) == NTF_OK)
            (void)ntf_mutex_page_give(&block.mutex, turn, 1, 1, NULL, 0, &ops);
        (void)ntf_mutex_page_give(&block.mutex, turn, 1, 1, data, NTF_MUTEX_DATA_BYTES, &ops);
        assert_in_range(ntf_mutex_page_data(&block.mutex, data, NTF_MUTEX_DATA_BYTES), 0, NTF_MUTEX_DATA_BYTES);
        ntf_mutex_page_abandon(&block.mutex, turn, &ops);
        assert_true(block.behind == POISON_WORD);
        assert_int_equal(data[NTF_MUTEX_DATA_BYTES], 0xA5);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_holder),
        cmocka_unit_test(what_is_handed_over),
        cmocka_unit_test(abandoned),
        cmocka_unit_test(the_dead_of_former_turns),
        cmocka_unit_test(seats),
        cmocka_unit_test(wakes_follow_turns),
        cmocka_unit_test(anything_in_the_page),
    };

    return ntf_test_run("soft-mutex-page", tests, NTF_COUNT(tests), NULL, NULL);
}
