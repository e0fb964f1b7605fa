/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every row (rows.h) as a test of its own, by the row's id and text. Where a row deviates by
 * decision, soft's own answer is what is asked for; Windows' answer is a failure then, because the
 * list of deviations would be wrong.
 */
#include "rows.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 512, NAME_BYTES = 160, COMES_MS = 10000 };

static const struct row *all[MOST_ROWS];
static size_t count;
static unsigned unmet;

void row_unmet(const char *what)
{
    unmet++;
    print_error("  not so: %s\n", what);
}

/* ---- what the rows share ---- */

static ntf_status create_native(uint32_t flags, D3DKMT_HANDLE *out)
{
    union {
        D3DKMT_CREATENATIVEFENCE create;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u;
    ntf_status status;

    memset(&u, 0, sizeof u);
    u.create.hDevice = rig_device();
    u.create.Info.Flags = flags;
    u.create.hSyncObject = POISON;
    status = kmt.CreateNativeFence(&u.create);
    *out = u.create.hSyncObject;
    return status;
}

ntf_status row_create(uint32_t type, uint32_t flags, D3DKMT_HANDLE *out)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    ntf_status status;

    if (type == NATIVE)
        return create_native(flags, out);
    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = type;
    create.Info.Flags = flags;
    create.Info.SharedHandle = POISON;
    create.hSyncObject = POISON;
    status = kmt.CreateSynchronizationObject2(&create);
    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (create.hSyncObject != POISON));
    if (!(flags & NTF_SYNC_SHARED) || (flags & NTF_SYNC_NT_SECURITY_SHARING))
        ROW_CHECK(create.Info.SharedHandle == POISON || create.Info.SharedHandle == 0);
    *out = create.hSyncObject;
    return status;
}

D3DKMT_HANDLE row_made(uint32_t type, uint32_t flags)
{
    D3DKMT_HANDLE handle;

    assert_int_equal(row_create(type, flags, &handle), NTF_STATUS_SUCCESS);
    ROW_CHECK((handle & NTF_KMT_HANDLE_TAG_MASK) != 0);
    ROW_CHECK((handle & NTF_KMT_HANDLE_KIND_MASK) == NTF_KMT_HANDLE_KIND_LOCAL);
    return handle;
}

ntf_status row_destroy(D3DKMT_HANDLE handle)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = {handle};

    return kmt.DestroySynchronizationObject(&destroy);
}

ntf_status row_open(D3DKMT_HANDLE device, ntf_handle nt, uint32_t flags, D3DKMT_HANDLE *out)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open, before;
    ntf_status status;

    memset(&open, 0xA5, sizeof open);
    open.hNtHandle = nt;
    open.hDevice = device;
    open.Flags = flags;
    memcpy(&before, &open, sizeof before);
    status = kmt.OpenSyncObjectFromNtHandle2(&open);
    if (status != NTF_STATUS_SUCCESS)
        ROW_CHECK(memcmp(&open, &before, sizeof open) == 0);
    *out = open.hSyncObject;
    return status;
}

void row_sleep_ms(unsigned ms)
{
    const uint64_t end = ntf_os_now_ns() + ms * UINT64_C(1000000);

    while (ntf_os_now_ns() < end)
        rig_yield();
}

bool row_event_comes(ntf_handle event)
{
    const uint64_t end = ntf_os_now_ns() + COMES_MS * UINT64_C(1000000);

    while (!rig_event_is_set(event)) {
        if (ntf_os_now_ns() >= end)
            return false;
        rig_yield();
    }
    rig_event_take(event);
    return true;
}

/* ---- running ---- */

static void print_status(const char *who, ntf_status status)
{
    print_error("  %s 0x%08X %s\n", who, (unsigned)status,
                strrchr(ntf_status_name(status), ' ') + 1);
}

static void judge(const struct row *row, ntf_status got)
{
    const ntf_status wanted = row->deviation ? row->soft : row->expected;

    if (got == wanted && unmet == 0)
        return;
    print_error("row %s \"%s\"%s:\n", row->id, row->text,
                unmet ? "; beside its status, what stands above" : "");
    print_status("expected (Windows)", row->expected);
    if (row->deviation) {
        print_error("  by deviation %u of soft\n", row->deviation);
        print_status("expected (soft)", row->soft);
    }
    print_status("got", got);
    if (row->deviation && got == row->expected)
        print_error("  as Windows: deviation %u has ended, take it out\n", row->deviation);
    fail();
}

static void run_row(void **state)
{
    const struct row *row = (const struct row *)*state;

    unmet = 0;
    (void)rig_device();
    judge(row, row->run(row->a, row->b));
}

/* Run once more, a row leaves no handle behind, whatever it was refused: the first time threads and servers of soft may
 * have been made. What others close for it may take a moment. */
static void run_row_and_count(void **state)
{
    const struct row *row = (const struct row *)*state;
    const uint64_t end = ntf_os_now_ns() + COMES_MS * UINT64_C(1000000);
    size_t before;

    run_row(state);
    before = ntf_test_open_handles();
    judge(row, row->run(row->a, row->b));
    while (ntf_test_open_handles() > before && ntf_os_now_ns() < end)
        rig_yield();
    assert_in_range(ntf_test_open_handles(), 0, before);
}

