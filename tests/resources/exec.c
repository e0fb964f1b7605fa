// SPDX-License-Identifier: Apache-2.0
/*
 * fork, then exec, in a process with the layer at work: waiters asleep, a lane with a stuck queue,
 * a name served. The new program runs, sees none of our descriptors, and the old one goes on.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../layer/vulkan.h"
#include "counts.h"

enum { FORKS = 50, WAITERS = 4 };

static struct kernel_fence object;
static VkFence fence;

// ---- the new program: says on its output which descriptors it has

static int child_main(void)
{
    DIR *list = opendir("/proc/self/fd");
    if (!list)
        return EXIT_FAILURE;
    for (struct dirent *entry; (entry = readdir(list));) {
        char path[300], link[256];
        ssize_t length;
        const int fd = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fd <= 2 || fd == dirfd(list))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        length = readlink(path, link, sizeof link - 1);
        link[length > 0 ? length : 0] = '\0';
        printf("%d is %s\n", fd, link);
    }
    closedir(list);
    printf("ran\n");
    return EXIT_SUCCESS;
}

static void fork_and_exec(void)
{
    char text[4096] = "", *const argv[] = {(char *)"/proc/self/exe", (char *)"--exec", NULL};
    size_t length = 0;
    ssize_t got;
    int ends[2], status;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    assert_in_range(pid, 1, INT32_MAX);
    close(ends[1]);
    while ((got = read(ends[0], text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_string_equal(text, "ran\n");
}

// ---- the old one

static void *wait_body(void *context)
{
    (void)context;
    if (fence_wait(fence, UINT64_MAX) != VK_SUCCESS)
        abort();
    return NULL;
}

static void runs_and_sees_nothing(void **state)
{
    pthread_t waiters[WAITERS];
    struct counts before;
    (void)state;
    stuck_begin();
    fence_submit(fence);
    for (unsigned i = 0; i < WAITERS; i++)
        assert_int_equal(pthread_create(&waiters[i], NULL, wait_body, NULL), 0);
    before = counts_now();
    for (unsigned i = 0; i < FORKS; i++)
        fork_and_exec();
    counts_same(before, "after 50 children");
    fence_expect(fence, false);
    stuck_release();
    for (unsigned i = 0; i < WAITERS; i++)
        pthread_join(waiters[i], NULL);
    assert_true(kernel_value(&object) == 1);
    stuck_end();
}

// From a thread of its own, while imports come and go.
static void *import_body(void *context)
{
    (void)context;
    for (unsigned i = 0; i < 500; i++) {
        const VkFence mine = fence_new();
        if (import_by_handle(mine, object.handle, 0, 0) != VK_SUCCESS ||
            import_by_name(mine, object.name, 0, 0) != VK_SUCCESS)
            abort();
        fence_free(mine);
    }
    return NULL;
}

static void while_imports_are_made(void **state)
{
    pthread_t importer;
    (void)state;
    assert_int_equal(pthread_create(&importer, NULL, import_body, NULL), 0);
    for (unsigned i = 0; i < FORKS; i++)
        fork_and_exec();
    pthread_join(importer, NULL);
    messages_clear();
}

static int setup(void **state)
{
    world_setup(state);
    kernel_make(&object, true, true, 0);
    fence = fence_new();
    return import_by_name(fence, object.name, 0, 1) != VK_SUCCESS;
}

static int teardown(void **state)
{
    fence_free(fence);
    kernel_destroy(&object);
    return world_teardown(state);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--exec") == 0)
        return child_main();
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_and_sees_nothing),
        cmocka_unit_test(while_imports_are_made),
    };
    return ntf_test_run("resources-exec", tests, NTF_COUNT(tests), setup, teardown);
}
