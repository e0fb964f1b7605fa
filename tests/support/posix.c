// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/*
 * The child's standard input and output are one packet socket: a packet is a line, and can carry a
 * descriptor. The two packets of the hand-over begin with a byte that no line begins with.
 */
#define GIVE "\1give"
#define GAVE "\1gave "

enum { QUEUED_LINES = 32 };

struct ntf_child {
    pid_t pid;
    int socket;
    // Lines that came while the answer to a hand-over was awaited.
    size_t queued;
    char queue[QUEUED_LINES][NTF_LINE_MAX];
};

static void watchdog_fired(int signal)
{
    (void)signal;
    static const char text[] = "ntf_test: the watchdog ends this process\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(EXIT_FAILURE);
    abort();
}

// A timer of the process and not a thread: tests count threads.
void ntf_test_watchdog(unsigned seconds)
{
    struct sigaction action = {.sa_handler = watchdog_fired};
    sigaction(SIGALRM, &action, NULL);
    alarm(seconds);
}

static size_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        abort();
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

const size_t ntf_test_spare_handles = 0;

size_t ntf_test_open_handles(void)
{
    // Less the one that reads the folder.
    return count_entries("/proc/self/fd") - 1;
}

// Flags of a task in its stat: it is on its way out. It stays listed for a while, also once it has been joined.
enum { PF_EXITING = 0x4 };

static bool is_leaving(const char *task)
{
    char path[64], stat[512];
    unsigned flags;
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", task);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return true;
    const ssize_t length = read(file, stat, sizeof stat - 1);
    close(file);
    if (length <= 0)
        return true;
    stat[length] = '\0';
    // Behind the name, which may have anything in it: state, five numbers, flags.
    const char *fields = strrchr(stat, ')');
    if (!fields || sscanf(fields, ") %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
        abort();
    return flags & PF_EXITING;
}

// Whether none of those that are listed is leaving: where one is, the kernel may leave out others behind it.
static bool list_threads(size_t *count)
{
    DIR *dir = opendir("/proc/self/task");
    bool all_stay = true;
    if (!dir)
        abort();
    *count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.') {
            all_stay = all_stay && !is_leaving(entry->d_name);
            ++*count;
        }
    closedir(dir);
    return all_stay;
}

size_t ntf_test_threads(void)
{
    size_t count;
    while (!list_threads(&count))
        sched_yield();
    return count;
}

struct ntf_child *ntf_os_child_start(char *const argv[])
{
    char *full[NTF_CHILD_ARGS_MAX + 4] = {(char *)"/proc/self/exe"};
    for (size_t i = 0; argv[i]; i++)
        full[i + 1] = argv[i];

    struct ntf_child *child = calloc(1, sizeof *child);
    assert_non_null(child);
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO), 0);
    int error = posix_spawn(&child->pid, "/proc/self/exe", &actions, NULL, full, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    assert_int_equal(error, 0);
    child->socket = pair[0];
    return child;
}

static bool send_packet(int socket, const char *line, size_t length, int fd)
{
    // A packet of no bytes would read as the end, so every packet ends with its terminator.
    struct iovec part = {(void *)line, length + 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

// *fd is -1 if the packet carried none.
static bool receive_packet(int socket, char line[NTF_LINE_MAX], int *fd)
{
    struct iovec part = {line, NTF_LINE_MAX};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t received;
    do
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received <= 0)
        return false;
    line[received - 1] = '\0';
    *fd = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(header), sizeof *fd);
    return true;
}

bool ntf_os_child_send(struct ntf_child *child, const char *line, size_t length)
{
    return send_packet(child->socket, line, length, -1);
}

bool ntf_child_receive(struct ntf_child *child, char line[NTF_LINE_MAX])
{
    if (child->queued > 0) {
        memcpy(line, child->queue[0], NTF_LINE_MAX);
        memmove(child->queue[0], child->queue[1], --child->queued * NTF_LINE_MAX);
        return true;
    }
    int fd;
    return receive_packet(child->socket, line, &fd);
}

uint64_t ntf_child_give_handle(struct ntf_child *child, uint64_t handle)
{
    char line[NTF_LINE_MAX];
    int fd;
    if (!send_packet(child->socket, GIVE, strlen(GIVE), (int)handle))
        fail_msg("can't give descriptor %d to the child: %s", (int)handle, strerror(errno));
    while (receive_packet(child->socket, line, &fd)) {
        uint64_t value;
        if (sscanf(line, GAVE "%" SCNu64, &value) == 1)
            return value;
        assert_in_range(child->queued, 0, QUEUED_LINES - 1);
        memcpy(child->queue[child->queued++], line, NTF_LINE_MAX);
    }
    fail_msg("the child ended before it took the descriptor");
    return 0;
}

uint32_t ntf_child_pid(const struct ntf_child *child)
{
    return (uint32_t)child->pid;
}

void ntf_child_kill(struct ntf_child *child)
{
    kill(child->pid, SIGKILL);
}

int ntf_child_wait(struct ntf_child *child)
{
    // Its input ends; what it still says goes nowhere, but does not fail.
    shutdown(child->socket, SHUT_WR);
    int status;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(child->socket);
    free(child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool ntf_os_parent_send(const char *line, size_t length)
{
    return send_packet(STDOUT_FILENO, line, length, -1);
}

bool ntf_parent_receive(char line[NTF_LINE_MAX])
{
    int fd;
    while (receive_packet(STDIN_FILENO, line, &fd)) {
        if (strcmp(line, GIVE) != 0)
            return true;
        char answer[32];
        int length = snprintf(answer, sizeof answer, GAVE "%d", fd);
        if (!send_packet(STDOUT_FILENO, answer, (size_t)length, -1))
            return false;
    }
    return false;
}
