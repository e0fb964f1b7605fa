/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

const unsigned rig_cycles = 10000;
const bool rig_bundle_keeps_all = true;

ntf_handle rig_event_new(void)
{
    const int fd = eventfd(0, EFD_CLOEXEC);

    assert_in_range(fd, 3, 0x7FFFFFFF);
    return (ntf_handle)(intptr_t)fd;
}

bool rig_event_is_set(ntf_handle event)
{
    struct pollfd entry = { (int)(intptr_t)event, POLLIN, 0 };

    return poll(&entry, 1, 0) == 1;
}

void rig_event_take(ntf_handle event)
{
    uint64_t count;

    assert_int_equal(read((int)(intptr_t)event, &count, sizeof count), sizeof count);
}

void rig_handle_close(ntf_handle handle)
{
    assert_int_equal(close((int)(intptr_t)handle), 0);
}

void rig_yield(void)
{
    (void)sched_yield();
}

void rig_directory(char *buffer, size_t size)
{
    assert_true(size > 0);
    buffer[0] = '\0';
}
