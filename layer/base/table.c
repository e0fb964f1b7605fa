/* SPDX-License-Identifier: Apache-2.0 */
/* The essay with the ordering argument stands in table.h. */
#include "base/table.h"

#include <stdlib.h>

#define FIRST_BITS 5u /* 32 places: enough for most applications, half a kilobyte */
#define MOST_BITS 26u /* beyond 32 million keys something else is wrong */

/* ---- arrays ---- */

static size_t seen_words(uint32_t bits)
{
    return bits < 2 ? 1 : (size_t)1 << (bits - 2);
}

static struct ntf_table_array *array_make(uint32_t bits)
{
    const size_t count = (size_t)1 << bits, words = seen_words(bits);
    /* The words are pairs as well, as far as memory goes: both are 64-bit atomics. */
    const size_t all = count + (words + 1) / 2;
    struct ntf_table_array *array =
        (struct ntf_table_array *)calloc(1, sizeof *array + all * sizeof array->pairs[0]);

    if (!array)
        return NULL;
    array->bits = bits;
    ntf_init(&array->epoch, (uint32_t)0);
    for (size_t i = 0; i < count; i++) {
        ntf_init(&array->pairs[i].key, (uint64_t)NTF_TABLE_FREE);
        ntf_init(&array->pairs[i].value, (uint64_t)0);
    }
    array->seen = (ntf_au64 *)(void *)&array->pairs[count];
    for (size_t i = 0; i < words; i++)
        ntf_init(&array->seen[i], (uint64_t)0);
    return array;
}

/* Bit before key: who knows of the key finds its bit. Value before key: who finds the key finds its value. All release,
 * for readers of an earlier epoch (table.h). */
static void fill(struct ntf_table_array *array, struct ntf_table_pair *pair, uint64_t key, uint64_t value)
{
    const uint32_t bit = ntf_table_bit(array->bits, key);
    ntf_au64 *word = &array->seen[bit / 64];

    ntf_store(word, ntf_load(word, NTF_RELAXED) | (uint64_t)1 << bit % 64, NTF_RELEASE);
    ntf_store(&pair->value, value, NTF_RELEASE);
    ntf_store(&pair->key, key, NTF_RELEASE);
    array->used++;
}

/* ---- writers, under the lock ---- */

static struct ntf_table_array *current_locked(struct ntf_table *table)
{
    return (struct ntf_table_array *)ntf_load(&table->array, NTF_RELAXED);
}

/* Takes a retired array of that size out of the list and empties it, its epoch left odd. */
static struct ntf_table_array *reuse_locked(struct ntf_table *table, uint32_t bits)
{
    struct ntf_table_array *before = current_locked(table), *array;

    while (before->next && before->next->bits != bits)
        before = before->next;
    array = before->next;
    if (!array)
        return NULL;
    before->next = array->next;
    array->next = NULL;
    array->used = 0;
    ntf_store(&array->epoch, ntf_load(&array->epoch, NTF_RELAXED) + 1, NTF_RELEASE);
    for (uint32_t i = 0; i < ntf_table_places(array); i++)
        ntf_store(&array->pairs[i].key, (uint64_t)NTF_TABLE_FREE, NTF_RELEASE);
    for (size_t i = 0; i < seen_words(bits); i++)
        ntf_store(&array->seen[i], (uint64_t)0, NTF_RELEASE);
    return array;
}

static void copy_live(struct ntf_table_array *to, struct ntf_table_array *from)
{
    for (uint32_t i = 0; i < ntf_table_places(from); i++) {
        const uint64_t key = ntf_load(&from->pairs[i].key, NTF_RELAXED);
        uint64_t found;

        if (key == NTF_TABLE_FREE || key == NTF_TABLE_GONE)
            continue;
        fill(to, ntf_table_probe(to, to->bits, key, &found), key, ntf_load(&from->pairs[i].value, NTF_RELAXED));
    }
}

/* Makes room: the live pairs move to an array that they fill to a quarter at the most, so that many inserts come
 * before the next move, however many removed places there were. NULL: no memory, nothing has changed. */
static struct ntf_table_array *move_locked(struct ntf_table *table)
{
    struct ntf_table_array *old = current_locked(table), *array;
    const uint32_t live = ntf_load(&table->live, NTF_RELAXED);
    uint32_t epoch, bits = old->bits;

    while (live >= ((uint32_t)1 << bits) / 4)
        bits++;
    if (bits > MOST_BITS)
        return NULL;
    array = reuse_locked(table, bits);
    if (!array)
        array = array_make(bits);
    if (!array)
        return NULL;
    copy_live(array, old);
    epoch = ntf_load(&array->epoch, NTF_RELAXED);
    ntf_store(&array->epoch, epoch + (epoch & 1), NTF_RELEASE);
    array->next = old; /* with it the whole list of those retired before */
    ntf_store(&table->array, (uintptr_t)array, NTF_RELEASE);
    return array;
}

