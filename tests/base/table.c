/* SPDX-License-Identifier: Apache-2.0 */
#include "ntf_test.h"

#include "base/table.h"

#define POISON UINT64_C(0xABABABABABABABAB)

static int setup(void **state)
{
    static struct ntf_table table;
    *state = &table;
    return ntf_table_init(&table) == NTF_OK ? 0 : -1;
}

static int teardown(void **state)
{
    ntf_table_finish(*state);
    return 0;
}

static void assert_missing(const struct ntf_table *table, uint64_t key)
{
    uint64_t value = POISON;
    assert_false(ntf_table_find(table, key, &value));
    assert_true(value == POISON); /* not written on failure */
}

static void assert_found(const struct ntf_table *table, uint64_t key, uint64_t expected)
{
    uint64_t value = POISON;
    assert_true(ntf_table_find(table, key, &value));
    assert_true(value == expected);
}

static uint32_t live(struct ntf_table *table)
{
    return ntf_load(&table->live, NTF_RELAXED);
}

/* Insert, replace, find, remove; out-parameters keep their value on failure. */
static void keeps_pairs(void **state)
{
    struct ntf_table *table = *state;
    uint64_t old = POISON;

    assert_missing(table, 7);
    assert_int_equal(ntf_table_insert(table, 7, 70), NTF_OK);
    assert_found(table, 7, 70);
    assert_int_equal(ntf_table_insert(table, 7, 71), NTF_OK);
    assert_found(table, 7, 71);
    assert_int_equal(live(table), 1);

    assert_false(ntf_table_remove(table, 8, &old));
    assert_true(old == POISON);
    assert_true(ntf_table_remove(table, 7, &old));
    assert_true(old == 71);
    assert_false(ntf_table_remove(table, 7, &old));
    assert_missing(table, 7);
    assert_int_equal(live(table), 0);
}

/* Any value may be stored, also those that are no keys. */
static void keeps_any_value(void **state)
{
    struct ntf_table *table = *state;

    assert_int_equal(ntf_table_insert(table, 1, 0), NTF_OK);
    assert_int_equal(ntf_table_insert(table, 2, UINT64_MAX), NTF_OK);
    assert_found(table, 1, 0);
    assert_found(table, 2, UINT64_MAX);
    assert_true(ntf_table_remove(table, 2, NULL));
}

/* The two numbers that mark places are no keys: not stored, not found, not removed. */
static void refuses_marks(void **state)
{
    static const uint64_t marks[] = { 0, NTF_TABLE_GONE };
    struct ntf_table *table = *state;

    assert_int_equal(ntf_table_insert(table, 5, 50), NTF_OK);
    assert_true(ntf_table_remove(table, 5, NULL)); /* leaves a place marked as gone */
    for (size_t i = 0; i < NTF_COUNT(marks); i++) {
        assert_int_equal(ntf_table_insert(table, marks[i], 1), NTF_E_INVALID);
        assert_missing(table, marks[i]);
        assert_false(ntf_table_remove(table, marks[i], NULL));
    }
    assert_int_equal(live(table), 0);
}

/* A driver gives the same handle out again at once: the old value never comes back with it. */
static void reuses_keys(void **state)
{
    struct ntf_table *table = *state;

    for (uint64_t round = 1; round <= 10000; round++) {
        assert_missing(table, 0xF00D);
        assert_int_equal(ntf_table_insert(table, 0xF00D, round), NTF_OK);
        assert_found(table, 0xF00D, round);
        assert_true(ntf_table_remove(table, 0xF00D, NULL));
    }
    assert_int_equal(live(table), 0);
}

/* Keys as drivers make them: addresses, small numbers, numbers in the top bits, and no pattern at all. */
static uint64_t key_of(unsigned kind, uint64_t i)
{
    static const unsigned shifts[] = { 0, 4, 12, 40 };

    if (kind < NTF_COUNT(shifts))
        return i << shifts[kind];
    i *= UINT64_C(0xBF58476D1CE4E5B9); /* an odd factor and a shift: different numbers stay different */
    i ^= i >> 27;
    return i * UINT64_C(0x94D049BB133111EB);
}

