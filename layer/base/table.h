/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock-free table from 64-bit keys to 64-bit values, read on every intercepted call.
 *
 * Overview
 *   Open addressing with linear probing over an array of {key, value} pairs of atomics. Readers take no lock and
 *   write nothing. Writers (insert, remove) serialise on a lock of the table; they are rare: an import, a destroy,
 *   a device.
 *   When the array is crowded (more than half used, counting removed places) a writer takes another one, copies the
 *   live pairs, and publishes it with one release store. Old arrays stay mapped until ntf_table_finish: a reader
 *   that still walks one finds what was there when it was replaced, which is as good as having asked at that moment.
 *   A retired array is filled anew when one of its size is wanted again, so memory is bounded by the most keys there
 *   ever were at once, not by the number of inserts. Each array has an epoch, odd while it is filled; a reader who
 *   sees it odd or changed starts again with the current array. That takes a quarter of an array of inserts during
 *   one lookup: readers are lock-free, and in practice never retry.
 *   Reading is inline, since on most calls it is all that the layer does. Most keys that are asked for are absent:
 *   plain handles among imported ones. For them there is a bitmap, sixteen times as fine as the places, of the keys
 *   that were there in this epoch: a clear bit says that the key is absent, a set one that it may be there. At most one
 *   absent key in 32 needs a look at the places, however crowded they are, so that processors foresee the outcome. A
 *   list of keys is looked at between one look at the epoch and another (ntf_table_absent).
 *
 * Ordering
 *   insert: bit, value, then key, all release. Lookup: epoch, key, value, all acquire, then epoch again. A removed place
 *   keeps the key NTF_TABLE_GONE until the array's next epoch, so that a probe goes on behind it; its place is not
 *   used again in the same epoch, hence a key, once seen by a reader in a place, is there with its own value or gone,
 *   never with another's.
 *   A bit is set before its key is there and stays until the next epoch, so who knows of an insert sees its bit.
 *   A new epoch: the odd number is stored before any key or bit is cleared or any value written. Those are release
 *   stores and the reader's loads acquire: who has read anything of the new content reads the new epoch afterwards.
 *   That holds for any number of keys read in between, so a list needs no more looks at the epoch than one key. What is
 *   said of its last key is then as old as the first look at most, that is, as the beginning of the call.
 *   Changing the value of a key that is present is one release store.
 *   What writers change at each insert and readers don't read stands on lines of its own, so that a reader beside a
 *   writer misses its cache for the pairs alone.
 *   Checked by tests/base/table_race.c, every schedule of a lookup cut once and a writer cut once, and by
 *   tests/models/table_relacy.py, which judges the orders.
 *
 * Keys 0 and NTF_TABLE_GONE are not allowed: 0 marks a free place (VK_NULL_HANDLE, NULL), all ones a removed one.
 * What a value points to must outlive the readers: here, slots of pools that live as long as the table's owner.
 */
#ifndef NTF_BASE_TABLE_H
#define NTF_BASE_TABLE_H

#include <string.h>

#include "base/os/os.h"

#define NTF_TABLE_GONE UINT64_MAX

/* Private, like all that has no comment of its own below: */
#define NTF_TABLE_FREE 0u

struct ntf_table_pair {
    ntf_au64 key;
    ntf_au64 value;
};

#define NTF_TABLE_LINE 64 /* bytes; what is further apart shares no line of a cache */

struct ntf_table_array {
    ntf_au32 epoch; /* odd: a writer fills it; atomic, written under the lock */
    uint32_t bits;  /* 2^bits places; immutable after init */
    ntf_au64 *seen; /* the bitmap, behind the pairs; the pointer is immutable after init */
    char apart[NTF_TABLE_LINE];
    uint32_t used;                /* places that are not free, removed ones too; protected by the table's lock */
    struct ntf_table_array *next; /* in the table's list of retired arrays; protected by the table's lock */
    struct ntf_table_pair pairs[];
};

struct ntf_table {
    ntf_aptr array;     /* struct ntf_table_array *; published with release, protected by lock for writers */
    ntf_au32 inhabited; /* whether there is a pair, for ntf_table_empty; atomic, written under the lock */
    char apart[NTF_TABLE_LINE];
    ntf_au32 live;        /* pairs present; atomic, written under the lock */
    struct ntf_lock lock; /* serialises writers */
};

/* NTF_E_NO_MEMORY: nothing was made. */
enum ntf_result ntf_table_init(struct ntf_table *table);
/* Frees all arrays. No reader may be inside. */
void ntf_table_finish(struct ntf_table *table);
/* Makes key -> value, replacing an older value. NTF_E_NO_MEMORY: the table is as before. */
enum ntf_result ntf_table_insert(struct ntf_table *table, uint64_t key, uint64_t value);
/* Takes the key out; returns whether it was there, and its value through old if not NULL. */
bool ntf_table_remove(struct ntf_table *table, uint64_t key, uint64_t *old);
/* Calls visit for every pair that is present throughout; under the writers' lock, so visit must not write. */
void ntf_table_each(struct ntf_table *table, void (*visit)(uint64_t key, uint64_t value, void *context), void *context);

