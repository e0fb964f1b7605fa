/* SPDX-License-Identifier: Apache-2.0 */
#include "globals_raw_posix.h"

#include "kmt/soft/flags.h"
#include "kmt/soft/os/posix/number_wire.h"
#include "kmt/soft/page.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

D3DKMT_HANDLE raw_number(void)
{
    uint32_t random = 0;

    assert_true(ntf_os_random(&random, sizeof random));
    return soft_global_number(random);
}

int raw_page(uint32_t flags, int seals)
{
    const int fd = memfd_create("stranger", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    const uint8_t id[16] = { 7 };
    struct ntf_page *page;

    assert_true(fd >= 3);
    assert_int_equal(ftruncate(fd, NTF_PAGE_BYTES), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    page = mmap(NULL, NTF_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true((void *)page != MAP_FAILED);
    ntf_page_init(page, D3DDDI_MONITORED_FENCE, flags, 0, id);
    assert_int_equal(munmap(page, NTF_PAGE_BYTES), 0);
    return fd;
}

bool raw_send(int fd, const D3DKMT_HANDLE *number, const void *bytes, size_t size, const int *fds,
                     unsigned count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(RAW_FDS * sizeof(int))];
    } control;
    struct sockaddr_un address;
    struct iovec part = { (void *)(uintptr_t)bytes, size };
    struct msghdr message;
    struct cmsghdr *rights;

    memset(&message, 0, sizeof message);
    memset(&control, 0, sizeof control);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (number) {
        message.msg_name = &address;
        message.msg_namelen = soft_number_address(*number, &address);
    }
    if (count) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

void raw_refused(const char *what, D3DKMT_HANDLE number)
{
    const uint64_t begin = ntf_os_now_ns();
    struct rig_fence fence;

    assert_int_equal(rig_open_global(number, &fence), NTF_STATUS_INVALID_PARAMETER);
    printf("%s: refused after %.2f s\n", what, (double)(ntf_os_now_ns() - begin) / 1e9);
}

void raw_found(D3DKMT_HANDLE number)
{
    struct rig_fence fence;

    assert_int_equal(rig_open_global(number, &fence), NTF_STATUS_SUCCESS);
    rig_destroy(fence.handle);
}

/* The thread that serves numbers keeps a descriptor for good, from the first on. */
int raw_begin(void **state)
{
    D3DKMT_HANDLE number;

    (void)state;
    rig_destroy(rig_global(0, &number).handle);
    return 0;
}
