/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lookup against a writer, step by step. table.h and table.c are compiled here with a step before each of their
 * atomic loads and stores, and every schedule of this form is run: the reader takes n steps, the writer m, the reader
 * the rest, the writer the rest. That is where the reader holds an array that is retired, half refilled or in use
 * again. The threads hand each other a baton, so no schedule depends on time. What this can't show is memory order
 * weaker than the machine's: that is for the thread sanitizer and the models.
 */
#include "ntf_test.h"

#include "base/deadline.h"
#include "base/os/os.h"

enum { WRITER, READER };

static struct {
    ntf_au32 baton; /* whose turn it is; all below is protected by having it */
    bool scheduled; /* steps count */
    uint32_t left[2]; /* steps before each hands over; 0: no more */
    bool reader_is_in;
} play;

static void hand_over(uint32_t to)
{
    ntf_store(&play.baton, to, NTF_RELEASE);
    ntf_os_unpark_all(&play.baton);
}

static void wait_for_turn(uint32_t me)
{
    uint32_t seen;

    while ((seen = ntf_load(&play.baton, NTF_ACQUIRE)) != me)
        (void)ntf_os_park(&play.baton, seen, NTF_FOREVER);
}

static void hand_over_and_wait(uint32_t to, uint32_t me)
{
    hand_over(to);
    wait_for_turn(me);
}

static void take_step(void)
{
    const uint32_t me = ntf_load(&play.baton, NTF_RELAXED);

    if (!play.scheduled || play.left[me] == 0 || --play.left[me] > 0)
        return;
    if (me == WRITER && !play.reader_is_in)
        return;
    hand_over_and_wait(me == WRITER ? READER : WRITER, me);
}

#undef ntf_load
#undef ntf_store
#define ntf_load(p, order) (take_step(), atomic_load_explicit((p), (order)))
#define ntf_store(p, v, order) (take_step(), atomic_store_explicit((p), (v), (order)))
#include "base/table.c"
#undef ntf_load
#undef ntf_store
#define ntf_load(p, order) atomic_load_explicit((p), (order))
#define ntf_store(p, v, order) atomic_store_explicit((p), (v), (order))

/* The keys. All of these begin at the same place of an array of the first size, so that one stands where another
 * stood and is found only behind it. */
enum { LEAVES, STAYS, COMES, NEVER, KEYS };
#define VALUE_OF(key) (~(key) << 1)
static uint64_t keys[KEYS];

static int choose_keys(void **state)
{
    struct ntf_table_array *array = array_make(FIRST_BITS);
    uint32_t count = 0;

    (void)state;
    if (!array)
        return -1;
    for (uint64_t key = 1; count < KEYS; key++)
        if (ntf_table_first_place(array->bits, key) == 7)
            keys[count++] = key;
    free(array);
    return 0;
}

/* Beside the keys: a list of two, of which one is there throughout. */
enum { LIST = KEYS, LOOKS };

static struct {
    struct ntf_table table;
    uint64_t list[2];
    uint64_t key, value;
    uint32_t absent;
    bool by_list, found, stop;
} look;

static void reader(void *context)
{
    (void)context;
    hand_over_and_wait(WRITER, READER);
    while (!look.stop) {
        look.value = 0;
        if (look.by_list)
            look.absent = ntf_table_absent(&look.table, look.list, 2);
        else
            look.found = ntf_table_find(&look.table, look.key, &look.value);
        play.reader_is_in = false;
        hand_over_and_wait(WRITER, READER);
    }
}

/* Moves the table twice and a little more, so that the array it began with is in use again, with other content. */
static bool write_all(void)
{
    bool good = ntf_table_remove(&look.table, keys[LEAVES], NULL);

    good = ntf_table_insert(&look.table, keys[COMES], VALUE_OF(keys[COMES])) == NTF_OK && good;
    for (uint64_t i = 0; i < 28; i++) {
        const uint64_t key = UINT64_C(1000000) + i;
        good = ntf_table_insert(&look.table, key, VALUE_OF(key)) == NTF_OK && good;
        good = ntf_table_remove(&look.table, key, NULL) && good;
    }
    return good;
}

/* One schedule. Returns whether the writer still had steps to take when it handed over. */
static bool run(int which, uint32_t reader_steps, uint32_t writer_steps, bool *good)
{
    struct ntf_table_array *first;
    bool early;

    play.scheduled = false;
    *good = ntf_table_init(&look.table) == NTF_OK;
    first = current_locked(&look.table);
    *good = ntf_table_insert(&look.table, keys[LEAVES], VALUE_OF(keys[LEAVES])) == NTF_OK && *good;
    *good = ntf_table_insert(&look.table, keys[STAYS], VALUE_OF(keys[STAYS])) == NTF_OK && *good;
    look.by_list = which == LIST;
    look.list[0] = keys[NEVER];
    look.list[1] = keys[STAYS];
    look.key = keys[look.by_list ? STAYS : which];

    play.left[READER] = reader_steps;
    play.left[WRITER] = writer_steps;
    play.reader_is_in = true;
    play.scheduled = true;
    hand_over_and_wait(READER, WRITER);
    *good = write_all() && *good;
    early = play.left[WRITER] == 0;
    play.left[WRITER] = 0;
    if (play.reader_is_in)
        hand_over_and_wait(READER, WRITER);
    play.scheduled = false;
    *good = current_locked(&look.table) == first && *good; /* or the schedules miss what they are for */
    ntf_table_finish(&look.table);
    return early;
}

static bool is_true(int which)
{
    if (which == LIST)
        return look.absent < 2;
    if (look.found && look.value != VALUE_OF(keys[which]))
        return false;
    return which == STAYS ? look.found : which != NEVER || !look.found;
}

/* Whatever the schedule: a key that is there throughout is found, one that never was is not, and a value is the
 * key's own. */
static void every_schedule_is_true(void **state)
{
    enum { READER_STEPS = 14 }; /* more than a lookup of these keys takes, unless it starts again */
    struct ntf_thread *thread;
    uint32_t schedules = 0, failures = 0;

    (void)state;
    ntf_init(&play.baton, READER);
    assert_int_equal(ntf_thread_start(&thread, "reader", reader, NULL), NTF_OK);
    wait_for_turn(WRITER); /* until it waits for its first lookup */
    for (int which = 0; which < LOOKS; which++) {
        for (uint32_t n = 1; n <= READER_STEPS; n++) {
            bool good = true, more = true;
            for (uint32_t m = 1; more; m++) {
                more = run(which, n, m, &good);
                failures += !good || !is_true(which);
                schedules++;
            }
        }
    }
    look.stop = true;
    hand_over(READER);
    ntf_thread_join(thread);
    assert_int_equal(failures, 0);
    assert_true(schedules > LOOKS * READER_STEPS * 100);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_schedule_is_true, choose_keys),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-table-race", tests, NTF_COUNT(tests), NULL, NULL);
}
