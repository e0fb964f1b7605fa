/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real handle table (base/table.c) and its writers' lock (base/lock.c) under Relacy. Run by table_relacy.py, which
 * makes the first array small, so that arrays are replaced, and retired ones filled anew, within a few inserts.
 *
 * Scenes
 *   1  a reader, while a writer fills an array, moves on to another, and fills the first one anew
 *   2  a reader, while a writer takes a key out, puts it in again, and changes the value of another
 *   3  two writers of different keys, one of whom makes the table grow, and afterwards a reader
 *   4  as 1, and the reader looks at a list of keys
 *
 * Properties
 *   no lost entry     a key that is in throughout is found, with its value
 *   no recycled slot  whatever is found for a key is a value of that key, never what its place holds of another
 *   order             what was written before the insert is read by who finds it: a plain variable for each value
 */
#include "ntf_relacy.h"

#include "main_relacy.h"

#include <new>

/* The table's memory comes from calloc; a model's atomics have to be made. It is kept until the next execution. */
alignas(16) static unsigned char memory[6][16384];
static size_t sizes[6];
static unsigned arrays;

template <typename Array, typename Pair>
static void *make_array(size_t size)
{
    RL_ASSERT(arrays < sizeof memory / sizeof memory[0] && size <= sizeof memory[0]);
    unsigned char *const at = memory[arrays++];
    sizes[arrays - 1] = size;
    std::memset(at, 0, size);
    new (at) Array();
    for (size_t end = sizeof(Array) + sizeof(Pair); end <= size; end += sizeof(Pair))
        new (at + end - sizeof(Pair)) Pair();
    return at;
}

#undef calloc
#undef free
#define calloc(count, size) (make_array<struct ntf_table_array, struct ntf_table_pair>(size))
#define free(memory) ((void)(memory))
#include "base/table.c"
#include "base/lock.c"

static void unmake(unsigned index)
{
    ntf_table_array *array = reinterpret_cast<ntf_table_array *>(memory[index]);
    const size_t pairs = (sizes[index] - sizeof *array) / sizeof(struct ntf_table_pair);

    for (size_t i = 0; i < pairs; i++)
        array->pairs[i].~ntf_table_pair();
    array->epoch.~ntf_au32();
}

ntf_result ntf_os_park(ntf_au32 *word, uint32_t expected, uint64_t)
{
    rl::context &c = rl::ctx();
    bool same;

    c.sched();
    c.atomic_thread_fence_seq_cst();
    {
        rl::preemption_disabler disabler(c);
        same = word->load(rl::mo_acquire, RL_INFO) == expected;
    }
    if (same)
        (void)word->wait(c, false, false, RL_INFO);
    return NTF_OK;
}

void ntf_os_unpark_all(ntf_au32 *word)
{
    rl::context &c = rl::ctx();

    c.sched();
    c.atomic_thread_fence_seq_cst();
    (void)word->wake(c, 100, RL_INFO);
}

/* With the sizes that table_relacy.py gives it, an array of eight places is left for another when it has taken two
 * keys. In such an array 3 and 11 want the same place, and 1 and 9. */
enum { KEPT = 1, FIRST = 2, RECYCLED = 3, NEVER = 6, BEHIND = 9, KEYS = 12 };

struct table_test : rl::test_suite<table_test, 3> {
    ntf_table table;
    rl::var<int> written[KEYS]; /* before a key's first insert */

    /* Values tell their key; the second version of one has 100 more. */
    void insert(uint64_t key, uint64_t version)
    {
        if (version == 0)
            written[key]($) = 1;
        RL_ASSERT(ntf_table_insert(&table, key, key * 1000 + version * 100) == NTF_OK);
    }

    void remove(uint64_t key)
    {
        uint64_t old = 0;

        RL_ASSERT(ntf_table_remove(&table, key, &old) && old / 1000 == key);
    }

    bool find(uint64_t key)
    {
        uint64_t value = 77;

        if (!ntf_table_find(&table, key, &value)) {
            RL_ASSERT(value == 77);
            return false;
        }
        RL_ASSERT(value / 1000 == key);
        RL_ASSERT(written[key]($) == 1);
        return true;
    }

    void before()
    {
        arrays = 0;
        for (unsigned i = 0; i < KEYS; i++)
            written[i]($) = 0;
        RL_ASSERT(ntf_table_init(&table) == NTF_OK);
        insert(KEPT, 0);
        if (scene == 1 || scene == 4)
            insert(RECYCLED, 0);
        else if (scene == 2)
            insert(BEHIND, 0);
    }

    void thread(unsigned index)
    {
        if ((scene == 1 || scene == 4) && index == 0) {
            remove(RECYCLED); /* in the second array, where the reader may be */
            insert(BEHIND, 0); /* goes to the third */
            remove(BEHIND);
            insert(11, 0); /* goes to the second again, and there to where 3 was */
        } else if (scene == 1 && index == 1) {
            RL_ASSERT(find(KEPT));
            (void)find(RECYCLED);
        } else if (scene == 4 && index == 1) {
            const uint64_t list[] = { NEVER, KEPT };
            RL_ASSERT(ntf_table_absent(&table, list, 2) < 2);
        } else if (scene == 2 && index == 0) {
            remove(KEPT);
            insert(FIRST, 0);
            insert(BEHIND, 1);
            remove(FIRST);
            insert(KEPT, 1);
        } else if (scene == 2 && index == 1) {
            RL_ASSERT(find(BEHIND));
            (void)find(KEPT);
            (void)find(FIRST);
        } else if (scene == 3 && index < 2) {
            insert(FIRST + index, 0);
        } else if (scene == 3) {
            RL_ASSERT(find(KEPT));
            const uint64_t key = FIRST + 1;
            if (find(key))
                RL_ASSERT(ntf_table_absent(&table, &key, 1) == 0);
        }
    }

    void after()
    {
        RL_ASSERT(find(KEPT));
        if (scene == 3)
            RL_ASSERT(find(FIRST) && find(FIRST + 1));
        for (unsigned i = 0; i < arrays; i++)
            unmake(i);
    }
};

int main(int argc, char **argv)
{
    return run<table_test>(argc, argv);
}
