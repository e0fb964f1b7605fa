/* SPDX-License-Identifier: Apache-2.0 */
/* One who makes keyed mutexes and shares them in resources, with D3DKMT calls alone. Any refusal ends the program. */
#ifndef NTF_TEST_KMT_MAKER_H
#define NTF_TEST_KMT_MAKER_H

#include "producer.h"

struct maker {
    struct producer base; /* begun by maker_begin */
    void *memory;
    D3DKMT_HANDLE resource, mutex, fence;
    D3DKMT_HANDLE resource_number, mutex_number, fence_number; /* of those with global handles */
    ntf_handle nt;
};

enum maker_parts { MAKER_RESOURCE = 1, MAKER_MUTEX = 2, MAKER_FENCE = 4, MAKER_BUNDLE = 7 };

/* With the calls of a library, or of soft linked into this program (NULL). */
void maker_begin(struct maker *maker, const char *library);
/* Makes the parts for sharing by NT handle, and shares them: a bundle, a resource alone, a fence alone. The mutex's
 * key is 0, the fence's value 5. name NULL: without one. */
void maker_share(struct maker *maker, unsigned parts, const char16_t *name);
/* Makes all three with global handles; the resource's data begins as Direct3D's runtimes write it. */
void maker_make_global(struct maker *maker);
/* At once. */
ntf_status maker_acquire(struct maker *maker, uint64_t key, uint64_t *fence_value);
ntf_status maker_release(struct maker *maker, uint64_t key, uint64_t fence_value);
ntf_status maker_signal(struct maker *maker, uint64_t value);
/* What was made goes; the NT handle stays. */
void maker_destroy(struct maker *maker);
void maker_end(struct maker *maker);

#endif
