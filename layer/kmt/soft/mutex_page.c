/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of a keyed mutex. mutex_page.h has the argument; the words in capitals are its operations.
 * Common part of C11 and C++11: nothing but base/atomic.h and page.h, no cast between pointers but through void.
 */
#include "kmt/soft/mutex_page.h"

#if !defined(NTF_ATOMIC_RELACY)
/* An ABI between processes of different word sizes and builds. */
#define AT(field, offset) _Static_assert(offsetof(struct ntf_mutex_page, field) == (offset), #field)
AT(taken, 2240);
AT(seats, 2304);
AT(records, 2816);
AT(records[0].fence_value, 2824);
AT(records[0].data_bytes, 2832);
AT(records[0].data, 2840);
AT(records[1].key, 3352);
#undef AT
_Static_assert(sizeof(struct ntf_mutex_page) <= NTF_PAGE_BYTES, "the page fits a page");
_Static_assert((NTF_MUTEX_SEATS & (NTF_MUTEX_SEATS - 1)) == 0 && NTF_MUTEX_SEATS <= 256, "a seat is masked");
#endif

#define SEAT_BITS 8
#define TURN_MASK (((uint64_t)1 << (64 - SEAT_BITS)) - 1)

/* What `taken` says when somebody in this seat has taken the turn. Never 0, which is what it begins with. */
static uint64_t taken_by(uint64_t turn, uint32_t seat)
{
    return ((turn + 1) & TURN_MASK) << SEAT_BITS | seat;
}

static bool names(uint64_t taken, uint64_t turn)
{
    return taken >> SEAT_BITS == ((turn + 1) & TURN_MASK);
}

static uint32_t seat_of(uint64_t taken)
{
    return (uint32_t)taken & (NTF_MUTEX_SEATS - 1);
}

/* ---- the runtime's data, in words that anybody may be writing to ---- */

static void write_data(struct ntf_mutex_record *record, const void *data, uint32_t bytes)
{
    const uint8_t *from = (const uint8_t *)data;
    uint32_t i, k;

    for (i = 0; i * 8 < bytes; i++) {
        uint64_t word = 0;
        for (k = 0; k < 8 && i * 8 + k < bytes; k++)
            word |= (uint64_t)from[i * 8 + k] << (8 * k);
        ntf_store(&record->data[i], word, NTF_RELAXED);
    }
    ntf_store(&record->data_bytes, bytes, NTF_RELAXED);
}

static uint32_t data_bytes(struct ntf_mutex_record *record)
{
    const uint32_t bytes = ntf_load(&record->data_bytes, NTF_RELAXED);

    return bytes < NTF_MUTEX_DATA_BYTES ? bytes : NTF_MUTEX_DATA_BYTES;
}

static void keep_data(struct ntf_mutex_record *from, struct ntf_mutex_record *to)
{
    const uint32_t bytes = data_bytes(from);
    uint32_t i;

    for (i = 0; i * 8 < bytes; i++)
        ntf_store(&to->data[i], ntf_load(&from->data[i], NTF_RELAXED), NTF_RELAXED);
    ntf_store(&to->data_bytes, bytes, NTF_RELAXED);
}

uint32_t ntf_mutex_page_data(struct ntf_mutex_page *mutex, void *to, uint32_t room)
{
    const uint64_t turn = ntf_load(&mutex->page.current, NTF_ACQUIRE);
    struct ntf_mutex_record *record = &mutex->records[turn & 1];
    const uint32_t bytes = data_bytes(record);
    uint8_t *bytes_to = (uint8_t *)to;
    uint32_t i;

    for (i = 0; i < bytes && i < room; i++)
        bytes_to[i] = (uint8_t)(ntf_load(&record->data[i / 8], NTF_RELAXED) >> (8 * (i % 8)));
    return bytes;
}

void ntf_mutex_page_init(struct ntf_mutex_page *mutex, uint64_t key, const void *data, uint32_t bytes)
{
    uint32_t i, k;

    ntf_init(&mutex->taken, (uint64_t)0);
    for (i = 0; i < NTF_MUTEX_SEATS; i++)
        ntf_init(&mutex->seats[i], (uint64_t)0);
    for (i = 0; i < 2; i++) {
        ntf_init(&mutex->records[i].key, i == 0 ? key : (uint64_t)0);
        ntf_init(&mutex->records[i].fence_value, (uint64_t)0);
        ntf_init(&mutex->records[i].data_bytes, (uint32_t)0);
        for (k = 0; k < NTF_MUTEX_DATA_WORDS; k++)
            ntf_init(&mutex->records[i].data[k], (uint64_t)0);
    }
    if (bytes > 0)
        write_data(&mutex->records[0], data, bytes);
}

/* ---- whose turn it is ---- */

static bool end_turn(struct ntf_mutex_page *mutex, uint64_t turn, uint64_t next, const struct ntf_page_ops *ops)
{
    return ntf_page_step(&mutex->page, turn, next, ops);
}