/* They stay apart by the thousands, also behind places that others have left. */
static void grows(void **state)
{
    enum { COUNT = 20000, KINDS = 5 };
    struct ntf_table *table = *state;

    for (unsigned kind = 0; kind < KINDS; kind++) {
        for (uint64_t i = 1; i <= COUNT; i++)
            assert_int_equal(ntf_table_insert(table, key_of(kind, i), i), NTF_OK);
        assert_int_equal(live(table), COUNT);
        for (uint64_t i = 1; i <= COUNT; i++)
            assert_found(table, key_of(kind, i), i);
        assert_missing(table, key_of(kind, COUNT + 1));
        for (uint64_t i = 1; i <= COUNT; i += 2)
            assert_true(ntf_table_remove(table, key_of(kind, i), NULL));
        for (uint64_t i = 1; i <= COUNT; i++) {
            if (i & 1)
                assert_missing(table, key_of(kind, i));
            else
                assert_found(table, key_of(kind, i), i);
        }
        for (uint64_t i = 2; i <= COUNT; i += 2)
            assert_true(ntf_table_remove(table, key_of(kind, i), NULL));
        assert_int_equal(live(table), 0);
    }
}

/* A list is skipped as far as its keys are absent: never a key that is there, and nearly all that are not. */
static void skips_what_is_absent(void **state)
{
    enum { COUNT = 5000 };
    static uint64_t keys[COUNT];
    struct ntf_table *table = *state;
    uint32_t at = 0, asked = 0;

    for (uint64_t i = 0; i < COUNT; i++)
        keys[i] = key_of(4, i + 1);
    assert_int_equal(ntf_table_absent(table, keys, 0), 0);
    assert_int_equal(ntf_table_absent(table, keys, COUNT), COUNT);
    for (uint32_t i = 0; i < COUNT; i += 7)
        assert_int_equal(ntf_table_insert(table, keys[i], i), NTF_OK);
    for (uint32_t i = 0; i < COUNT; i += 7)
        assert_int_equal(ntf_table_absent(table, &keys[i], 1), 0);
    while ((at += ntf_table_absent(table, &keys[at], COUNT - at)) < COUNT) {
        uint64_t value;

        assert_int_equal(ntf_table_find(table, keys[at], &value), at % 7 == 0);
        asked += at++ % 7 != 0;
    }
    assert_true(asked < COUNT / 16);
}

/* Of keys that have come and gone no more is remembered than a while. */
static void forgets_who_was_there(void **state)
{
    enum { GONE = 100000, FRESH = 1000 };
    struct ntf_table *table = *state;
    uint32_t absent = 0;

    for (uint64_t i = 1; i <= GONE; i++) {
        assert_int_equal(ntf_table_insert(table, key_of(4, i), i), NTF_OK);
        assert_true(ntf_table_remove(table, key_of(4, i), NULL));
    }
    for (uint64_t i = GONE + 1; i <= GONE + FRESH; i++) {
        const uint64_t key = key_of(4, i);
        absent += ntf_table_absent(table, &key, 1);
    }
    assert_true(absent > FRESH * 15 / 16);
}

/* The gate says whether there is anything at all. */
static void knows_when_it_is_empty(void **state)
{
    struct ntf_table *table = *state;

    for (uint64_t round = 1; round <= 3; round++) {
        assert_true(ntf_table_empty(table));
        for (uint64_t i = 1; i <= round; i++) {
            assert_int_equal(ntf_table_insert(table, i, i), NTF_OK);
            assert_false(ntf_table_empty(table));
        }
        assert_int_equal(ntf_table_insert(table, 1, 2), NTF_OK);
        for (uint64_t i = 1; i <= round; i++) {
            assert_false(ntf_table_empty(table));
            assert_true(ntf_table_remove(table, i, NULL));
        }
        assert_false(ntf_table_remove(table, 1, NULL));
    }
    assert_true(ntf_table_empty(table));
}

struct sums {
    uint64_t keys, values, count;
};

static void add_up(uint64_t key, uint64_t value, void *context)
{
    struct sums *sums = context;
    sums->keys += key;
    sums->values += value;
    sums->count++;
}

/* A walk meets each pair that is there once, and no removed one. */
static void walks(void **state)
{
    struct ntf_table *table = *state;
    struct sums sums = { 0, 0, 0 };

    for (uint64_t i = 1; i <= 100; i++)
        assert_int_equal(ntf_table_insert(table, i, 1000 * i), NTF_OK);
    for (uint64_t i = 51; i <= 100; i++)
        assert_true(ntf_table_remove(table, i, NULL));
    ntf_table_each(table, add_up, &sums);
    assert_true(sums.count == 50 && sums.keys == 1275 && sums.values == 1275000);
}

