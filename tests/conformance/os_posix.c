// SPDX-License-Identifier: Apache-2.0
#include "os.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

uint32_t own_pid(void)
{
    return (uint32_t)getpid();
}

// ---- a door: a socket whose name the system has chosen

static int door_socket = -1;

const char *carry_door(void)
{
    static char word[2 * sizeof(struct sockaddr_un) + 1];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address.sun_family;
    if (door_socket < 0) {
        door_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (door_socket < 0 || bind(door_socket, (struct sockaddr *)&address, length))
            abort();
    }
    length = sizeof address;
    if (getsockname(door_socket, (struct sockaddr *)&address, &length))
        abort();
    // The name begins with a zero byte and is not text.
    for (size_t i = 0; i < length - sizeof address.sun_family; i++)
        snprintf(word + 2 * i, 3, "%02x", (unsigned char)address.sun_path[i]);
    return word;
}

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

void carry_out(const char *door, uint64_t handle)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const socklen_t length = (socklen_t)(sizeof address.sun_family + strlen(door) / 2);
    const int fd = (int)handle, socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    union control control = {.bytes = {0}};
    char byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_name = &address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1,
                             .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    for (size_t i = 0; i < strlen(door) / 2; i++) {
        unsigned value = 0;
        if (sscanf(door + 2 * i, "%2x", &value) != 1)
            abort();
        address.sun_path[i] = (char)value;
    }
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    if (socket_fd < 0 || sendmsg(socket_fd, &message, 0) != 1)
        abort();
    close(socket_fd);
}

uint64_t carry_in(const struct ntf_child *child, uint64_t handle)
{
    union control control;
    char byte;
    int fd = -1;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    (void)child;
    (void)handle;
    assert_int_equal(recvmsg(door_socket, &message, MSG_CMSG_CLOEXEC), 1);
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    assert_non_null(header);
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return (uint64_t)fd;
}

// ---- handles

uint64_t handle_duplicate(uint64_t handle)
{
    const int fd = fcntl((int)handle, F_DUPFD_CLOEXEC, 3);
    assert_true(fd >= 3);
    return (uint64_t)fd;
}

enum same handle_same(uint64_t a, uint64_t b)
{
    struct stat first, second;
    assert_int_equal(fstat((int)a, &first), 0);
    assert_int_equal(fstat((int)b, &second), 0);
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino ? SAME : NOT_SAME;
}

void *descriptor_for_everybody(void)
{
    return NULL;
}

void *descriptor_for_nobody(void)
{
    return NULL;
}

int run_heir(const char *role, const char *argument)
{
    char *const words[] = {(char *)"/proc/self/exe", (char *)"--ntf-role", (char *)role, (char *)argument, NULL};
    pid_t pid;
    int status;
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, words, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