/* ---- the lists ---- */

static size_t rows_of(const char *id)
{
    size_t i, found = 0;

    for (i = 0; i < count; i++)
        found += strcmp(all[i]->id, id) == 0;
    return found;
}

static size_t facts_of(const char *id)
{
    size_t i, found = 0;

    for (i = 0; i < fact_count; i++)
        found += strcmp(facts[i].id, id) == 0;
    return found;
}

/* How many rows the tables have, counted in the facts and not in facts.c. */
static void every_row_of_the_facts_is_listed_once(void **state)
{
    static const struct {
        const char *table;
        unsigned rows;
    } tables[] = {
        {"1.6.", 12},       {"2.1.", 20},         {"4.1.", 14},     {"6.3.sync.", 13}, {"6.3.cpu.", 7},
        {"6.3.share.", 23}, {"6.3.adapters.", 6}, {"6.3.mutex.", 4},
    };
    size_t total = 0;

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(tables); i++) {
        for (unsigned n = 1; n <= tables[i].rows; n++) {
            char id[32];
            (void)snprintf(id, sizeof id, "%s%u", tables[i].table, n);
            if (facts_of(id) != 1)
                fail_msg("%s stands %u times in facts.c", id, (unsigned)facts_of(id));
            total++;
        }
    }
    assert_int_equal(total, fact_count);
}

/* Run, or listed with a reason; and nothing is run that is no row of the facts. */
static void every_row_is_run_or_has_a_reason(void **state)
{
    size_t i, run = 0, partly = 0, not_run = 0;

    (void)state;
    for (i = 0; i < count; i++)
        if (facts_of(all[i]->id) != 1)
            fail_msg("%s \"%s\" is no row of the facts", all[i]->id, all[i]->text);
    for (i = 0; i < fact_count; i++) {
        const size_t rows = rows_of(facts[i].id);
        if (rows == 0 && !facts[i].not_run)
            fail_msg("%s (%s) is neither run nor listed", facts[i].id, facts[i].text);
        run += rows > 0 && !facts[i].not_run;
        partly += rows > 0 && facts[i].not_run;
        not_run += rows == 0;
        if (facts[i].not_run)
            printf("%s %s [%s] %s -- %s\n", rows ? "in part:" : "not run:", facts[i].id,
                   facts[i].tag, facts[i].text, facts[i].not_run);
    }
    printf("%u rows of the facts: %u run, %u in part, %u not run\n", (unsigned)fact_count,
           (unsigned)run, (unsigned)partly, (unsigned)not_run);
    for (i = 0; i < count; i++)
        if (all[i]->deviation)
            printf("deviates: %s \"%s\" by entry %u\n", all[i]->id, all[i]->text,
                   all[i]->deviation);
}

/* A deviation by which soft answers what Windows does is none. */
static void deviations_deviate(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++)
        if (all[i]->deviation && all[i]->soft == all[i]->expected)
            fail_msg("%s \"%s\" says the same twice", all[i]->id, all[i]->text);
}

static void collect(const struct row *rows, size_t rows_count)
{
    for (size_t i = 0; i < rows_count && count < MOST_ROWS; i++)
        all[count++] = &rows[i];
}

/* A row's test is called by the row's id, tag and text. */
static void name_test(char name[NAME_BYTES], const struct row *row)
{
    const char *tag = "?";

    for (size_t i = 0; i < fact_count; i++)
        if (strcmp(facts[i].id, row->id) == 0)
            tag = facts[i].tag;
    (void)snprintf(name, NAME_BYTES, "%s [%s] %s%s", row->id, tag, row->text,
                   row->deviation ? " (deviates)" : "");
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[MOST_ROWS + 3] = {
        cmocka_unit_test(every_row_of_the_facts_is_listed_once),
        cmocka_unit_test(every_row_is_run_or_has_a_reason),
        cmocka_unit_test(deviations_deviate),
    };
    static char names[MOST_ROWS][NAME_BYTES];
    size_t uncounted;

    (void)argc;
    (void)argv;
    rig_load();
    collect(rows_adapters, rows_adapters_count);
    collect(rows_sync, rows_sync_count);
    collect(rows_cpu, rows_cpu_count);
    collect(rows_share, rows_share_count);
    collect(rows_names, rows_names_count);
    uncounted = count; /* other suites count for these */
    collect(rows_mutex, rows_mutex_count);
    collect(rows_mutex_data, rows_mutex_data_count);
    collect(rows_resource, rows_resource_count);
    for (size_t i = 0; i < count; i++) {
        name_test(names[i], all[i]);
        tests[3 + i].name = names[i];
        tests[3 + i].test_func = i < uncounted ? run_row : run_row_and_count;
        tests[3 + i].initial_state = (void *)(uintptr_t)all[i];
    }
    return ntf_test_run("soft-rows", tests, count + 3, NULL, NULL);
}
