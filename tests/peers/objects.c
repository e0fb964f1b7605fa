/* SPDX-License-Identifier: Apache-2.0 */
/* Every bad input of inputs.h at the ladder: outcome, status and steps, and nothing else: no
 * object, no handle more. */
#include "inputs.h"
#include "ntf_test.h"

#include "base/os/os.h"
#include "kmt/kmt.h"

#include <stdio.h>
#include <string.h>

#define POISON ((struct ntf_object *)(uintptr_t)0x5A5A5A50u)

static struct ntf_kmt *kmt;

static const char *steps_of(const struct ntf_trace *trace)
{
    static char text[512];

    text[0] = '\0';
    for (uint32_t i = 0; i < trace->count; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "|" : "",
                       trace->steps[i].step);
    return text;
}

static void judge(const struct input *input, enum ntf_result result, const struct ntf_trace *trace)
{
    const struct answer *expected = input->answer;
    const uint32_t last = trace->count - 1;

    assert_in_range(trace->count, 1, NTF_TRACE_STEPS);
    if (result != expected->result || strcmp(steps_of(trace), expected->steps) != 0 ||
        trace->steps[last].status != expected->status ||
        !strstr(trace->steps[last].detail, input->detail))
        fail_msg("%s: %s, by %s: 0x%08X %s; expected %s, by %s: 0x%08X %s", input->what,
                 ntf_result_name(result), steps_of(trace), (unsigned)trace->steps[last].status,
                 trace->steps[last].detail, ntf_result_name(expected->result), expected->steps,
                 (unsigned)expected->status, input->detail);
}

/* Fewer handles there may be afterwards: the thread that served the self-test gives its own back in
 * its own time. */
static void attempt(const struct input *input)
{
    struct given given = {0};
    struct ntf_object *object = POISON;
    struct ntf_trace trace;
    enum ntf_result result;
    uint64_t begin;
    size_t handles;

    if (!input->make(&given, input->argument)) {
        printf("%s: not to be had here\n", input->what);
        return;
    }
    ntf_test_watchdog(60);
    handles = ntf_test_open_handles();
    begin = ntf_os_now_ns();
    if (given.handle)
        result = ntf_kmt_open_handle(kmt, given.handle, &object, &trace);
    else
        result = ntf_kmt_open_name(kmt, given.name, &object, &trace);
    if (ntf_os_now_ns() - begin > 500000000)
        printf("%s: %.3f s\n", input->what, (double)(ntf_os_now_ns() - begin) / 1e9);
    judge(input, result, &trace);
    assert_ptr_equal(object, POISON);
    if (given.handle)
        assert_true(inputs_live(given.handle));
    if (input->drop)
        input->drop(&given);
    else
        ntf_test_until_handles(handles);
    if (given.handle)
        inputs_close(given.handle);
}

static void every_input(void **state)
{
    size_t handles = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < inputs_count(); i++)
            attempt(inputs_get(i));
        if (round == 0)
            handles = ntf_test_open_handles();
    }
    ntf_test_until_handles(handles);
}

static int open_kmt(void **state)
{
    const struct ntf_kmt_config config = {.provider = "soft", .d3dkmt = "", .rungs = "auto"};
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];

    (void)state;
    return ntf_kmt_open(&config, &kmt, verdicts) == NTF_OK ? 0 : -1;
}

static int close_kmt(void **state)
{
    (void)state;
    ntf_kmt_close(kmt);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(every_input)};

    (void)argc;
    (void)argv;
    return ntf_test_run("peers-objects", tests, NTF_COUNT(tests), open_kmt, close_kmt);
}
