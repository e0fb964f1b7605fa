/* SPDX-License-Identifier: Apache-2.0 */
/* A library with floor 0 in it, for system.c to load and unload. Its number lives as long as it is loaded. */
#include "base/os/compiler.h"
#include "base/os/os.h"

NTF_EXPORT unsigned ntf_test_count(void);
NTF_EXPORT unsigned ntf_test_count_in_thread(void);

static unsigned number;

static void add_one(void *context)
{
    *(unsigned *)context += 1;
}

unsigned ntf_test_count(void)
{
    add_one(&number);
    return number;
}

unsigned ntf_test_count_in_thread(void)
{
    struct ntf_thread *thread;

    if (ntf_thread_start(&thread, "counter", add_one, &number) != NTF_OK)
        return 0;
    ntf_thread_join(thread);
    return number;
}
