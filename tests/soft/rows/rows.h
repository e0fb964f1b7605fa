/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables 1.6, 2.1, 4.1 and 6.3 of the facts on D3DKMT, row by row. facts.c has the list of their
 * rows, each once; the other files have what is run of them: a call, an input, and the status that
 * Windows answers with. A row of the facts that holds several inputs is run as several rows here.
 * What is not run has its reason in facts.c.
 */
#ifndef NTF_TEST_SOFT_ROWS_H
#define NTF_TEST_SOFT_ROWS_H

#include "../rig.h"

/* A row of the facts. */
struct fact {
    const char *id;  /* table and row: 6.3.sync.4 is the fourth row of "Sync objects" in 6.3 */
    const char *tag; /* how it is known: Documented, asserted by a Test that holds on Windows (T*: not
                      * on Wine), an eXperiment, Read in a source, Inferred */
    const char *text;
    const char *not_run; /* why nothing (or, where rows name it as well, not all) of it is run;
                            NULL: all is */
};

struct row {
    const char *id;   /* of the fact */
    const char *text; /* the call and the input */
    ntf_status (*run)(uint32_t a, uint32_t b);
    uint32_t a, b;       /* what run makes of them stands with it */
    ntf_status expected; /* on Windows */
    unsigned deviation;  /* the entry of kmt/soft/DEVIATIONS.md by which soft answers otherwise; 0:
                            it does not */
    ntf_status soft;     /* then: what it answers with */
};

extern const struct fact facts[];
extern const size_t fact_count;

/* The tables of rows. */
extern const struct row rows_adapters[], rows_cpu[], rows_mutex[], rows_mutex_data[], rows_names[],
    rows_resource[], rows_share[], rows_sync[];
extern const size_t rows_adapters_count, rows_cpu_count, rows_mutex_count, rows_mutex_data_count,
    rows_names_count, rows_resource_count, rows_share_count, rows_sync_count;

#define ROW(id, text, run, a, b, expected)                                                         \
    {                                                                                              \
        (id), (text), (run), (a), (b), NTF_STATUS_##expected, 0, 0                                 \
    }
/* A row that soft answers otherwise; entry is the number of the deviation. */
#define ROW_DEVIATES(id, text, run, a, b, expected, entry, soft)                                   \
    {                                                                                              \
        (id), (text), (run), (a), (b), NTF_STATUS_##expected, (entry), NTF_STATUS_##soft           \
    }

/* Inside a row: says that something beside the status is not as the facts have it. The row has
 * failed then. */
void row_unmet(const char *what);
#define ROW_CHECK(condition) ((condition) ? (void)0 : row_unmet(#condition))

/* The types of the facts by number: 1 to 5 by the second create call; 7 makes a native fence. */
enum {
    MUTEX = 1,
    SEMAPHORE = 2,
    LEGACY_FENCE = 3,
    NOTIFICATION = 4,
    MONITORED = 5,
    PERIODIC = 6,
    NATIVE = 7
};

/* Makes an object on the rig's device; on success *out is its handle. */
ntf_status row_create(uint32_t type, uint32_t flags, D3DKMT_HANDLE *out);
/* The same, which has to succeed. */
D3DKMT_HANDLE row_made(uint32_t type, uint32_t flags);
ntf_status row_destroy(D3DKMT_HANDLE handle);
/* Opens by the newer call on any device. On a refusal nothing may have been written. */
ntf_status row_open(D3DKMT_HANDLE device, ntf_handle nt, uint32_t flags, D3DKMT_HANDLE *out);
/* Lets this much time go by. */
void row_sleep_ms(unsigned ms);
/* Takes an event that is to come; false, long after it should have been there. */
bool row_event_comes(ntf_handle event);

/* os: something with a handle that is no D3DKMT object and no event: a section, a memfd. */
ntf_handle row_section(void);
/* os: the time of day in units of 100 ns since 1601. */
int64_t row_time_of_day(void);

#endif /* NTF_TEST_SOFT_ROWS_H */
