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
 *
 * Ordering
 *   insert: value, then key, both release. Lookup: epoch, key, value, all acquire, then epoch again. A removed place
 *   keeps the key NTF_TABLE_GONE until the array's next epoch, so that a probe goes on behind it; its place is not
 *   used again in the same epoch, hence a key, once seen by a reader in a place, is there with its own value or gone,
 *   never with another's.
 *   A new epoch: the odd number is stored before any key is cleared or any value written. Those are release stores
 *   and the reader's loads acquire: who has read anything of the new content reads the new epoch afterwards.
 *   Changing the value of a key that is present is one release store.
 *   Checked by tests/base/table_race.c, every schedule of a lookup cut once and a writer cut once, and by
 *   tests/models/table_relacy.py, which judges the orders.
 *
 * Keys 0 and NTF_TABLE_GONE are not allowed: 0 marks a free place (VK_NULL_HANDLE, NULL), all ones a removed one.
 * What a value points to must outlive the readers: here, slots of pools that live as long as the table's owner.
 */
#ifndef NTF_BASE_TABLE_H
#define NTF_BASE_TABLE_H

#include "base/os/os.h"

#define NTF_TABLE_GONE UINT64_MAX

struct ntf_table_array;
struct ntf_table {
    ntf_aptr array;       /* struct ntf_table_array *; published with release, protected by lock for writers */
    ntf_au32 live;        /* pairs present: the gate that lets callers skip the lookup (read relaxed) */
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
/* Any thread, no lock. False if the key is not there; then *value is not written. */
bool ntf_table_find(const struct ntf_table *table, uint64_t key, uint64_t *value);
/* Calls visit for every pair that is present throughout; under the writers' lock, so visit must not write. */
void ntf_table_each(struct ntf_table *table, void (*visit)(uint64_t key, uint64_t value, void *context), void *context);

#endif /* NTF_BASE_TABLE_H */
