/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rig.h"

const char *rig_library(const char *folder, const char *name)
{
    static char path[1024];
    char self[512];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    if (length < 0)
        abort();
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    (void)snprintf(path, sizeof path, "%s/%s/lib%s.so", self, folder, name);
    return path;
}

const unsigned rig_number_threads = 1;

void rig_event_set(ntf_handle event)
{
    const uint64_t one = 1;

    if (write((int)(intptr_t)event, &one, sizeof one) < 0)
        abort();
}

static ntf_handle of(int fd)
{
    if (fd < 3)
        abort();
    return (ntf_handle)(intptr_t)fd;
}

uint64_t rig_thread(void)
{
    return (uint64_t)syscall(SYS_gettid);
}

ntf_handle rig_event_new(void)
{
    return of(eventfd(0, EFD_CLOEXEC));
}

void rig_strangers_open(struct rig_stranger strangers[RIG_STRANGERS])
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    (void)close(ends[1]);
    strangers[RIG_EVENT] = (struct rig_stranger){ of(eventfd(0, EFD_CLOEXEC)), "eventfd" };
    strangers[RIG_FILE] = (struct rig_stranger){ of(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)),
                                                 "file" };
    strangers[RIG_PIPE] = (struct rig_stranger){ of(ends[0]), "pipe" };
    strangers[RIG_MEMORY] = (struct rig_stranger){ of(memfd_create("stranger", MFD_CLOEXEC)),
                                                   "memfd" };
    if (ftruncate((int)(intptr_t)strangers[RIG_MEMORY].handle, 4096) != 0)
        abort();
}

void rig_handle_close(ntf_handle handle)
{
    (void)close((int)(intptr_t)handle);
}

bool rig_handle_live(ntf_handle handle)
{
    return fcntl((int)(intptr_t)handle, F_GETFD) != -1;
}

ntf_handle rig_handle_copy(ntf_handle handle)
{
    return of(fcntl((int)(intptr_t)handle, F_DUPFD_CLOEXEC, 3));
}
