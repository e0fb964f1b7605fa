// SPDX-License-Identifier: Apache-2.0
/*
 * Every allocation and every call of the system or the driver fails once, at every place where the
 * layer makes it: the n-th of a path fails, for n = 1, 2, ... until the path has fewer calls.
 *
 *     faults LAYER
 *
 * A child has the layer loaded and its references taken over, but has never called it; each attempt
 * runs in a fork of that one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempt.h"
#include "fake_driver.h"

enum { MOST_POINTS = 1000 };
// How many calls a path has may depend on who comes first: it has been walked to its end when so
// many points in a row were beyond it.
enum { BEYOND = 3 };

static struct ntf_child *child;
static char **arguments;

// ---- the child

static VkResult driver_call(void *context, const char *command)
{
    (void)context;
    return faults_step(FAULT_DRIVER, command, true) ? VK_ERROR_OUT_OF_HOST_MEMORY : VK_SUCCESS;
}

static void load(const char *layer)
{
    static const char *const commands[] = {
        "vkCreateInstance", "vkEnumerateDeviceExtensionProperties", "vkCreateDevice", "vkCreateFence", "vkResetFences",
        "vkGetFenceStatus", "vkWaitForFences", "vkQueueSubmit", "vkAcquireNextImageKHR", "vkAcquireNextImage2KHR",
        "vkQueuePresentKHR", "vkImportFenceFdKHR"};
    const struct fake *fake = fake_find();
    imports_take(layer);
    if (path_has_kernel()) // which fails as well
        imports_take(getenv("NTFENCE_D3DKMT"));
    if (!fake)
        abort();
    for (size_t i = 0; i < NTF_COUNT(commands); i++)
        fake->on_call(commands[i], driver_call, NULL);
}

// In a fork: nothing of the parent's but its memory as it is.
static void fork_attempt(unsigned i, unsigned n, struct outcome *outcome)
{
    int status;
    memset(outcome, 0, sizeof *outcome);
    const pid_t pid = fork();
    if (pid == 0) {
        attempt(&paths[i], n, outcome);
        _exit(EXIT_SUCCESS);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    if (status == 0)
        return;
    outcome->finished = false;
    if (WIFSIGNALED(status))
        fprintf(stderr, "%s, point %u (%s): signal %d\n", paths[i].name, n,
                outcome->fired ? outcome->call : "?", WTERMSIG(status));
}

static int child_main(void)
{
    struct outcome *outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char line[NTF_LINE_MAX];
    if (outcome == MAP_FAILED)
        abort();
    ntf_test_watchdog(0); // it ends with its parent, and each attempt has a limit of its own
    load(ntf_test_role_arg(0));
    while (ntf_parent_receive(line)) {
        unsigned i, n;
        if (sscanf(line, "%u %u", &i, &n) != 2 || i >= path_count)
            abort();
        fork_attempt(i, n, outcome);
        ntf_parent_send("%d %d %d %ld %ld %ld %s", outcome->finished, outcome->fired,
                        outcome->kind, outcome->left.blocks, outcome->left.handles,
                        outcome->left.threads, outcome->call);
    }
    return EXIT_SUCCESS;
}

// ---- the tests

struct answer {
    int finished, fired, kind;
    long blocks, handles, threads;
};

static struct answer ask(unsigned i, unsigned n)
{
    char line[NTF_LINE_MAX];
    struct answer answer;
    ntf_child_send(child, "%u %u", i, n);
    assert_true(ntf_child_receive(child, line));
    assert_int_equal(sscanf(line, "%d %d %d %ld %ld %ld", &answer.finished, &answer.fired,
                            &answer.kind, &answer.blocks, &answer.handles, &answer.threads),
                     6);
    return answer;
}

static void one_path(void **state)
{
    const unsigned i = (unsigned)(uintptr_t)*state;
    unsigned points[FAULT_KINDS] = {0}, n = 0, beyond = 0, failed = 0;
    const struct answer without = ask(i, 0);
    struct answer answer;
    ntf_test_watchdog(0); // a path may take any number of attempts, each of which has a limit of its own
    if (!without.finished)
        fail_msg("%s does not even work when nothing fails", paths[i].name);
    do {
        answer = ask(i, ++n);
        failed += !answer.finished;
        beyond = answer.fired || !answer.finished ? 0 : beyond + 1;
        if (answer.fired)
            points[answer.kind]++;
    } while (beyond < BEYOND && n < MOST_POINTS && failed < 10);
    printf("%s: failed were %u allocations, %u system calls, %u driver calls; what stays in the "
           "process: %ld blocks, %ld handles, %ld threads\n",
           paths[i].name, points[FAULT_ALLOCATION], points[FAULT_SYSTEM],
           points[FAULT_DRIVER], without.blocks, without.handles, without.threads);
    assert_int_equal(failed, 0);
    assert_int_not_equal(points[FAULT_ALLOCATION] + points[FAULT_SYSTEM] + points[FAULT_DRIVER], 0);
    assert_in_range(n, 1, MOST_POINTS - 1);
}

static void references_are_known(void **state)
{
    (void)state;
    imports_take(arguments[1]);
    if (imports_unknown())
        fail_msg("can %s fail? Add it to wrappers.c", imports_unknown());
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[96];
    size_t count = 1;
    const char *role = ntf_test_role(argc, argv);
    if (role)
        return child_main();
    if (argc != 2)
        return EXIT_FAILURE;
    arguments = argv;
    if (path_count >= NTF_COUNT(tests))
        abort();
    child = ntf_child_start("attempts", argv[1], NULL);
    tests[0] = (struct CMUnitTest)cmocka_unit_test(references_are_known);
    for (unsigned i = 0; i < path_count; i++)
        if (!paths[i].of_soft_only || !path_has_kernel())
            tests[count++] =
                (struct CMUnitTest){paths[i].name, one_path, NULL, NULL, (void *)(uintptr_t)i};
    int result = ntf_test_run("faults", tests, count, NULL, NULL);
    ntf_child_wait(child);
    return result;
}