/* ---- readers against writers ---- */

/* Keys 1 to STEADY are there all the time; those of the writers come and go; those from ABSENT on never come.
 * The value of a key is the key itself in the upper bits and how often it was written in the lower. */
enum { STEADY = 4, READERS = 3, WRITERS = 2, OWN_KEYS = 6, ROUNDS = 600000, ABSENT = 1000000 };
#define VALUE(key, version) ((key) << 24 | ((version) & 0xFFFFFF))

struct race {
    struct ntf_table *table;
    ntf_au32 stop, wrong_value, lost, ghost, failed;
    ntf_au32 next_writer;
};

static void read_until_stopped(void *context)
{
    struct race *race = context;
    uint64_t n = 0;

    while (!ntf_load(&race->stop, NTF_ACQUIRE)) {
        const uint64_t key = 1 + n++ % (STEADY + 2 * WRITERS * OWN_KEYS);
        uint64_t value = VALUE(key, 0);

        if (!ntf_table_find(race->table, key, &value) && key <= STEADY)
            ntf_fetch_add(&race->lost, 1, NTF_RELAXED);
        if (key <= STEADY && ntf_table_absent(race->table, &key, 1))
            ntf_fetch_add(&race->lost, 1, NTF_RELAXED);
        if (value >> 24 != key)
            ntf_fetch_add(&race->wrong_value, 1, NTF_RELAXED);
        if (ntf_table_find(race->table, ABSENT + key, &value))
            ntf_fetch_add(&race->ghost, 1, NTF_RELAXED);
    }
}

/* Each writer has its own keys, so it knows whether they are there. Every few inserts move the table. */
static void write_rounds(void *context)
{
    struct race *race = context;
    const uint64_t me = ntf_fetch_add(&race->next_writer, 1, NTF_RELAXED);

    for (uint64_t round = 0; round < ROUNDS; round++) {
        const uint64_t key = STEADY + 1 + me * OWN_KEYS + round % OWN_KEYS;
        uint64_t old = 0;

        if (ntf_table_insert(race->table, key, VALUE(key, round)) != NTF_OK
            || ntf_table_insert(race->table, 1 + round % STEADY, VALUE(1 + round % STEADY, round)) != NTF_OK
            || !ntf_table_remove(race->table, key, &old) || old != VALUE(key, round)
            || ntf_table_find(race->table, key, &old) || ntf_table_empty(race->table))
            ntf_fetch_add(&race->failed, 1, NTF_RELAXED);
    }
}

/* A reader beside writers finds what is there, never what is not, and never one key's value under another. */
static void readers_see_only_truth(void **state)
{
    struct race race = { .table = *state };
    struct ntf_thread *readers[READERS], *writers[WRITERS];

    for (uint64_t key = 1; key <= STEADY; key++)
        assert_int_equal(ntf_table_insert(race.table, key, VALUE(key, 0)), NTF_OK);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(ntf_thread_start(&readers[i], "reader", read_until_stopped, &race), NTF_OK);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(ntf_thread_start(&writers[i], "writer", write_rounds, &race), NTF_OK);
    for (size_t i = 0; i < WRITERS; i++)
        ntf_thread_join(writers[i]);
    ntf_store(&race.stop, 1, NTF_RELEASE);
    for (size_t i = 0; i < READERS; i++)
        ntf_thread_join(readers[i]);

    assert_int_equal(ntf_load(&race.wrong_value, NTF_RELAXED), 0);
    assert_int_equal(ntf_load(&race.lost, NTF_RELAXED), 0);
    assert_int_equal(ntf_load(&race.ghost, NTF_RELAXED), 0);
    assert_int_equal(ntf_load(&race.failed, NTF_RELAXED), 0);
    assert_int_equal(live(race.table), STEADY);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_any_value, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_marks, setup, teardown),
        cmocka_unit_test_setup_teardown(reuses_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(grows, setup, teardown),
        cmocka_unit_test_setup_teardown(skips_what_is_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(forgets_who_was_there, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_when_it_is_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(walks, setup, teardown),
        cmocka_unit_test_setup_teardown(readers_see_only_truth, setup, teardown),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-table", tests, NTF_COUNT(tests), NULL, NULL);
}
