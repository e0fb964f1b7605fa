/* SPDX-License-Identifier: Apache-2.0 */
/* The essay with the ordering argument stands in table.h. */
#include "base/table.h"

#include <stdlib.h>

#define FREE_KEY 0u
#define FIRST_BITS 5u /* 32 places: enough for most applications, half a kilobyte */
#define MOST_BITS 26u /* beyond 32 million keys something else is wrong */

struct pair {
    ntf_au64 key;
    ntf_au64 value;
};

struct ntf_table_array {
    ntf_au32 epoch;               /* odd: a writer fills it; atomic, written under the lock */
    uint32_t bits;                /* 2^bits places; immutable after init */
    uint32_t used;                /* places that are not free, removed ones too; protected by the table's lock */
    struct ntf_table_array *next; /* in the table's list of retired arrays; protected by the table's lock */
    struct pair *pairs;           /* right behind this header; immutable after init */
};

/* ---- arrays ---- */

static uint32_t place_count(const struct ntf_table_array *array)
{
    return (uint32_t)1 << array->bits;
}

/* Handles are often addresses: the low bits never differ. The multiplication by 2^64 / golden ratio carries all of
 * them into the top bits, which choose the place. */
static uint32_t first_place(const struct ntf_table_array *array, uint64_t key)
{
    return (uint32_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - array->bits));
}

static struct ntf_table_array *array_make(uint32_t bits)
{
    const size_t count = (size_t)1 << bits;
    struct ntf_table_array *array =
        (struct ntf_table_array *)calloc(1, sizeof *array + count * sizeof(struct pair));

    if (!array)
        return NULL;
    array->bits = bits;
    array->pairs = (struct pair *)(void *)(array + 1);
    ntf_init(&array->epoch, (uint32_t)0);
    for (size_t i = 0; i < count; i++) {
        ntf_init(&array->pairs[i].key, (uint64_t)FREE_KEY);
        ntf_init(&array->pairs[i].value, (uint64_t)0);
    }
    return array;
}

/* The place of the key, or the free place where a probe for it ends; NULL only for a reader who looks at an array
 * that is being filled anew. */
static struct pair *probe(const struct ntf_table_array *array, uint64_t key, uint64_t *found)
{
    const uint32_t mask = place_count(array) - 1;
    uint32_t at = first_place(array, key);

    for (uint32_t step = 0; step <= mask; step++) {
        struct pair *pair = &array->pairs[at];
        *found = ntf_load(&pair->key, NTF_ACQUIRE);
        if (*found == key || *found == FREE_KEY)
            return pair;
        at = (at + 1) & mask;
    }
    return NULL;
}

/* Value before key: who finds the key finds its value. Both release, for readers of an earlier epoch (table.h). */
static void fill(struct ntf_table_array *array, struct pair *pair, uint64_t key, uint64_t value)
{
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
    for (uint32_t i = 0; i < place_count(array); i++)
        ntf_store(&array->pairs[i].key, (uint64_t)FREE_KEY, NTF_RELEASE);
    return array;
}

static void copy_live(struct ntf_table_array *to, const struct ntf_table_array *from)
{
    for (uint32_t i = 0; i < place_count(from); i++) {
        const uint64_t key = ntf_load(&from->pairs[i].key, NTF_RELAXED);
        uint64_t found;

        if (key == FREE_KEY || key == NTF_TABLE_GONE)
            continue;
        fill(to, probe(to, key, &found), key, ntf_load(&from->pairs[i].value, NTF_RELAXED));
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

static enum ntf_result insert_locked(struct ntf_table *table, uint64_t key, uint64_t value)
{
    struct ntf_table_array *array = current_locked(table);
    uint64_t found;
    struct pair *pair = probe(array, key, &found);

    if (found == key) {
        ntf_store(&pair->value, value, NTF_RELEASE);
        return NTF_OK;
    }
    if (array->used + 1 > place_count(array) / 2) {
        array = move_locked(table);
        if (!array)
            return NTF_E_NO_MEMORY;
        pair = probe(array, key, &found);
    }
    /* Counted before it can be found, so that nobody who knows of the key skips the lookup. */
    ntf_store(&table->live, ntf_load(&table->live, NTF_RELAXED) + 1, NTF_RELAXED);
    fill(array, pair, key, value);
    return NTF_OK;
}

static bool is_key(uint64_t key)
{
    return key != FREE_KEY && key != NTF_TABLE_GONE;
}

/* ---- the table ---- */

enum ntf_result ntf_table_init(struct ntf_table *table)
{
    struct ntf_table_array *array = array_make(FIRST_BITS);

    if (!array)
        return NTF_E_NO_MEMORY;
    ntf_init(&table->array, (uintptr_t)array);
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
    uint64_t found = FREE_KEY;
    struct pair *pair;

    if (!is_key(key))
        return false;
    ntf_lock_take(&table->lock);
    pair = probe(current_locked(table), key, &found);
    if (found == key) {
        if (old)
            *old = ntf_load(&pair->value, NTF_RELAXED);
        ntf_store(&pair->key, NTF_TABLE_GONE, NTF_RELEASE);
        ntf_store(&table->live, ntf_load(&table->live, NTF_RELAXED) - 1, NTF_RELAXED);
    }
    ntf_lock_drop(&table->lock);
    return found == key;
}

bool ntf_table_find(const struct ntf_table *table, uint64_t key, uint64_t *value)
{
    struct ntf_table *t = (struct ntf_table *)table; /* C11 has no atomic load through a pointer to const */

    if (!is_key(key))
        return false;
    for (;;) {
        const struct ntf_table_array *array = (const struct ntf_table_array *)ntf_load(&t->array, NTF_ACQUIRE);
        ntf_au32 *epoch = (ntf_au32 *)&array->epoch;
        const uint32_t before = ntf_load(epoch, NTF_ACQUIRE);
        uint64_t found = FREE_KEY, result = 0;
        struct pair *pair = probe(array, key, &found);

        if (found == key)
            result = ntf_load(&pair->value, NTF_ACQUIRE);
        if ((before & 1) || ntf_load(epoch, NTF_RELAXED) != before)
            continue; /* the array was taken for new content meanwhile; the table has another */
        if (found == key)
            *value = result;
        return found == key;
    }
}

void ntf_table_each(struct ntf_table *table, void (*visit)(uint64_t key, uint64_t value, void *context), void *context)
{
    struct ntf_table_array *array;

    ntf_lock_take(&table->lock);
    array = current_locked(table);
    for (uint32_t i = 0; i < place_count(array); i++) {
        const uint64_t key = ntf_load(&array->pairs[i].key, NTF_RELAXED);
        if (is_key(key))
            visit(key, ntf_load(&array->pairs[i].value, NTF_RELAXED), context);
    }
    ntf_lock_drop(&table->lock);
}