/* ---- reading: any thread, no lock ---- */

/* True when there is no pair: one relaxed load, the gate that lets callers skip the lookup. Who knows by other means
 * that a key is in, sees it. */
static inline bool ntf_table_empty(const struct ntf_table *table)
{
    return ntf_load(&((struct ntf_table *)table)->inhabited, NTF_RELAXED) == 0;
}

static inline uint32_t ntf_table_places(const struct ntf_table_array *array)
{
    return (uint32_t)1 << array->bits;
}

/* Handles are often addresses: the low bits never differ. The multiplication by 2^64 / golden ratio carries all of
 * them into the top bits, which choose the place. */
static inline uint32_t ntf_table_first_place(uint32_t bits, uint64_t key)
{
    return (uint32_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits));
}

/* The key's bit: the number of its first place and four bits more. */
static inline uint32_t ntf_table_bit(uint32_t bits, uint64_t key)
{
    return ntf_table_first_place(bits + 4, key);
}

static inline uint64_t ntf_table_key(struct ntf_table_pair *pair)
{
    return ntf_load(&pair->key, NTF_ACQUIRE);
}

/* The place of the key, or the free place where a probe for it ends; NULL only for a reader who looks at an array
 * that is being filled anew. */
static inline struct ntf_table_pair *ntf_table_probe(const struct ntf_table_array *array, uint32_t bits, uint64_t key,
                                                     uint64_t *found)
{
    const uint32_t mask = ((uint32_t)1 << bits) - 1;
    uint32_t at = ntf_table_first_place(bits, key);

    for (uint32_t step = 0; step <= mask; step++) {
        struct ntf_table_pair *pair = (struct ntf_table_pair *)&array->pairs[at];

        *found = ntf_table_key(pair);
        if (*found == NTF_TABLE_FREE || *found == key)
            return pair;
        at = (at + 1) & mask;
    }
    return NULL;
}

/* The array to read, and the epoch that it is in. */
static inline struct ntf_table_array *ntf_table_enter(const struct ntf_table *table, uint32_t *epoch)
{
    /* C11 has no atomic load through a pointer to const. */
    struct ntf_table_array *array =
        (struct ntf_table_array *)ntf_load(&((struct ntf_table *)table)->array, NTF_ACQUIRE);

    *epoch = ntf_load(&array->epoch, NTF_ACQUIRE);
    return array;
}

/* Whether all that was read since is of one content, and complete. If not, the array was taken for new content
 * meanwhile, and the table has another. */
static inline bool ntf_table_holds(struct ntf_table_array *array, uint32_t epoch)
{
    return !(epoch & 1) && ntf_load(&array->epoch, NTF_RELAXED) == epoch;
}

/* The same as ntf_table_find, whatever stands in the way. */
bool ntf_table_search(const struct ntf_table *table, uint64_t key, uint64_t *value);

/* False if the key is not there; then *value is not written. Inline as far as the first place tells. */
static inline bool ntf_table_find(const struct ntf_table *table, uint64_t key, uint64_t *value)
{
    uint32_t epoch;
    struct ntf_table_array *array = ntf_table_enter(table, &epoch);
    struct ntf_table_pair *pair = &array->pairs[ntf_table_first_place(array->bits, key)];
    const uint64_t found = ntf_table_key(pair);

    if (found == key && key != NTF_TABLE_FREE && key != NTF_TABLE_GONE) {
        const uint64_t result = ntf_load(&pair->value, NTF_ACQUIRE);

        if (ntf_table_holds(array, epoch)) {
            *value = result;
            return true;
        }
    } else if (found == NTF_TABLE_FREE && ntf_table_holds(array, epoch)) {
        return false;
    }
    return ntf_table_search(table, key, value);
}

/* How many of the keys, from the first on, are certainly not there: up to the first for which ntf_table_find has to be
 * asked, or count. keys: count numbers of 64 bits one after the other, of whatever type (handles). */
static inline uint32_t ntf_table_absent(const struct ntf_table *table, const void *keys, uint32_t count)
{
    const char *from = (const char *)keys;
    struct ntf_table_array *array;
    uint32_t epoch, absent;

    do {
        uint32_t bits;

        array = ntf_table_enter(table, &epoch);
        bits = array->bits;
        for (absent = 0; absent < count; absent++) {
            uint64_t key;
            uint32_t bit;

            memcpy(&key, from + (size_t)absent * sizeof key, sizeof key);
            bit = ntf_table_bit(bits, key);
            if (ntf_load(&array->seen[bit / 64], NTF_ACQUIRE) >> bit % 64 & 1)
                break;
        }
    } while (!ntf_table_holds(array, epoch));
    return absent;
}

#endif /* NTF_BASE_TABLE_H */
