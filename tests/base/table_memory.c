/* SPDX-License-Identifier: Apache-2.0 */
/* What the table asks of the allocator, and what it does when that says no: table.c is compiled here against an
 * allocator of this test. */
#include "ntf_test.h"

#include <stdlib.h>

#include "base/table.h"

static size_t allocations, blocks;
static bool refuse;

static void *counted_calloc(size_t count, size_t size)
{
    if (refuse)
        return NULL;
    allocations++;
    blocks++;
    return calloc(count, size);
}

static void counted_free(void *block)
{
    blocks -= block != NULL;
    free(block);
}

#define calloc counted_calloc
#define free counted_free
#include "base/table.c"
#undef calloc
#undef free

static int setup(void **state)
{
    (void)state;
    refuse = false;
    allocations = blocks = 0;
    return 0;
}

/* Without memory nothing is made. */
static void init_fails_clean(void **state)
{
    struct ntf_table table;

    (void)state;
    refuse = true;
    assert_int_equal(ntf_table_init(&table), NTF_E_NO_MEMORY);
    assert_int_equal(blocks, 0);
}

/* An insert that finds no room leaves the table as it was, and works once there is memory again. */
static void insert_fails_clean(void **state)
{
    struct ntf_table table;
    enum ntf_result r = NTF_OK;
    uint64_t count = 0, value;

    (void)state;
    assert_int_equal(ntf_table_init(&table), NTF_OK);
    refuse = true;
    while (count < 1000 && (r = ntf_table_insert(&table, count + 1, count)) == NTF_OK)
        count++;
    assert_int_equal(r, NTF_E_NO_MEMORY);
    assert_true(count > 0 && count < 1000);
    assert_int_equal(ntf_load(&table.live, NTF_RELAXED), count);
    assert_false(ntf_table_find(&table, count + 1, &value));
    for (uint64_t key = 1; key <= count; key++)
        assert_true(ntf_table_find(&table, key, &value) && value == key - 1);

    assert_int_equal(ntf_table_insert(&table, 1, 77), NTF_OK); /* a present key needs no room */
    assert_true(ntf_table_remove(&table, 2, NULL));
    refuse = false;
    assert_int_equal(ntf_table_insert(&table, count + 1, count), NTF_OK);
    assert_true(ntf_table_find(&table, 1, &value) && value == 77);
    assert_false(ntf_table_find(&table, 2, &value));
    ntf_table_finish(&table);
    assert_int_equal(blocks, 0);
}

/* Fences that come and go for weeks: memory is bounded by the most that lived at once. */
static void churn_needs_no_memory(void **state)
{
    struct ntf_table table;
    uint64_t key = 1;

    (void)state;
    assert_int_equal(ntf_table_init(&table), NTF_OK);
    for (; key <= 1000; key++)
        assert_int_equal(ntf_table_insert(&table, key, key), NTF_OK);
    for (; key <= 200000; key++) {
        assert_int_equal(ntf_table_insert(&table, key, key), NTF_OK);
        assert_true(ntf_table_remove(&table, key - 1000, NULL));
    }
    assert_int_equal(ntf_load(&table.live, NTF_RELAXED), 1000);
    assert_in_range(allocations, 1, 12); /* one for each size from 32 places to 8192, and one more of the last */
    ntf_table_finish(&table);
    assert_int_equal(blocks, 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(init_fails_clean, setup),
        cmocka_unit_test_setup(insert_fails_clean, setup),
        cmocka_unit_test_setup(churn_needs_no_memory, setup),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-table-memory", tests, NTF_COUNT(tests), NULL, NULL);
}
