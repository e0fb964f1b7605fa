// SPDX-License-Identifier: Apache-2.0
// Objects that processes share, and their values.
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kmt/os/posix/futex.h"

enum { PAGES = 8192, OBJECTS = 16384, PAGE = 4096 };
#define MAGIC UINT64_C(0x4A424F434E595344) // not soft's
#define SHARED (NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING)
#define KNOWN (SHARED | NTF_SYNC_NO_SIGNAL_MAX_ON_TDR | NTF_SYNC_NO_GPU_ACCESS | NTF_SYNC_NO_SIGNAL | NTF_SYNC_NO_WAIT)

// An object as far as this process has it, however often: the driver needs no descriptor for one that is open.
struct mapping {
    uint32_t users; // local handles; 0: free
    struct page *page;
    int fd;
    ino_t number;
};

struct dxcore_control control;
struct ntf_lock host_lock;
static struct mapping mappings[PAGES];
static struct object objects[OBJECTS];

struct object *host_find(D3DKMT_HANDLE handle)
{
    const uint32_t index = ((handle & 0x3FFFFFFFu) >> 6) - 1;

    return (handle & 0xC000003Fu) == 0x40000000u && index < OBJECTS && objects[index].page ? &objects[index] : NULL;
}

void host_wake(ntf_au32 *word, bool shared)
{
    (void)ntf_fetch_add(word, 1u, NTF_SEQ_CST);
    ntf_futex_wake(word, shared);
}

// ---- Values ----

static int raise_value(struct page *page, uint64_t to, bool rewind)
{
    uint64_t value = ntf_load(&page->value, NTF_ACQUIRE);

    if (page->flags & NTF_SYNC_NO_SIGNAL)
        return EACCES;
    do {
        if (to < value && !rewind)
            return EINVAL;
    } while (!ntf_cas(&page->value, &value, to, NTF_SEQ_CST));
    host_wake(&page->changes, true);
    return 0;
}

int host_signal(const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *signal)
{
    int error = 0;

    if (signal->ObjectCount == 0 || signal->ObjectCount > D3DDDI_MAX_OBJECT_SIGNALED)
        return EINVAL;
    ntf_lock_take(&host_lock);
    for (uint32_t i = 0; i < signal->ObjectCount && !error; i++) {
        const struct object *object = host_find(signal->ObjectHandleArray[i]);

        error = object ? raise_value(object->page, signal->FenceValueArray[i],
                                     (signal->Flags & NTF_SIGNAL_ALLOW_REWIND) != 0)
                       : EINVAL;
    }
    host_wake_met();
    ntf_lock_drop(&host_lock);
    return error;
}

// ---- Objects ----

// NULL: no memory. Then, and if it was there already, the descriptor is closed.
static struct mapping *map(int fd, ino_t number)
{
    struct mapping *unused = NULL;
    void *memory;

    for (uint32_t i = 0; i < PAGES; i++) {
        if (mappings[i].users && mappings[i].number == number) {
            (void)close(fd);
            mappings[i].users++;
            return &mappings[i];
        }
        if (!mappings[i].users && !unused)
            unused = &mappings[i];
    }
    memory = unused ? mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (memory == MAP_FAILED) {
        (void)close(fd);
        return NULL;
    }
    *unused = (struct mapping){1, memory, fd, number};
    return unused;
}

// The descriptor is not the caller's any more, whatever happens.
static int adopt(int fd, D3DKMT_HANDLE *handle, void **address, struct page **page)
{
    struct mapping *mapping;
    struct stat info;
    uint32_t i = 0;

    if (fstat(fd, &info) != 0) {
        (void)close(fd);
        return ENOMEM;
    }
    ntf_lock_take(&host_lock);
    while (i < OBJECTS - 1 && objects[i].page)
        i++;
    mapping = map(fd, info.st_ino);
    if (mapping)
        objects[i] = (struct object){mapping->page, mapping};
    ntf_lock_drop(&host_lock);
    if (!mapping)
        return ENOMEM;
    *page = mapping->page;
    *handle = 0x40000000u | (i + 1) << 6;
    *address = (void *)&mapping->page->value;
    return 0;
}

static bool acceptable(uint32_t flags)
{
    return (flags & ~(KNOWN | (control.plain_host ? 0u : NTF_SYNC_UNWAIT_ON_DESTROY))) == 0;
}

int host_create(uint32_t flags, uint64_t initial, D3DKMT_HANDLE *handle, void **address)
{
    struct page *page;
    int error, fd;

    // With a global handle only: the driver has a slot for it, and no way to open it.
    if (!acceptable(flags) || ((flags & SHARED) != 0 && (flags & SHARED) != SHARED))
        return EINVAL;
    fd = memfd_create("dxgsyncobj", MFD_CLOEXEC);
    if (fd < 0)
        return ENOTRECOVERABLE;
    if (ftruncate(fd, PAGE) != 0) {
        (void)close(fd);
        return ENOMEM;
    }
    error = adopt(fd, handle, address, &page);
    if (error)
        return error;
    page->flags = flags;
    ntf_init(&page->changes, 0u);
    ntf_init(&page->releases, 0u);
    ntf_init(&page->value, initial);
    page->magic = MAGIC;
    return 0;
}

int host_open(int fd, uint32_t flags, D3DKMT_HANDLE *handle, void **address)
{
    struct stat info;
    struct page head, *page;
    int own;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size != PAGE ||
        pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head || head.magic != MAGIC)
        return EINVAL;
    // The host's rule: access by the GPU is as it was at creation.
    if (!acceptable(flags) || ((flags ^ head.flags) & NTF_SYNC_NO_GPU_ACCESS))
        return EINVAL;
    own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return own < 0 ? ENOMEM : adopt(own, handle, address, &page);
}

int host_share(D3DKMT_HANDLE handle, int *fd)
{
    const struct object *object;

    ntf_lock_take(&host_lock);
    object = host_find(handle);
    *fd = object && (object->page->flags & SHARED) == SHARED ? fcntl(object->mapping->fd, F_DUPFD_CLOEXEC, 0) : -1;
    ntf_lock_drop(&host_lock);
    if (*fd >= 0)
        return 0;
    return object && (object->page->flags & SHARED) == SHARED ? ENOTRECOVERABLE : EINVAL;
}

int host_destroy(D3DKMT_HANDLE handle)
{
    struct object *object;
    struct mapping *mapping;

    ntf_lock_take(&host_lock);
    object = host_find(handle);
    if (!object) {
        ntf_lock_drop(&host_lock);
        return EINVAL;
    }
    mapping = object->mapping;
    (void)ntf_fetch_add(&mapping->page->releases, 1u, NTF_SEQ_CST);
    host_wake(&mapping->page->changes, true);
    object->page = NULL;
    host_wake_met();
    if (--mapping->users == 0) {
        (void)munmap(mapping->page, PAGE);
        (void)close(mapping->fd);
    }
    ntf_lock_drop(&host_lock);
    return 0;
}

uint32_t host_objects(void)
{
    uint32_t count = 0;

    ntf_lock_take(&host_lock);
    for (uint32_t i = 0; i < OBJECTS; i++)
        count += objects[i].page != NULL;
    ntf_lock_drop(&host_lock);
    return count;
}

void host_forget(void)
{
    memset(objects, 0, sizeof objects);
    memset(mappings, 0, sizeof mappings);
    host_forget_waits();
    ntf_lock_init(&host_lock);
}
