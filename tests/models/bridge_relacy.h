/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bridge's sources need to be judged by Relacy: plain fields that it watches, and memory that it does.
 *
 * plain<T> stands for a field without an order of its own: whoever touches it unordered with who wrote it is a data
 * race, and so is its end (free). bridge_relacy.py puts it in the place of the fields' types.
 */
#ifndef NTF_BRIDGE_RELACY_H
#define NTF_BRIDGE_RELACY_H

#include <new>

/* What all changes of the sources share is made by bridge_relacy.cpp. */
#if defined(NTF_BRIDGE_PARTS)
#define MADE_ONCE extern
#else
#define MADE_ONCE
#endif
MADE_ONCE template class rl::atomic<uint32_t>;
MADE_ONCE template class rl::generic_atomic<uint32_t, false>;
MADE_ONCE template class rl::atomic<uint64_t>;
MADE_ONCE template class rl::generic_atomic<uint64_t, false>;
MADE_ONCE template class rl::var<uint64_t>;
MADE_ONCE template class rl::var<uint32_t>;

extern uint32_t loose_lanes; /* in the place of NTF_BRIDGE_LOOSE_LANES */

#define export exported /* a field's name, and a word of C++ */

template <typename T>
struct plain {
    rl::var<T> value;

    plain() {}
    ~plain() { value($) = T(); } /* nobody else is on it any more */
    operator T() const { return value($); }
    T operator->() const { return value($); }
    T operator=(T next) { return value($) = next; }
    T operator=(const plain &other) { return value($) = (T)other; }
    T operator++() { return ++value($); }
    T operator--() { return --value($); }
    T operator++(int) { return value($)++; }
    T operator--(int) { return value($)--; }

private:
    plain(const plain &);
};

/* malloc returns what becomes whatever is asked of it; each place is used once in an execution, so that a touch of what
 * has been freed is found. */
struct some_memory {
    template <typename T>
    operator T *() const { return new (place(sizeof(T))) T; }
    static void *place(size_t size);
};
void forget_memory(void); /* counts it out */

template <typename T>
static void bury(T *at)
{
    if (at) {
        at->~T();
        forget_memory();
    }
}

#undef malloc
#undef free
#define malloc(size) some_memory()
#define free(at) bury(at)

#endif
