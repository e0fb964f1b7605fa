/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyed mutexes in this copy: who of its handles holds one, and waiting for one. What passes between copies is
 * mutex_page.h's.
 *
 * A holder is whatever can own a mutex here, and is told apart by its address only: a local D3DKMT handle (struct
 * soft_sync), or a struct ntf_mutex of the floors above. Two holders of one copy exclude each other as those of two
 * copies do. A holder that ends without having released abandons the mutex.
 *
 * Thread rules: any thread. object->hold.lock is held for the steps of one take or one give, wakes included, and never
 * while anybody sleeps.
 */
#ifndef NTF_KMT_SOFT_MUTEX_H
#define NTF_KMT_SOFT_MUTEX_H

#include "kmt/soft/handles.h"
#include "kmt/soft/mutex_page.h"

/* What the runtime keeps with a mutex. */
struct soft_runtime_data {
    const void *data;
    uint32_t bytes; /* at most NTF_MUTEX_DATA_BYTES */
};

/* flags: SHARED, with NT_SECURITY_SHARING or without. */
enum ntf_result soft_mutex_create(uint32_t flags, uint64_t key, const struct soft_runtime_data *data,
                                  struct soft_object **out);
/* Who takes. ended: a word that says with 1 that the holder's handle is gone; NULL: it can't be. */
struct soft_taker {
    const void *holder;
    const ntf_au32 *ended;
};
/* Never waits. As take of struct ntf_mutex_ops; NTF_E_NO_MEMORY: too many copies take this mutex; NTF_E_INVALID: the
 * holder's handle has ended. */
enum ntf_result soft_mutex_take(struct soft_object *object, const struct soft_taker *taker, uint64_t key,
                                uint64_t *fence_value);
/* The same until the deadline: NTF_TIMEOUT. */
enum ntf_result soft_mutex_block(struct soft_object *object, const struct soft_taker *taker, uint64_t key,
                                 uint64_t deadline_ns, uint64_t *fence_value);
/* data NULL: what the runtime keeps stays as it is. NTF_E_INVALID: this holder does not hold it. */
enum ntf_result soft_mutex_give(struct soft_object *object, const void *holder, uint64_t key, uint64_t fence_value,
                                const struct soft_runtime_data *data);
/* The holder ends: abandons the mutex if he holds it. */
void soft_mutex_end(struct soft_object *object, const void *holder);
/* Finds out whether the holder is gone: what arming a watch of the turns begins with. */
void soft_mutex_look(struct soft_object *object);
/* The runtime's data: how much there is, of which at most `room` bytes are copied. */
uint32_t soft_mutex_data(struct soft_object *object, void *to, uint32_t room);

/* A handle of a mutex has ended: after soft_mutex_end, wakes who waits through it. */
void soft_mutex_waits_look_again(const void *holder);
/* The object goes, whatever it is. Nobody holds it. */
void soft_mutex_forget(struct soft_object *object);

/* mutex_calls.c: judges a runtime's buffer as the ...2 calls do. */
ntf_status soft_mutex_check_buffer(struct soft_object *object, const void *buffer, uint32_t bytes);

#endif /* NTF_KMT_SOFT_MUTEX_H */