/* LOOK at who holds the turn by what was found in `taken`. True: abandoned now. */
static bool look(struct ntf_mutex_page *mutex, uint64_t turn, uint64_t taken, const struct ntf_page_ops *ops)
{
    const uint64_t owner = ntf_load(&mutex->seats[seat_of(taken)], NTF_ACQUIRE);

    if (owner != 0 && !ops->gone(ops->context, owner))
        return false;
    return end_turn(mutex, turn, NTF_MUTEX_ABANDONED | (turn + 1), ops);
}

void ntf_mutex_page_look(struct ntf_mutex_page *mutex, const struct ntf_page_ops *ops)
{
    const uint64_t turn = ntf_load(&mutex->page.current, NTF_ACQUIRE);
    const uint64_t taken = ntf_load(&mutex->taken, NTF_ACQUIRE);

    if ((turn & NTF_MUTEX_ABANDONED) == 0 && names(taken, turn))
        (void)look(mutex, turn, taken, ops);
}

enum ntf_result ntf_mutex_page_take(struct ntf_mutex_page *mutex, uint32_t seat, uint64_t key,
                                    const struct ntf_page_ops *ops, uint64_t *turn, uint64_t *fence_value)
{
    const uint64_t now = ntf_load(&mutex->page.current, NTF_RELAXED); /* the second look acquires */
    uint64_t taken = ntf_load(&mutex->taken, NTF_ACQUIRE);
    struct ntf_mutex_record *record = &mutex->records[now & 1];
    uint64_t value;

    if ((now & NTF_MUTEX_ABANDONED) != 0)
        return NTF_E_ABANDONED;
    if (ntf_load(&mutex->page.current, NTF_ACQUIRE) != now) /* THE SECOND LOOK */
        return NTF_NOT_READY;
    if (names(taken, now))
        return look(mutex, now, taken, ops) ? NTF_E_ABANDONED : NTF_NOT_READY;
    if (ntf_load(&record->key, NTF_RELAXED) != key)
        return NTF_NOT_READY;
    value = ntf_load(&record->fence_value, NTF_RELAXED);
    if (!ntf_cas(&mutex->taken, &taken, taken_by(now, seat), NTF_ACQ_REL))
        return NTF_NOT_READY;
    *turn = now;
    *fence_value = value;
    return NTF_OK;
}

bool ntf_mutex_page_give(struct ntf_mutex_page *mutex, uint64_t turn, uint64_t key, uint64_t fence_value,
                         const void *data, uint32_t bytes, const struct ntf_page_ops *ops)
{
    struct ntf_mutex_record *record = &mutex->records[(turn + 1) & 1];

    if (ntf_load(&mutex->page.current, NTF_RELAXED) != turn)
        return false; /* then the record is not ours either */
    ntf_store(&record->key, key, NTF_RELAXED);
    ntf_store(&record->fence_value, fence_value, NTF_RELAXED);
    if (data)
        write_data(record, data, bytes);
    else
        keep_data(&mutex->records[turn & 1], record);
    return end_turn(mutex, turn, turn + 1, ops);
}

void ntf_mutex_page_abandon(struct ntf_mutex_page *mutex, uint64_t turn, const struct ntf_page_ops *ops)
{
    (void)end_turn(mutex, turn, NTF_MUTEX_ABANDONED | (turn + 1), ops);
}

/* ---- seats ---- */

/* Makes the seat of somebody who is gone ours, after it has been seen to what he held. */
static bool take_over(struct ntf_mutex_page *mutex, uint32_t seat, uint64_t found, uint64_t owner,
                      const struct ntf_page_ops *ops)
{
    const uint64_t turn = ntf_load(&mutex->page.current, NTF_ACQUIRE);
    const uint64_t taken = ntf_load(&mutex->taken, NTF_ACQUIRE);

    if ((turn & NTF_MUTEX_ABANDONED) == 0 && names(taken, turn) && seat_of(taken) == seat)
        (void)look(mutex, turn, taken, ops);
    return ntf_cas(&mutex->seats[seat], &found, owner, NTF_ACQ_REL);
}

uint32_t ntf_mutex_page_sit(struct ntf_mutex_page *mutex, uint64_t owner, const struct ntf_page_ops *ops)
{
    uint64_t found;
    uint32_t i;

    for (i = 0; i < NTF_MUTEX_SEATS; i++) {
        found = 0;
        if (ntf_cas(&mutex->seats[i], &found, owner, NTF_ACQ_REL))
            return i;
    }
    for (i = 0; i < NTF_MUTEX_SEATS; i++) {
        found = ntf_load(&mutex->seats[i], NTF_ACQUIRE);
        if (found != 0 && !ops->gone(ops->context, found))
            continue;
        if (take_over(mutex, i, found, owner, ops))
            return i;
    }
    return NTF_MUTEX_NO_SEAT;
}

void ntf_mutex_page_get_up(struct ntf_mutex_page *mutex, uint32_t seat)
{
    ntf_store(&mutex->seats[seat], (uint64_t)0, NTF_RELEASE);
}
