/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_os.h"

#include "kmt/soft/os/posix/wire.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

struct ntf_page *peer_map(ntf_handle nt)
{
    void *page =
        mmap(NULL, NTF_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, (int)(intptr_t)nt, 0);

    if (page == MAP_FAILED)
        abort();
    return page;
}

void peer_punch(struct ntf_page *page, ntf_handle nt)
{
    (void)page;
    if (fallocate((int)(intptr_t)nt, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, NTF_PAGE_BYTES))
        abort();
}

static void address_of(const char *tag, unsigned number, char address[128])
{
    struct sockaddr_un socket_address;
    struct soft_leaf leaf;
    ntf_unicode_string string;
    char16_t units[128];
    char name[128];
    const int length = snprintf(name, sizeof name, "NtfPeers-%s-%u", tag, number);

    for (int i = 0; i < length; i++)
        units[i] = (char16_t)name[i];
    string.Length = string.MaximumLength = (uint16_t)(2 * length);
    string.Buffer = units;
    if (!soft_leaf_of(&string, &leaf))
        abort();
    (void)soft_wire_address(&leaf, &socket_address);
    (void)snprintf(address, 128, " @%s", socket_address.sun_path + 1);
}

static unsigned sockets_left(const char *tag, unsigned names)
{
    FILE *list = fopen("/proc/net/unix", "re");
    char line[512], address[128];
    unsigned left = 0;

    if (!list)
        abort();
    while (fgets(line, sizeof line, list)) {
        for (unsigned i = 0; i < names; i++) {
            address_of(tag, i, address);
            if (strstr(line, address)) {
                fprintf(stderr, "left: %s", line);
                left++;
            }
        }
    }
    (void)fclose(list);
    return left;
}

unsigned peer_leavings(const char *tag, unsigned names)
{
    DIR *folder = opendir("/dev/shm");
    unsigned left = sockets_left(tag, names);
    struct dirent *entry;

    while (folder && (entry = readdir(folder)) != NULL) {
        // The bench, which may run beside this, shares its figures in files of that name.
        if (strncmp(entry->d_name, "ntfence-bench-", 14) == 0)
            continue;
        if (strstr(entry->d_name, "ntfence") || strstr(entry->d_name, tag)) {
            fprintf(stderr, "left: /dev/shm/%s\n", entry->d_name);
            left++;
        }
    }
    if (folder)
        (void)closedir(folder);
    return left;
}

bool peer_freeze(uint32_t pid)
{
    siginfo_t info;

    /* The signal alone is a request: a child can be asked when all of its threads stand still. */
    if (kill((pid_t)pid, SIGSTOP) || waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT))
        abort();
    return true;
}