/* The gate is on the readers' line: it is written only when it changes. */
static void count_locked(struct ntf_table *table, uint32_t live)
{
    ntf_store(&table->live, live, NTF_RELAXED);
    if (live < 2 && ntf_load(&table->inhabited, NTF_RELAXED) != live)
        ntf_store(&table->inhabited, live, NTF_RELAXED);
}

static enum ntf_result insert_locked(struct ntf_table *table, uint64_t key, uint64_t value)
{
    struct ntf_table_array *array = current_locked(table);
    uint64_t found;
    struct ntf_table_pair *pair = ntf_table_probe(array, array->bits, key, &found);

    if (found == key) {
        ntf_store(&pair->value, value, NTF_RELEASE);
        return NTF_OK;
    }
    if (array->used + 1 > ntf_table_places(array) / 2) {
        array = move_locked(table);
        if (!array)
            return NTF_E_NO_MEMORY;
        pair = ntf_table_probe(array, array->bits, key, &found);
    }
    /* Counted before it can be found, so that nobody who knows of the key skips the lookup. */
    count_locked(table, ntf_load(&table->live, NTF_RELAXED) + 1);
    fill(array, pair, key, value);
    return NTF_OK;
}

static bool is_key(uint64_t key)
{
    return key != NTF_TABLE_FREE && key != NTF_TABLE_GONE;
}

/* ---- the table ---- */

enum ntf_result ntf_table_init(struct ntf_table *table)
{
    struct ntf_table_array *array = array_make(FIRST_BITS);

    if (!array)
        return NTF_E_NO_MEMORY;
    ntf_init(&table->array, (uintptr_t)array);
    ntf_init(&table->inhabited, (uint32_t)0);
    ntf_init(&table->live, (uint32_t)0);
    ntf_lock_init(&table->lock);
    return NTF_OK;
}

void ntf_table_finish(struct ntf_table *table)
{
    struct ntf_table_array *array = current_locked(table);

    while (array) {
        struct ntf_table_array *next = array->next;
        free(array);
        array = next;
    }
    ntf_store(&table->array, (uintptr_t)0, NTF_RELAXED);
}

enum ntf_result ntf_table_insert(struct ntf_table *table, uint64_t key, uint64_t value)
{
    enum ntf_result r;

    if (!is_key(key))
        return NTF_E_INVALID;
    ntf_lock_take(&table->lock);
    r = insert_locked(table, key, value);
    ntf_lock_drop(&table->lock);
    return r;
}

bool ntf_table_remove(struct ntf_table *table, uint64_t key, uint64_t *old)
{
    uint64_t found = NTF_TABLE_FREE;
    struct ntf_table_array *array;
    struct ntf_table_pair *pair;

    if (!is_key(key))
        return false;
    ntf_lock_take(&table->lock);
    array = current_locked(table);
    pair = ntf_table_probe(array, array->bits, key, &found);
    if (found == key) {
        if (old)
            *old = ntf_load(&pair->value, NTF_RELAXED);
        ntf_store(&pair->key, NTF_TABLE_GONE, NTF_RELEASE);
        count_locked(table, ntf_load(&table->live, NTF_RELAXED) - 1);
    }
    ntf_lock_drop(&table->lock);
    return found == key;
}

bool ntf_table_search(const struct ntf_table *table, uint64_t key, uint64_t *value)
{
    struct ntf_table_array *array;
    uint64_t found, result;
    uint32_t epoch;

    do {
        struct ntf_table_pair *pair;

        array = ntf_table_enter(table, &epoch);
        found = NTF_TABLE_FREE;
        result = 0;
        pair = ntf_table_probe(array, array->bits, key, &found);
        if (found == key)
            result = ntf_load(&pair->value, NTF_ACQUIRE);
    } while (!ntf_table_holds(array, epoch));
    if (found != key || !is_key(key))
        return false;
    *value = result;
    return true;
}

void ntf_table_each(struct ntf_table *table, void (*visit)(uint64_t key, uint64_t value, void *context), void *context)
{
    struct ntf_table_array *array;

    ntf_lock_take(&table->lock);
    array = current_locked(table);
    for (uint32_t i = 0; i < ntf_table_places(array); i++) {
        const uint64_t key = ntf_load(&array->pairs[i].key, NTF_RELAXED);
        if (is_key(key))
            visit(key, ntf_load(&array->pairs[i].value, NTF_RELAXED), context);
    }
    ntf_lock_drop(&table->lock);
}
